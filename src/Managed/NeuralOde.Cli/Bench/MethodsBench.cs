using System.Diagnostics;

namespace NeuralOde.Cli.Bench;

/// <summary>What is measured: T = 1 in so many steps, pnode with so many checkpoints.</summary>
internal sealed record MethodsBenchOptions
{
    public long Steps { get; init; } = 20;

    public long Checkpoints { get; init; } = 3;
}

/// <summary>One solver and gradient method on one dynamics, in float32. The gradient's error is relative to backprop through the same steps in float64.</summary>
internal sealed record MethodsRow(string Dynamics, SolverKind Solver, GradientMethod Gradient)
{
    public required MethodCost Predicted { get; init; }

    public required MethodCost Measured { get; init; }

    public required long PeakBytes { get; init; }

    public required double Seconds { get; init; }

    public required double GradientError { get; init; }
}

/// <summary>What the gradient methods cost, told before the run by formula and checked after it.</summary>
internal static class MethodsBench
{
    private const double Time = 1;

    private static readonly IReadOnlyList<SolverKind> Solvers = [SolverKind.Alf, SolverKind.Rk4, SolverKind.Dopri5];

    private static readonly IReadOnlyList<GradientMethod> Methods =
        [GradientMethod.Backprop, GradientMethod.Mali, GradientMethod.Adjoint, GradientMethod.Aca, GradientMethod.Anode, GradientMethod.Pnode];

    public static IReadOnlyList<MethodsRow> Run(MethodsBenchOptions options)
    {
        TensorMemory.EnableTracking();
        using var scope = new TensorScope();
        return [.. from dynamics in BenchDynamics.ForPrecision() from solver in Solvers from row in Measure(dynamics, solver, options) select row];
    }

    public static string Table(IReadOnlyList<MethodsRow> rows) => string.Join('\n', rows.GroupBy(row => row.Dynamics).Select(group =>
        $"{group.Key}\n\n" + TextTable.Render(
            ["solver", "gradient", "nfe forward", "nfe backward", "steps made again", "states kept", "peak bytes", "ms", "gradient error"],
            group.Select(row => (IReadOnlyList<string>)
            [
                Commands.SolverNames.Of(row.Solver), Commands.SolverNames.Of(row.Gradient), Both(row, cost => cost.NfeForward),
                Both(row, cost => cost.NfeBackward), Both(row, cost => cost.StepsReplayed), Both(row, cost => cost.StatesKept),
                $"{row.PeakBytes:n0}", $"{1e3 * row.Seconds:f2}", ErrorText.Of(row.GradientError),
            ])))) + "\nWhere formula and measurement differ, both are given: formula / measured.\n";

    private static string Both(MethodsRow row, Func<MethodCost, long> value)
    {
        var (predicted, measured) = (value(row.Predicted), value(row.Measured));
        return predicted == measured ? $"{measured}" : $"{predicted} / {measured}";
    }

    private static IEnumerable<MethodsRow> Measure(BenchDynamics dynamics, SolverKind solver, MethodsBenchOptions options)
    {
        SolverOptions steps = new() { Solver = solver, StepSize = Time / options.Steps };
        var reference = Probe.Run(dynamics, DType.Float64, Time, steps with { Gradient = GradientMethod.Backprop });
        foreach (var gradient in Methods.Where(gradient => gradient != GradientMethod.Mali || solver == SolverKind.Alf))
        {
            var method = steps with { Gradient = gradient, Checkpoints = gradient == GradientMethod.Pnode ? options.Checkpoints : null };
            Probe.Run(dynamics, DType.Float32, Time, method);   // to warm up
            var clock = Stopwatch.StartNew();
            var probe = Probe.Run(dynamics, DType.Float32, Time, method);
            yield return new(dynamics.Name, solver, gradient)
            {
                Predicted = MethodCost.Predicted(solver, gradient, options.Steps, options.Checkpoints),
                Measured = MethodCost.Measured(probe.Statistics),
                PeakBytes = probe.PeakBytes,
                Seconds = clock.Elapsed.TotalSeconds,
                GradientError = Probe.Error(probe.Gradient, reference.Gradient),
            };
        }
    }
}
