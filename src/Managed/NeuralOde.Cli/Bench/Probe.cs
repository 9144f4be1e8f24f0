namespace NeuralOde.Cli.Bench;

/// <summary>One solve of <see cref="BenchDynamics"/> from t = 0 and, where it succeeds, its reverse sweep.</summary>
/// <param name="Status">Ok, or why a sweep failed.</param>
/// <param name="State">z(t1), as far as the solve came.</param>
/// <param name="Gradient">dL/dz0 and dL/dtheta one after the other, for L = &lt;cotangent, z(t1)&gt;; empty where the forward sweep failed.</param>
/// <param name="PeakBytes">Most bytes of tensors alive above those alive before.</param>
internal sealed record Probe(Status Status, double[] State, double[] Gradient, SolverStatistics Statistics, long PeakBytes)
{
    /// <summary>Solves in <paramref name="type"/>, with f in bfloat16 where libtorch deems it safe if <paramref name="autocast"/>.</summary>
    public static Probe Run(BenchDynamics subject, DType type, double t1, SolverOptions options, bool autocast = false)
    {
        using var scope = new TensorScope();
        var z0 = Leaf(subject.Z0, type);
        Tensor[] theta = [.. subject.Parameters.Select(parameter => Leaf(parameter, type))];
        var cotangent = subject.Cotangent.To(type);
        using var f = Dynamics.FromFunction((t, z) => subject.F(t, z, theta), theta);
        var before = TensorMemory.LiveBytes;
        TensorMemory.ResetPeak();
        using var solution = Solve(f, z0, t1, options with { Failure = FailureMode.Value }, autocast);
        if (solution.Status != Status.Ok) return new(solution.Status, Values(solution.State), [], solution.Statistics, TensorMemory.PeakBytes - before);
        try
        {
            var gradients = Autograd.Grad([solution.State], [z0, .. theta], [cotangent]);
            var peak = TensorMemory.PeakBytes - before;
            return new(solution.Status, Values(solution.State), [.. gradients.SelectMany(gradient => Values(gradient!))], solution.Statistics, peak);
        }
        catch (NeuralOdeException e) when (e.Status is Status.NonFinite or Status.LatticeOverflow)
        {
            return new(e.Status, Values(solution.State), [], solution.Statistics, TensorMemory.PeakBytes - before);
        }
    }

    /// <summary>|actual - expected| / |expected|, 2-norms; NaN where one of them is missing or the expected one is not finite.</summary>
    public static double Error(double[] actual, double[] expected)
    {
        if (actual.Length != expected.Length || actual.Length == 0) return double.NaN;
        var distance = Norm([.. actual.Zip(expected, (a, b) => a - b)]);
        return double.IsNaN(distance) && expected.All(double.IsFinite) ? double.PositiveInfinity : distance / Norm(expected);
    }

    private static Solution Solve(Dynamics f, Tensor z0, double t1, SolverOptions options, bool autocast)
    {
        if (!autocast) return new OdeSolver(options).Solve(f, z0, 0, t1);
        using var lower = Autograd.Autocast();
        return new OdeSolver(options).Solve(f, z0, 0, t1);
    }

    /// <summary>The 2-norm, of numbers of any size.</summary>
    private static double Norm(double[] values)
    {
        var scale = values.Max(Math.Abs);
        return scale == 0 || !double.IsFinite(scale) ? scale : scale * Math.Sqrt(values.Sum(value => value / scale * (value / scale)));
    }

    private static Tensor Leaf(Tensor tensor, DType type) => tensor.To(type).Clone().WithGrad();

    private static double[] Values(Tensor tensor) => tensor.Detach().To(DType.Float64).Contiguous().ToArray<double>();
}
