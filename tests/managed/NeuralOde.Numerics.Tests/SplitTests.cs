namespace NeuralOde.Numerics.Tests;

/// <summary>Dynamics of two parts, and implicit steps of one of them.</summary>
[TestFixture]
public sealed class SplitTests : ScopedTests
{
    [Test]
    public void Implicit_explicit_steps_have_their_order()
    {
        var observed = Math.Log2(Error(32) / Error(64));

        Assert.That(observed, Is.EqualTo(3).Within(0.3));   // error = C h^3 (1 + q h)

        // z' = sin(3 t) z - z (1 + z^2), against itself with steps 64 times shorter
        static double Error(int steps) => Math.Abs(Solve(SolverKind.KenCarp3, steps) - Solve(SolverKind.Dopri8, 256));
    }

    [Test]
    public void Other_solvers_step_the_sum([Values(SolverKind.Rk4, SolverKind.Trbdf2, SolverKind.Alf)] SolverKind solver)
    {
        using var sum = Dynamics.FromFunction((t, z) => ((3 * t).Sin() * z) - (z * (1 + z.Square())));
        using var whole = new OdeSolver(new() { Solver = solver, StepSize = 0.125 }).Solve(sum, Tensor.Scalar(1.5), 0, 1);

        Assert.That(Solve(solver, 8), Is.EqualTo(whole.State.ToDouble()).Within(1e-13));   // rounding of eight steps
    }

    [Test]
    public void Gradients_of_both_parts_are_those_of_backprop(
        [Values(GradientMethod.Aca, GradientMethod.Anode, GradientMethod.Pnode)] GradientMethod gradient, [Values(false, true)] bool adaptive)
    {
        var expected = GradientsOf(GradientMethod.Backprop, adaptive);
        var actual = GradientsOf(gradient, adaptive);

        Gradients.AssertEqual(expected, actual, 1e-9);   // rounding, and equations solved to it in both
    }

    [Test]
    public void Parameters_are_named_by_their_part()
    {
        var (a, b) = (Tensor.Scalar(1.0).WithGrad(), Tensor.Scalar(2.0).WithGrad());
        using var first = Dynamics.FromFunction((_, z) => a * z, [a]);
        using var second = Dynamics.FromFunction((_, z) => b * z, [b]);
        using var f = Dynamics.Split(first, second);

        Assert.That(f.Parameters.Keys, Is.EqualTo(first.Parameters.Keys.Select(name => $"explicit.{name}").Concat(second.Parameters.Keys.Select(name => $"implicit.{name}"))));
    }

    private static double Solve(SolverKind solver, int steps)
    {
        using var first = Dynamics.FromFunction((t, z) => (3 * t).Sin() * z);
        using var second = Dynamics.FromFunction((_, z) => -(z * (1 + z.Square())));
        using var f = Dynamics.Split(first, second);
        using var solution = new OdeSolver(new() { Solver = solver, StepSize = 1.0 / steps }).Solve(f, Tensor.Scalar(1.5), 0, 1);
        return solution.State.ToDouble();
    }

    /// <summary>z' = tanh(z W) b sin t - stiffness z, whose parts have parameters of their own.</summary>
    private static Dictionary<string, double[]> GradientsOf(GradientMethod gradient, bool adaptive)
    {
        Library.ManualSeed(3);
        var (matrix, scale, stiffness) = (Tensor.Randn([3, 3], DType.Float64).WithGrad(), Tensor.Scalar(0.7).WithGrad(), Tensor.FromArray([1.0, 30, 200], 3).WithGrad());
        var (z0, t0, t1) = (Tensor.Randn([2, 3], DType.Float64).WithGrad(), Tensor.Scalar(0.1).WithGrad(), Tensor.Scalar(1.0).WithGrad());
        using var first = Dynamics.FromFunction((t, z) => z.MatMul(matrix).Tanh() * scale * t.Sin(), [matrix, scale]);
        using var second = Dynamics.FromFunction((_, z) => -(stiffness * z), [stiffness]);
        using var f = Dynamics.Split(first, second);
        var options = new SolverOptions
        {
            Solver = SolverKind.KenCarp3, StepSize = adaptive ? null : 0.15, RelativeTolerance = 1e-5, AbsoluteTolerance = 1e-5, Gradient = gradient, NewtonTolerance = 1e-12,
        };
        using var solution = new OdeSolver(options).Solve(f, z0, t0, t1);
        solution.State.Square().Sum().Backward();
        return new()
        {
            ["z0"] = z0.Grad!.ToArray<double>(), ["t0"] = t0.Grad!.ToArray<double>(), ["t1"] = t1.Grad!.ToArray<double>(), ["matrix"] = matrix.Grad!.ToArray<double>(),
            ["scale"] = scale.Grad!.ToArray<double>(), ["stiffness"] = stiffness.Grad!.ToArray<double>(),
        };
    }
}
