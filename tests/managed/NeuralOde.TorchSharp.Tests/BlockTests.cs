using static TorchSharp.torch.nn;

namespace TorchSharpTests;

/// <summary>A block as a TorchSharp user expects a module to be.</summary>
public sealed class BlockTests
{
    private static readonly SolverOptions Options = new() { StepSize = 0.25 };

    [Fact]
    public void A_tensor_is_the_same_on_both_sides()
    {
        using var ours = zeros(2, 3, ScalarType.Float32).ToNeuralOde();
        using var theirs = ours.ToTorchSharp();
        theirs[1, 2] = 7f;

        Assert.Equal([0, 0, 0, 0, 0, 7], ours.ToArray<float>());
    }

    [Fact]
    public void A_graph_goes_on_across_the_border()
    {
        using var x = ones(3, ScalarType.Float64).requires_grad_();
        using var middle = (x * 2).ToNeuralOde();
        using var square = middle * middle;
        square.ToTorchSharp().sum().backward();

        Assert.Equal([8, 8, 8], Gradients.Of(x).data<double>().ToArray());   // d(4 x^2)/dx
    }

    [Fact]
    public void Each_side_disposes_its_own()
    {
        var theirs = ones(2);
        var ours = theirs.ToNeuralOde();
        theirs.Dispose();
        Assert.Equal([1, 1], ours.ToArray<float>());
        var again = ours.ToTorchSharp();
        ours.Dispose();
        Assert.Equal(2, again.sum().item<float>());
        again.Dispose();
    }

    [Fact]
    public void Parameters_and_state_dict_are_the_modules_under_f()
    {
        using var scope = NewDisposeScope();
        var block = new OdeBlock(new Field(), Options);
        var other = new OdeBlock(new Field(), Options);
        using (no_grad()) other.parameters().First().fill_(9);

        other.load_state_dict(block.state_dict());

        Assert.Equal(["f.first.weight", "f.first.bias", "f.second.weight", "f.second.bias"], block.state_dict().Keys);
        Assert.Equal(4, block.parameters().Count());
        var z = Seeds.State();
        Assert.True(allclose(block.forward(z), other.forward(z)));
    }

    [Fact]
    public void Within_a_model_it_trains()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var model = Sequential(("ode", new OdeBlock(new Field(), Options)), ("head", Linear(3, 1))).to(ScalarType.Float64);
        var optimizer = optim.Adam(model.parameters(), 0.05);
        var (x, y) = (rand(32, 3, ScalarType.Float64), rand(32, 1, ScalarType.Float64));
        double Step()
        {
            using var inner = NewDisposeScope();
            optimizer.zero_grad();
            var loss = functional.mse_loss(model.call(x), y);
            loss.backward();
            optimizer.step();
            return loss.item<double>();
        }

        var first = Step();
        var last = Enumerable.Range(0, 60).Select(_ => Step()).Last();

