using System.Runtime;
using System.Runtime.InteropServices;

namespace TorchSharpTests;

/// <summary>What must not wear the process down: failures, threads, collections, many steps.</summary>
public sealed class EnduranceTests
{
    private static readonly SolverOptions Options = new() { StepSize = 0.25 };

    [Fact]
    public void An_exception_of_the_module_arrives_as_itself()
    {
        using var scope = NewDisposeScope();
        var block = new OdeBlock(new Field(() => throw new TimeZoneNotFoundException("forward")), Options);
        var error = Assert.Throws<TimeZoneNotFoundException>(() => block.forward(Seeds.State()));

        Assert.Equal("forward", error.Message);
        Assert.Contains(nameof(Field), error.StackTrace, StringComparison.Ordinal);
    }

    [Fact]
    public void One_in_backward_too_and_TorchSharps_own_call_names_it()
    {
        using var scope = NewDisposeScope();
        var fails = false;
        var block = new OdeBlock(new Field(() => { if (fails) throw new TimeZoneNotFoundException("backward"); }), Options);
        foreach (var own in new[] { false, true })
        {
            fails = false;
            var loss = block.forward(Seeds.State()).sum();
            fails = true;
            if (own) Assert.Equal("backward", Assert.Throws<TimeZoneNotFoundException>(loss.BackwardRethrowing).Message);
            else Assert.Contains("TimeZoneNotFoundException: backward", Assert.Throws<ExternalException>(() => loss.backward()).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Failing_backwards_are_survived_20000_times()
    {
        var fails = false;
        using var block = new OdeBlock(new Field(() => { if (fails) throw new InvalidDataException("no"); }), Options with { StepSize = 1 });
        var before = Counts();
        for (var i = 0; i < 20_000; i++)
        {
            using var scope = NewDisposeScope();
            fails = false;
            var loss = block.forward(Seeds.State()).sum();
            fails = true;
            Assert.Throws<ExternalException>(() => loss.backward());
        }

        fails = false;
        using (NewDisposeScope()) block.forward(Seeds.State()).sum().backward();   // and it works after
        AssertCounts(before);
    }

    [Fact]
    public void No_handle_leaks_over_100000_steps()
    {
        using var block = new OdeBlock(new Field(), Options with { StepSize = 0.005 });
        void Train()
        {
            using var scope = NewDisposeScope();
            block.forward(Seeds.State()).sum().backward();
        }

        Train();   // gradients exist from here on
        var before = Counts();
        var memory = Resident();
        for (var i = 0; i < 500; i++) Train();   // 200 steps each

        AssertCounts(before);
        Assert.True(Resident() - memory < 64 << 20, $"{(Resident() - memory) >> 20} MiB more");   // 880 bytes a VJP would be 84 MiB
    }

    [Fact]
    public async Task Two_threads_each_with_a_block()
    {
        static double[] Run()
        {
            using var scope = NewDisposeScope();
            var f = new Field();
            var block = new OdeBlock(f, Options);
            var results = new double[50];
            for (var i = 0; i < results.Length; i++)
            {
                using var inner = NewDisposeScope();
                block.forward(Seeds.State(i)).sum().backward();
                results[i] = Gradients.Of(f.parameters().First()).sum().item<double>();   // adds up
            }

            return results;
        }

        var alone = Run();
        var together = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Factory.StartNew(Run, TaskCreationOptions.LongRunning)));

        Assert.All(together, results => Assert.Equal(alone, results));
    }

    [Fact]
    public async Task Two_threads_with_one_block_get_their_own_results()
    {
        using var block = new OdeBlock(new Field(), Options);
        block.eval();
        double Last(int salt)
        {
            using var scope = NewDisposeScope();
            using var guard = no_grad();
            return block.forward(Seeds.State(salt, requiresGrad: false)).sum().item<double>();
        }

        var expected = new[] { Last(0), Last(1) };
        var wrong = await Task.WhenAll(Enumerable.Range(0, 2).Select(salt => Task.Factory.StartNew(
            () => Enumerable.Range(0, 2000).Count(_ => Last(salt) != expected[salt]), TaskCreationOptions.LongRunning)));

        Assert.Equal([0, 0], wrong);
    }

    [Fact]
    public void Compacting_collections_inside_the_module_are_survived()
    {
        using var scope = NewDisposeScope();
        static void Collect()
        {
            GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
            GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        var (quiet, loud) = (new Field(), new Field(Collect));
        var expected = new OdeBlock(quiet, Options).forward(Seeds.State());
        var actual = new OdeBlock(loud, Options).forward(Seeds.State());
        expected.sum().backward();
        actual.sum().backward();

        Assert.True(allclose(expected, actual, 0, 0));
        foreach (var (first, second) in quiet.parameters().Zip(loud.parameters())) Assert.True(allclose(Gradients.Of(first), Gradients.Of(second), 0, 0));
    }

    [Fact]
    public void A_block_that_nobody_disposes_is_collected_with_its_dynamics()
    {
        static void Use()
        {
            using var scope = NewDisposeScope();
            new OdeBlock(new Field(), Options).forward(Seeds.State()).sum().backward();
        }

        Use();
        Settle();
        var before = Library.LiveObjects;
        for (var i = 0; i < 20; i++) Use();
        Settle();

        Assert.True(Library.LiveObjects.Others <= before.Others + 2, $"{before} became {Library.LiveObjects}");
    }

    private static (long Ours, long Others, long Theirs) Counts()
    {
        Settle();
        return (Library.LiveObjects.Tensors, Library.LiveObjects.Others, Tensor.TotalCount);
    }

    private static void AssertCounts((long Ours, long Others, long Theirs) before)
    {
        var after = Counts();
        Assert.True(after.Ours <= before.Ours + 8 && after.Others <= before.Others + 2 && after.Theirs <= before.Theirs + 8, $"{before} became {after}");
    }

    private static void Settle()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    private static long Resident()
    {
        Settle();
        return Environment.WorkingSet;
    }
}
