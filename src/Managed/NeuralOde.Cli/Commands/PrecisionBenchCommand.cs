using System.CommandLine;
using System.Text.Json.Nodes;
using NeuralOde.Cli.Bench;

namespace NeuralOde.Cli.Commands;

/// <summary><c>neuralode bench precision</c>: gradient error of float32, of bfloat16 inside f and of exact reversal.</summary>
internal static class PrecisionBenchCommand
{
    public static Command Create(Terminal terminal)
    {
        var steps = Values.Count("--steps", "Fixed steps over [0, 1], 20 by default.");
        var process = new ProcessArguments();
        var command = new Command("precision", "Errors of state and gradient against float64, of float32, bfloat16 inside f and exact reversal.") { steps };
        foreach (var option in process.All) command.Add(option);
        command.SetAction(parsed =>
        {
            var options = new PrecisionBenchOptions();
            options = options with { Steps = parsed.GetValue(steps).Check(n => n is >= 1 and <= 1 << 20, "--steps", "[1, 2^20]") ?? options.Steps };
            process.Apply(parsed);
            var rows = PrecisionBench.Run(options);
            terminal.Result(new() { ["status"] = "success", ["steps"] = options.Steps, ["rows"] = Json(rows) }, PrecisionBench.Table(rows));
            return CommandLine.Fine;
        });
        return command;
    }

    private static JsonArray Json(IReadOnlyList<PrecisionRow> rows) => [.. rows.Select(row => new JsonObject
    {
        ["dynamics"] = row.Dynamics,
        ["precision"] = row.Precision,
        ["status"] = row.Status == Status.Ok ? "success" : Terminal.Name(row.Status),
        ["forward_error"] = Terminal.Number(row.ForwardError),
        ["reconstruction_error"] = Terminal.Number(row.Statistics.ReconstructionError),
        ["gradient_error"] = Terminal.Number(row.GradientError),
        ["backprop_gradient_error"] = Terminal.Number(row.BackpropGradientError),
        ["snapshots"] = row.Statistics.Snapshots,
        ["steps_replayed"] = row.Statistics.StepsReplayed,
        ["peak_bytes"] = row.PeakBytes,
    })];
}
