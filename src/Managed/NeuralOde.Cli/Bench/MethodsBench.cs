using System.Diagnostics;

namespace NeuralOde.Cli.Bench;

/// <summary>What is measured: T = 1 in so many steps, pnode with so many checkpoints.</summary>
internal sealed record MethodsBenchOptions
{
    public long Steps { get; init; } = 20;

    public long Checkpoints { get; init; } = 3;
}

/// <summary>One solver and gradient method on one dynamics. The gradient's error is relative to backprop through the same steps in float64.</summary>
internal sealed record MethodsRow(string Dynamics, SolverOptions Options)
{
    public required MethodCost Predicted { get; init; }

    public required MethodCost Measured { get; init; }

    public required SolverStatistics Statistics { get; init; }

    public required long PredictedBytes { get; init; }

    public required long PeakBytes { get; init; }

    public required double Seconds { get; init; }

    public required double GradientError { get; init; }
}

/// <summary>What the gradient methods cost, told before the run by formula and checked after it.</summary>
internal static class MethodsBench
{
    public static IReadOnlyList<MethodsRow> Run(MethodsBenchOptions options)
    {
        TensorMemory.EnableTracking();
        using var scope = new TensorScope();
        return [.. MethodsCase.All(options).SelectMany(Measure)];
    }

    public static string Table(IReadOnlyList<MethodsRow> rows) => string.Join('\n', rows.GroupBy(row => row.Dynamics).Select(group =>
        $"{group.Key}\n\n" + TextTable.Render(
            ["solver", "gradient", "steps", "nfe forward", "nfe backward", "made again", "states", "bytes told", "peak bytes", "ratio", "ms", "gradient error"],
            group.Select(row => (IReadOnlyList<string>)
            [
                Solver(row.Options), Gradient(row.Options), $"{row.Statistics.StepsAccepted}", Both(row, cost => cost.NfeForward), Both(row, cost => cost.NfeBackward),
                Both(row, cost => cost.StepsReplayed), Both(row, cost => cost.StatesKept), $"{row.PredictedBytes:n0}", $"{row.PeakBytes:n0}",
                $"{(double)row.PeakBytes / row.PredictedBytes:f3}", $"{1e3 * row.Seconds:f1}", ErrorText.Of(row.GradientError),
            ])))) + "\nWhere formula and measurement differ, both are given: formula / measured. Bytes are told from five steps and the formula; ratio: measured over told.\n";

    /// <summary>The solver's name, with what else makes its steps.</summary>
    public static string Solver(SolverOptions options) =>
        Commands.SolverNames.Of(options.Solver) + (options.StepSize is null ? ", adaptive" : "") + (IsCoupled(options) ? ", coupled" : "");

    /// <summary>The method's name, with what else it keeps.</summary>
    public static string Gradient(SolverOptions options) => Commands.SolverNames.Of(options.Gradient) + (options.CheckpointStages ? ", stages" : "");

    private static bool IsCoupled(SolverOptions options) =>
        options.Coupling is not null || options.Gradient == GradientMethod.Reversible && options.Solver.IsExplicitRungeKutta();

    private static string Both(MethodsRow row, Func<MethodCost, long?> value)
    {
        var (predicted, measured) = (value(row.Predicted), value(row.Measured));
        return predicted is null || predicted == measured ? $"{measured}" : $"{predicted} / {measured}";
    }

    private static IEnumerable<MethodsRow> Measure(MethodsCase of)
    {
        var reference = Probe.Run(of.Dynamics, DType.Float64, of.Time, of.Reference);
        foreach (var options in of.Methods)
        {
            Probe.Run(of.Dynamics, of.Type, of.Time, options);   // to warm up
            var clock = Stopwatch.StartNew();
            var probe = Probe.Run(of.Dynamics, of.Type, of.Time, options);
            var seconds = clock.Elapsed.TotalSeconds;
            var steps = probe.Statistics.StepsAccepted;
            yield return new(of.Dynamics.Name, options)
            {
                Predicted = MethodCost.Predicted(options, steps),
                Measured = MethodCost.Measured(probe.Statistics),
                Statistics = probe.Statistics,
                PredictedBytes = MethodMemory.Predicted(of.Dynamics, of.Type, options, steps, options.StepSize ?? of.Time / steps),
                PeakBytes = probe.PeakBytes,
                Seconds = seconds,
                GradientError = Probe.Error(probe.Gradient, reference.Gradient),
            };
        }
    }
}
