using System.Runtime;

namespace NeuralOde.Tests.Solving;

public sealed class GarbageCollectionTests
{
    [Fact]
    public void Callbacks_survive_compacting_collections_while_a_solve_runs()
    {
        using var scope = new TensorScope();
        var weight = Tensor.Scalar(-0.5).WithGrad();
        var z0 = Tensor.FromArray<double>([1, 2, 3]).WithGrad();
        using var f = Dynamics.FromFunction((_, z) => CollectAnd(z) * weight, [weight]);
        using var solution = new OdeSolver(new() { StepSize = 0.125 }).Solve(f, z0, 0, 1);

        solution.State.Sum().Backward();

        Assert.Equal(9, solution.Statistics.NfeForward);
        Assert.Equal(Math.Exp(-0.5), solution.State.ToArray<double>()[0], 1e-3);   // order 2 at h = 1/8
        Assert.Equal(6 * Math.Exp(-0.5), weight.Grad!.ToDouble(), 1e-2);
    }

    [Fact]
    public void Collections_on_another_thread_do_not_disturb_a_solve()
    {
        using var scope = new TensorScope();
        using var stop = new CancellationTokenSource();
        var collector = new Thread(() =>
        {
            while (!stop.IsCancellationRequested) Compact();
        });
        collector.Start();
        try
        {
            var weight = Tensor.FromArray<double>([0.1, 0.2, 0.3, 0.4], 2, 2).WithGrad();
            using var f = Dynamics.FromFunction((_, z) => z.MatMul(weight).Tanh(), [weight]);
            var solver = new OdeSolver(new() { StepSize = 0.05 });
            var results = new HashSet<double>();
            for (var i = 0; i < 20; i++)
            {
                weight.Grad = null;
                using var solution = solver.Solve(f, Tensor.Ones([8, 2], DType.Float64), 0, 1);
                solution.State.Sum().Backward();
                results.Add(weight.Grad!.Sum().ToDouble());
            }

            Assert.Single(results);
        }
        finally
        {
            stop.Cancel();
            collector.Join();
        }
    }

    [Fact]
    public void Dynamics_forgotten_before_the_backward_still_serve_it()
    {
        using var scope = new TensorScope();
        var z0 = Tensor.Scalar(1.0).WithGrad();
        var state = SolveWithDynamicsOfItsOwn(z0);
        Compact();
        GC.WaitForPendingFinalizers();

        state.Backward();

        Assert.Equal(Math.Exp(-1), z0.Grad!.ToDouble(), 1e-2);   // order 2 at h = 1/8
    }

    private static Tensor SolveWithDynamicsOfItsOwn(Tensor z0)
    {
        var f = Dynamics.FromFunction((_, z) => -z);   // left to its finalizer on purpose
        using var solution = new OdeSolver(new() { StepSize = 0.125 }).Solve(f, z0, 0, 1);
        return solution.ShareState();
    }

    private static Tensor CollectAnd(Tensor z)
    {
        Compact();
        return z;
    }

    private static void Compact()
    {
        _ = Enumerable.Range(0, 100).Select(i => new byte[i]).Last();   // something to move over
        GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
        GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
    }
}
