using static TorchSharp.torch.nn;

namespace TorchSharpTests;

/// <summary>Values and gradients of blocks against loops in TorchSharp alone, float64.</summary>
public sealed class GradientTests
{
    private const double Rounding = 1e-12;   // float64, a few dozen operations on values of order 1
    private static readonly SolverOptions AlfOptions = new() { StepSize = 0.125 };

    [Theory]
    [InlineData(GradientMethod.Mali)]
    [InlineData(GradientMethod.Backprop)]
    [InlineData(GradientMethod.Aca)]
    [InlineData(GradientMethod.Anode)]
    [InlineData(GradientMethod.Pnode)]
    public void Every_gradient_method_gives_the_loops_gradients(GradientMethod gradient)
    {
        using var scope = NewDisposeScope();
        var f = new TimedField();
        var block = new OdeBlock(f, AlfOptions with { Gradient = gradient }, 0.5, 1.5);

        AssertSame(f, block.forward, z => Loops.Alf((t, state) => f.call(tensor(t, ScalarType.Float64), state), z, 0.5, 1.5, 8));
    }

    [Theory]
    [InlineData(GradientMethod.Pnode)]
    [InlineData(GradientMethod.Backprop)]
    [InlineData(GradientMethod.Anode)]
    public void Runge_Kutta_too(GradientMethod gradient)
    {
        using var scope = NewDisposeScope();
        var f = new Field();
        var block = new OdeBlock(f, new() { Solver = SolverKind.Rk4, Gradient = gradient, StepSize = 0.25 });

        AssertSame(f, block.forward, z => Loops.RungeKutta((_, state) => [f.call(state[0])], [z], 0, 1, 4)[0]);
    }

    [Fact]
    public void Reversible_and_implicit_solvers_agree_with_backprop_through_themselves()
    {
        using var scope = NewDisposeScope();
        var f = new Field();
        foreach (var (options, gradient) in new[]
        {
            (new SolverOptions { Solver = SolverKind.Tsit5, StepSize = 0.25, Coupling = 0.999 }, GradientMethod.Reversible),
            (new SolverOptions { Solver = SolverKind.ReversibleHeun, StepSize = 0.25 }, GradientMethod.Reversible),
            (new SolverOptions { Solver = SolverKind.BackwardEuler, StepSize = 0.25 }, GradientMethod.Pnode),
        })
        {
            var block = new OdeBlock(f, options with { Gradient = gradient });
            var reference = gradient == GradientMethod.Pnode
                ? new OdeBlock(f, options with { NewtonTolerance = 1e-13, Gradient = GradientMethod.Backprop })
                : new OdeBlock(f, options with { Gradient = GradientMethod.Backprop });
            AssertSame(f, block.forward, reference.forward, gradient == GradientMethod.Pnode ? 1e-6 : 1e-9);
        }
    }

    [Fact]
    public void Backward_in_time()
    {
        using var scope = NewDisposeScope();
        var f = new TimedField();
        var block = new OdeBlock(f, AlfOptions, 1, -1);

        AssertSame(f, block.forward, z => Loops.Alf((t, state) => f.call(tensor(t, ScalarType.Float64), state), z, 1, -1, 16));
    }

    [Fact]
    public void Tuples()
    {
        using var scope = NewDisposeScope();
        var f = new TupleField();
        var block = new OdeTupleBlock(f, new() { Solver = SolverKind.Rk4, Gradient = GradientMethod.Pnode, StepSize = 0.25 });
        var pair = new OdeTupleBlock(new PairField(), new() { Solver = SolverKind.Rk4, Gradient = GradientMethod.Pnode, StepSize = 0.25 });
        static Func<Tensor, Tensor> Joined(Func<Tensor[], Tensor[]> solve) => z =>
        {
            var states = solve([z, z * 2]);
            return states[0] - (states[1] * 3);
        };

        var loop = Joined(z => Loops.RungeKutta((t, states) => f.call(tensor(t, ScalarType.Float64), states), z, 0, 1, 4));
        AssertSame(f, Joined(block.forward), loop);
        Assert.True(allclose(Joined(block.forward)(Seeds.State()), Joined(pair.forward)(Seeds.State()), 0, Rounding));
    }

    [Fact]
    public void A_network_with_batch_norm_changes_its_statistics_in_the_forward_sweep_alone()
    {
        using var scope = NewDisposeScope();
        var (f, same) = (new NetworkField(dropout: 0), new NetworkField(dropout: 0));
        same.load_state_dict(f.state_dict());
        var z = rand(3, 4, 5, 5, ScalarType.Float64);

        var expected = Results(f, state => Loops.Alf((_, k) => f.call(k), state, 0, 1, 4), z);
        var actual = Results(same, new OdeBlock(same, AlfOptions with { StepSize = 0.25 }).forward, z);

        AssertClose(expected, actual, 1e-10);
        Assert.True(allclose(f.state_dict()["norm.running_mean"], same.state_dict()["norm.running_mean"], 0, Rounding));
        Assert.Equal(5, same.state_dict()["norm.num_batches_tracked"].to(ScalarType.Int64).item<long>());   // 4 steps and f(t0, z0)
    }

