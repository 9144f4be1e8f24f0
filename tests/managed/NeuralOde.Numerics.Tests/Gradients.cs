namespace NeuralOde.Numerics.Tests;

/// <summary>Everything that a backward through one solve gives, by name.</summary>
internal static class Gradients
{
    /// <summary>Solves with a random cotangent of the states, and differentiates by everything there is.</summary>
    public static Dictionary<string, double[]> Of(string problem, SolverOptions options, double start, double end, double[]? times = null)
    {
        using var problemInstance = Problem.Create(problem);
        var t0 = Tensor.Scalar(start).WithGrad();
        var t1 = Tensor.Scalar(end).WithGrad();
        var tEval = times is null ? null : Tensor.FromArray<double>(times).WithGrad();
        using var solution = new OdeSolver(options).Solve(problemInstance.Dynamics, problemInstance.State, t0, t1, tEval);
        Library.ManualSeed(77);
        var loss = solution.States.Select(state => (state * Tensor.Randn(state.Shape.ToArray(), DType.Float64)).Sum()).Aggregate((a, b) => a + b);
        loss.Backward();

        var result = new Dictionary<string, double[]> { ["loss"] = [loss.ToDouble()], ["t0"] = Grad(t0), ["t1"] = Grad(t1) };
        if (tEval is not null) result["t_eval"] = Grad(tEval);
        for (var i = 0; i < problemInstance.State.Count; i++) result[$"z{i}"] = Grad(problemInstance.State[i]);
        for (var i = 0; i < problemInstance.Parameters.Count; i++) result[$"parameter {i}"] = Grad(problemInstance.Parameters[i]);
        return result;
    }

    /// <summary>The loss of <see cref="Of"/> without gradients.</summary>
    public static double Loss(string problem, SolverOptions options, double start, double end, double[]? times = null)
    {
        using var scope = new TensorScope();
        using var problemInstance = Problem.Create(problem);
        var solver = new OdeSolver(options with { Gradient = GradientMethod.None });
        using var solution = solver.Solve(problemInstance.Dynamics, problemInstance.State, start, end, times);
        Library.ManualSeed(77);
        return solution.States.Sum(state => (state * Tensor.Randn(state.Shape.ToArray(), DType.Float64)).Sum().ToDouble());
    }

    /// <summary>The largest difference of each entry, relative to the larger of 1 and the entry's greatest absolute value.</summary>
    public static void AssertEqual(Dictionary<string, double[]> expected, Dictionary<string, double[]> actual, double tolerance)
    {
        Assert.Multiple(() =>
        {
            foreach (var (name, values) in expected)
            {
                var scale = Math.Max(1, values.Max(Math.Abs));
                var difference = values.Zip(actual[name], (a, b) => Math.Abs(a - b)).Max();
                Assert.That(difference / scale, Is.LessThanOrEqualTo(tolerance), name);
            }
        });
    }

    private static double[] Grad(Tensor leaf) => leaf.Grad?.ToArray<double>() ?? new double[leaf.ElementCount];
}
