namespace NeuralOde.Cli.Bench;

/// <summary>What is measured: T = 1 in 2, 4, 8, ... steps.</summary>
internal sealed record AdjointBenchOptions
{
    public long MaxSteps { get; init; } = 128;
}

/// <summary>One solver and number of steps, in float64. Errors are of dL/dz0 and dL/dtheta together, relative to backprop through the same steps.</summary>
internal sealed record AdjointRow(SolverKind Solver, long Steps)
{
    /// <summary>Of the adjoint ODE.</summary>
    public required double AdjointError { get; init; }

    /// <summary>log2 of the adjoint's error in half as many steps over that in these; NaN in the first row of a solver.</summary>
    public required double ObservedOrder { get; init; }

    /// <summary>Of the gradient method that is the solver's default, which differentiates the steps.</summary>
    public required double DiscreteError { get; init; }

    /// <summary>Evaluations of f and of the adjoint ODE.</summary>
    public required SolverStatistics Statistics { get; init; }
}

/// <summary>How the gradient of the adjoint ODE converges to that of the steps.</summary>
internal static class AdjointBench
{
    private const double Time = 1;

    /// <summary>With the order of their gradient, which is that of their steps.</summary>
    public static readonly IReadOnlyList<(SolverKind Solver, int Order)> Solvers =
        [(SolverKind.Euler, 1), (SolverKind.Alf, 2), (SolverKind.Bosh3, 3), (SolverKind.Rk4, 4), (SolverKind.Dopri5, 5)];

    /// <summary>Measures every solver on the multilayer perceptron of <see cref="BenchDynamics"/>.</summary>
    public static IReadOnlyList<AdjointRow> Run(AdjointBenchOptions options)
    {
        using var scope = new TensorScope();
        var dynamics = BenchDynamics.ForPrecision()[0];
        return [.. Solvers.SelectMany(solver => Measure(dynamics, solver.Solver, options.MaxSteps))];
    }

    public static string Table(IReadOnlyList<AdjointRow> rows) => TextTable.Render(
        ["solver", "steps", "nfe forward", "nfe backward", "adjoint's gradient error", "observed order", "error of mali or pnode"],
        rows.Select(row => (IReadOnlyList<string>)
        [
            Commands.SolverNames.Of(row.Solver), $"{row.Steps}", $"{row.Statistics.NfeForward}", $"{row.Statistics.NfeBackward}", ErrorText.Of(row.AdjointError),
            double.IsNaN(row.ObservedOrder) ? "-" : $"{row.ObservedOrder:f2}", ErrorText.Of(row.DiscreteError),
        ]));

    private static IEnumerable<AdjointRow> Measure(BenchDynamics dynamics, SolverKind solver, long maxSteps)
    {
        var before = double.NaN;
        for (var steps = 2L; steps <= maxSteps; steps *= 2)
        {
            SolverOptions options = new() { Solver = solver, StepSize = Time / steps };
            var backprop = Probe.Run(dynamics, DType.Float64, Time, options with { Gradient = GradientMethod.Backprop });
            var adjoint = Probe.Run(dynamics, DType.Float64, Time, options with { Gradient = GradientMethod.Adjoint });
            var error = Probe.Error(adjoint.Gradient, backprop.Gradient);
            yield return new(solver, steps)
            {
                AdjointError = error,
                ObservedOrder = Math.Log2(before / error),
                DiscreteError = Probe.Error(Probe.Run(dynamics, DType.Float64, Time, options).Gradient, backprop.Gradient),
                Statistics = adjoint.Statistics,
            };
            before = error;
        }
    }
}