        Assert.True(last < first / 2, $"the loss went from {first} to {last}");
    }

    [Fact]
    public void After_to_the_new_parameters_are_used()
    {
        using var scope = NewDisposeScope();
        var block = new OdeBlock(new Field(), Options);
        var z = Seeds.State(requiresGrad: false);
        var before = block.forward(z);

        block.to(ScalarType.Float32);
        var after = block.forward(z.to(ScalarType.Float32));
        after.sum().backward();

        Assert.Equal(ScalarType.Float32, after.dtype);
        Assert.True(allclose(before.to(ScalarType.Float32), after, 1e-5, 1e-5));
        Assert.All(block.parameters(), parameter => Assert.Equal(ScalarType.Float32, Gradients.Of(parameter).dtype));
    }

    [Fact]
    public void Optimizer_steps_are_seen()
    {
        using var scope = NewDisposeScope();
        var block = new OdeBlock(new Field(), Options);
        var z = Seeds.State(requiresGrad: false);
        var before = block.forward(z).detach();
        using (no_grad())
        {
            foreach (var parameter in block.parameters()) parameter.mul_(0);
        }

        Assert.False(allclose(before, z));
        Assert.True(allclose(block.forward(z), z));   // f = 0
    }

    [Fact]
    public void Train_and_eval_reach_the_module()
    {
        using var scope = NewDisposeScope();
        var f = new NetworkField();
        var block = new OdeBlock(f, Options);
        var z = rand(2, 4, 5, 5, ScalarType.Float64);
        block.eval();
        var first = block.forward(z);
        Assert.False(f.training);
        Assert.True(allclose(first, block.forward(z), 0, 0));   // no dropout, running statistics
        Assert.Equal(0, f.state_dict()["norm.num_batches_tracked"].to(ScalarType.Int64).item<long>());   // TorchSharp's to() makes it a double
        block.train();
        Assert.False(allclose(first, block.forward(z)));
    }

    [Fact]
    public void Without_grad_mode_nothing_is_recorded()
    {
        using var scope = NewDisposeScope();
        var block = new OdeBlock(new Field(), Options);
        using var guard = no_grad();

        Assert.False(block.forward(Seeds.State(requiresGrad: false)).requires_grad);
        Assert.Equal(0, block.LastStatistics.Snapshots);
    }

    [Fact]
    public void Statistics_are_there()
    {
        using var scope = NewDisposeScope();
        var block = new OdeBlock(new Field(), Options);
        Assert.Equal(0, block.LastStatistics.NfeForward);
        block.forward(Seeds.State()).sum().backward();

        Assert.Equal(5, block.LastStatistics.NfeForward);    // f(t0, z0) and 4 steps
        Assert.Equal(5, block.LastStatistics.NfeBackward);
        Assert.Equal(Status.Ok, block.LastStatus);
        Assert.Equal("", block.LastMessage);
    }

    [Theory]
    [InlineData(FailureMode.Exception)]
    [InlineData(FailureMode.Value)]
    public void A_failed_forward_is_told_afterwards_too(FailureMode mode)
    {
        using var scope = NewDisposeScope();
        var block = new OdeBlock(new Field(), Options with { MaxSteps = 2, Failure = mode });
        var error = Assert.Throws<NeuralOdeException>(() => block.forward(Seeds.State()));

        Assert.Equal(Status.StepLimit, error.Status);
        Assert.Equal(Status.StepLimit, block.LastStatus);
        Assert.Equal(error.Message, block.LastMessage);
    }

    [Fact]
    public void What_forward_gives_belongs_to_the_callers_scope()
    {
        var block = new OdeBlock(new Field(), Options);
        Tensor inside;
        using (NewDisposeScope()) inside = block.forward(Seeds.State());
        Assert.True(inside.IsInvalid);
        using var outside = block.forward(Seeds.State());
        Assert.False(outside.IsInvalid);
        block.Dispose();
    }

    [Fact]
    public void Wrong_values_are_named()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new OdeBlock(new Field(), new() { Eta = 0.5 }));
        Assert.Equal("t1", Assert.Throws<ArgumentOutOfRangeException>(() => new OdeBlock(new Field(), Options, 0, double.NaN)).ParamName);
        using var block = new OdeBlock(new Field(), Options);
        Assert.Throws<ArgumentNullException>(() => block.forward(null!));
        var error = Assert.Throws<NeuralOdeException>(() => block.forward(ones(2, 3, ScalarType.Int64)));
        Assert.Contains("z0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_module_that_returns_null_or_another_shape_is_told()
    {
        using var scope = NewDisposeScope();
        var nothing = new OdeBlock(new Other(_ => null!), Options);
        Assert.Contains("null", Assert.Throws<InvalidOperationException>(() => nothing.forward(Seeds.State())).Message, StringComparison.Ordinal);
        var narrow = new OdeBlock(new Other(z => z.sum()), Options);
        Assert.Throws<NeuralOdeException>(() => narrow.forward(Seeds.State()));
    }

    [Fact]
    public void Versions_are_compared_by_major_and_minor()
    {
        Assert.Null(TorchLibrary.Compare("1.13.0.1", "1.13.1"));
        Assert.Null(TorchLibrary.Compare("2.10.0", "2.10.0+cu128"));
        var message = TorchLibrary.Compare("2.1.0", "2.10.1");
        Assert.Contains("2.1.0", message, StringComparison.Ordinal);
        Assert.Contains("2.10.1", message, StringComparison.Ordinal);
    }

    private sealed class Other(Func<Tensor, Tensor> f) : Module<Tensor, Tensor>(nameof(Other))
    {
        public override Tensor forward(Tensor z) => f(z);
    }
}
