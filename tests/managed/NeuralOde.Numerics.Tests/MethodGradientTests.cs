namespace NeuralOde.Numerics.Tests;

/// <summary>Gradients of aca, anode and pnode are those of backpropagation through the same steps, to rounding, with every solver.</summary>
[TestFixture]
public sealed class MethodGradientTests : ScopedTests
{
    // Nothing is reconstructed: rounding of 1e-16 adds up over some hundred evaluations, and adaptive steps differ by rounding between the methods.
    private const double Tolerance = 1e-9;

    /// <summary>A method, with pnode's checkpoints after a colon.</summary>
    public static readonly string[] Methods = ["Aca", "Anode", "Pnode", "Pnode:1", "Pnode:3"];

    [Test]
    [Combinatorial]
    public void Fixed_steps(
        [ValueSource(typeof(Solvers), nameof(Solvers.All))] SolverKind solver,
        [ValueSource(nameof(Methods))] string method,
        [Values("mlp", "pair")] string problem,
        [Values(0.125, 0.15)] double stepSize,   // divides the interval, does not
        [Values(false, true)] bool backwardInTime)
    {
        var (start, end) = backwardInTime ? (1.1, 0.1) : (0.1, 1.1);
        AssertIsBackprop(problem, method, new() { Solver = solver, StepSize = stepSize }, start, end);
    }

    [Test]
    [Combinatorial]
    public void Fixed_steps_with_times_asked_for(
        [ValueSource(typeof(Solvers), nameof(Solvers.All))] SolverKind solver,
        [ValueSource(nameof(Methods))] string method,
        [Values("mlp", "pair")] string problem,
        [Values(false, true)] bool backwardInTime,
        [Values("inside", "to the end", "from the start")] string times)
    {
        double[] asked = times switch { "inside" => [0.2, 0.55, 0.7], "to the end" => [0.3, 1], _ => [0, 0.4] };
        var (start, end) = backwardInTime ? (1.0, 0.0) : (0.0, 1.0);
        if (backwardInTime) asked = [.. asked.Select(time => 1 - time)];
        AssertIsBackprop(problem, method, new() { Solver = solver, StepSize = 0.15 }, start, end, asked);
    }

    [Test]
    [Combinatorial]
    public void Adaptive_steps(
        [ValueSource(typeof(Solvers), nameof(Solvers.Adaptive))] SolverKind solver,
        [ValueSource(nameof(Methods))] string method,
        [Values("mlp", "pair")] string problem,
        [Values(false, true)] bool backwardInTime,
        [Values(false, true)] bool timesAskedFor)
    {
        var tolerance = Math.Pow(10, -Solvers.Of(solver).Order - 1);   // some steps of every solver, and no more
        var (start, end) = backwardInTime ? (1.0, 0.0) : (0.0, 1.0);
        double[]? times = !timesAskedFor ? null : backwardInTime ? [0.75, 0.5, 0.2, 0] : [0.25, 0.5, 0.8, 1];
        double? equations = solver.IsImplicit() ? 1e-8 : null;   // backprop is through their exact solution
        AssertIsBackprop(
            problem, method, new() { Solver = solver, RelativeTolerance = tolerance, AbsoluteTolerance = tolerance, NewtonTolerance = equations }, start, end, times);
    }

    [Test]
    [Combinatorial]
    public void Damped_steps_of_alf([ValueSource(nameof(Methods))] string method, [Values(0.9, 0.3)] double eta) =>
        AssertIsBackprop("mlp", method, new() { StepSize = 0.15, Eta = eta }, 0, 1, [0.2, 0.55, 0.7]);

    [Test]
    [Combinatorial]
    public void One_step_and_no_step(
        [ValueSource(typeof(Solvers), nameof(Solvers.All))] SolverKind solver, [ValueSource(nameof(Methods))] string method, [Values(0.05, 0.0)] double length) =>
        AssertIsBackprop("pair", method, new() { Solver = solver, StepSize = 0.1 }, 0.3, 0.3 + length);

    [Test]
    public void Controllers_change_the_steps_and_no_gradient_of_them([Values] StepSizeController controller, [ValueSource(nameof(Methods))] string method) =>
        AssertIsBackprop("mlp", method, new() { Solver = SolverKind.Bosh3, Controller = controller, RelativeTolerance = 1e-5, AbsoluteTolerance = 1e-5 }, 0, 1);

    [Test]
    public void Gradients_add_up_over_two_blocks_that_share_parameters([ValueSource(nameof(Methods))] string method)
    {
        var expected = TwoBlocks(new() { Gradient = GradientMethod.Backprop });
        var actual = TwoBlocks(With(method, new()));

        Gradients.AssertEqual(expected, actual, Tolerance);

        static Dictionary<string, double[]> TwoBlocks(SolverOptions gradient)
        {
            using var problem = Problem.Create("mlp");
            var options = gradient with { Solver = SolverKind.Rk4, StepSize = 0.15 };
            using var first = new OdeBlock(problem.Dynamics, options);
            using var second = new OdeBlock(problem.Dynamics, options, 0.5, 1.25);
            second.Forward(first.Forward(problem.State[0]).Relu()).Square().Sum().Backward();
            var result = new Dictionary<string, double[]> { ["z0"] = problem.State[0].Grad!.ToArray<double>() };
            for (var i = 0; i < problem.Parameters.Count; i++) result[$"parameter {i}"] = problem.Parameters[i].Grad!.ToArray<double>();
            return result;
        }
    }

    /// <summary>The options with a method of <see cref="Methods"/>.</summary>
    internal static SolverOptions With(string method, SolverOptions options)
    {
        var parts = method.Split(':');
        return options with { Gradient = Enum.Parse<GradientMethod>(parts[0]), Checkpoints = parts.Length > 1 ? int.Parse(parts[1]) : null };
    }

    private static void AssertIsBackprop(string problem, string method, SolverOptions options, double start, double end, double[]? times = null)
    {
        var expected = Gradients.Of(problem, options with { Gradient = GradientMethod.Backprop }, start, end, times);
        var actual = Gradients.Of(problem, With(method, options), start, end, times);

        Gradients.AssertEqual(expected, actual, Tolerance);
    }
}