    [Fact]
    public void Dropout_repeats_its_masks_in_the_reverse_sweep()
    {
        using var scope = NewDisposeScope();
        var f = new NetworkField(dropout: 0.3);
        var z = rand(3, 4, 5, 5, ScalarType.Float64);
        Dictionary<string, Tensor> With(GradientMethod gradient)
        {
            manual_seed(4);
            return Results(f, new OdeBlock(f, AlfOptions with { StepSize = 0.25, Gradient = gradient }).forward, z);
        }

        AssertClose(With(GradientMethod.Aca), With(GradientMethod.Mali), 1e-10);   // backprop draws one mask after the other, and never again
    }

    [Fact]
    public void Frozen_parameters_get_none_and_tied_ones_are_counted_once()
    {
        using var scope = NewDisposeScope();
        var f = new Tied();
        var block = new OdeBlock(f, AlfOptions);

        AssertSame(f, block.forward, z => Loops.Alf((_, state) => f.call(state), z, 0, 1, 8));
        foreach (var parameter in f.parameters()) parameter.requires_grad = false;
        var end = block.forward(Seeds.State(requiresGrad: false));
        Assert.False(end.requires_grad);
    }

    [Fact]
    public void Trajectories_and_gradients_of_times_through_the_solver()
    {
        using var scope = NewDisposeScope();
        using var dynamics = new TimedField().ToDynamics();
        var end = tensor(1.0, ScalarType.Float64).requires_grad_();
        var solver = new OdeSolver(new() { Solver = SolverKind.Dopri5, Gradient = GradientMethod.Pnode, RelativeTolerance = 1e-10, AbsoluteTolerance = 1e-12 });
        using var z0 = Seeds.State().ToNeuralOde();
        using var t0 = tensor(0.0, ScalarType.Float64).ToNeuralOde();
        using var t1 = end.ToNeuralOde();
        using var times = tensor(new[] { 0.5, 1.0 }).ToNeuralOde();

        using var trajectory = solver.Solve(dynamics, z0, t0, t1, times);
        using var solution = solver.Solve(dynamics, z0, t0, t1);
        var last = solution.State.ToTorchSharp();
        last.sum().backward();

        Assert.Equal([2, 2, 3], trajectory.State.ToTorchSharp().shape);
        Assert.True(allclose(trajectory.State.ToTorchSharp()[1], last, 0, 1e-9));
        var velocity = new TimedField().call(tensor(1.0, ScalarType.Float64), last.detach()).sum();   // dz(t1)/dt1 = f(t1, z(t1))
        Assert.Equal(velocity.item<double>(), Grad(end).item<double>(), 1e-7);
    }

    private static void AssertSame(Module f, Func<Tensor, Tensor> solve, Func<Tensor, Tensor> loop, double tolerance = 1e-11) =>
        AssertClose(Results(f, loop, Seeds.State(requiresGrad: false)), Results(f, solve, Seeds.State(requiresGrad: false)), tolerance);

    private static void AssertClose(Dictionary<string, Tensor> expected, Dictionary<string, Tensor> actual, double tolerance)
    {
        Assert.Equal(expected.Keys, actual.Keys);
        foreach (var (name, value) in expected)
        {
            var error = (value - actual[name]).abs().max().item<double>();
            Assert.True(error <= tolerance * (1 + value.abs().max().item<double>()), $"{name}: differs by {error}");
        }
    }

    /// <summary>z1 and the gradients of sum(z1 * weights) by name.</summary>
    private static Dictionary<string, Tensor> Results(Module f, Func<Tensor, Tensor> solve, Tensor state)
    {
        optim.SGD(f.parameters(), 0).zero_grad();   // Module.zero_grad leaves submodules out in older TorchSharps
        var z = state.detach().clone().requires_grad_();
        var end = solve(z);
        var weights = (arange(end.numel(), ScalarType.Float64) * 0.9).sin().reshape(end.shape);
        (end * weights).sum().backward();
        var results = new Dictionary<string, Tensor> { ["z1"] = end.detach(), ["z0"] = Grad(z).clone() };
        foreach (var (name, parameter) in f.named_parameters())
        {
            if (parameter.requires_grad) results[name] = Grad(parameter).clone();
        }

        return results;
    }

    private static Tensor Grad(Tensor tensor) => Gradients.Of(tensor);

    /// <summary>tanh(W z) W with one W behind two names.</summary>
    private sealed class Tied : Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.Parameter weight = Parameter(zeros(3, 3, ScalarType.Float64));

        public Tied() : base(nameof(Tied))
        {
            register_parameter("weight", weight);
            register_parameter("again", weight);
            Seeds.Fill(this);
        }

        public override Tensor forward(Tensor z) => z.matmul(weight).tanh().matmul(weight);
    }
}
