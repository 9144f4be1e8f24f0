using System.CommandLine;
using System.Text.Json.Nodes;
using NeuralOde.Cli.Bench;
using NeuralOde.Cli.Charts;

namespace NeuralOde.Cli.Commands;

/// <summary><c>neuralode bench drift</c>: how well the reverse sweep comes back, and what that does to gradients.</summary>
internal static class DriftBenchCommand
{
    public static Command Create(Terminal terminal)
    {
        var times = Values.Text("--t", "Lengths of the integration, 1,10 by default.", "t,t,...");
        var steps = Values.Text("--steps", "Numbers of fixed steps, 10,100,1000 by default.", "n,n,...");
        var etas = Values.Text("--eta", "Dampings of alf, 1,0.9 by default; exact reversal and other solvers are measured at 1 only, which they need.", "x,x,...");
        var type = Values.Text("--dtype", "Of state and parameters: float32 (the default) or float64.", "name");
        var output = Values.Text("--out", "Draw gradient error against steps to this file as well.", "FILE.svg");
        var process = new ProcessArguments();
        var command = new Command("drift",
            "Forward error, drift of the reverse sweep and gradient error (against backprop in float64) of mali as published (plain), with automatic " +
            "snapshots, with exact reversal, of reversible-heun and coupled rk4 as published, and of backprop; for a rotation, tanh(W z), -z + tanh(W z) and Van der Pol's oscillator (mu = 2).")
        {
            times, steps, etas, type, output,
        };
        foreach (var option in process.All) command.Add(option);
        command.SetAction(parsed =>
        {
            DriftBenchOptions options = Read(parsed, times, steps, etas, type);
            process.Apply(parsed);
            var rows = DriftBench.Run(options, terminal.Log);
            var written = parsed.GetValue(output) is { } file ? Draw(rows, options, file) : "";
            terminal.Result(new() { ["status"] = "success", ["dtype"] = Name(options.Type), ["rows"] = Json(rows) }, DriftBench.Table(rows) + written);
            return CommandLine.Fine;
        });
        return command;
    }

    private static DriftBenchOptions Read(ParseResult parsed, Option<string?> times, Option<string?> steps, Option<string?> etas, Option<string?> type)
    {
        var defaults = new DriftBenchOptions();
        return new()
        {
            Times = List(parsed, times, t => t > 0, "(0, inf)") ?? defaults.Times,
            Steps = List(parsed, steps, n => n is >= 1 and <= 1 << 20 && n == Math.Floor(n), "the whole numbers in [1, 2^20]")?.ConvertAll(n => (long)n)
                ?? defaults.Steps,
            Etas = List(parsed, etas, eta => eta is > 0 and <= 1 and not 0.5, "(0, 1] without 0.5, which leaves the step without an inverse") ?? defaults.Etas,
            Type = Values.OneOf(parsed.GetValue(type) ?? Name(defaults.Type), "--dtype", ["float32", "float64"]) == "float32" ? DType.Float32 : DType.Float64,
        };
    }

    private static List<double>? List(ParseResult parsed, Option<string?> option, Func<double, bool> condition, string range)
    {
        if (parsed.GetValue(option) is not { } text) return null;
        var values = Values.List(text, option.Name).Distinct().ToList();
        foreach (double? value in values) value.Check(condition, option.Name, range);
        return values;
    }

    private static string Draw(IReadOnlyList<DriftRow> rows, DriftBenchOptions options, string file)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder) Directory.CreateDirectory(folder);
        File.WriteAllText(file, DriftCharts.GradientError(rows, options.Type));
        return $"\nwritten to {file}";
    }

    private static string Name(DType type) => type == DType.Float64 ? "float64" : "float32";

    /// <summary>Errors are null where there are none and where they are not finite, which the status then tells.</summary>
    private static JsonArray Json(IReadOnlyList<DriftRow> rows) => [.. rows.Select(row => new JsonObject
    {
        ["dynamics"] = row.Dynamics,
        ["eta"] = row.Eta,
        ["t"] = row.Time,
        ["steps"] = row.Steps,
        ["mode"] = DriftBench.Name(row.Mode),
        ["status"] = row.Status == Status.Ok ? "success" : Terminal.Name(row.Status),
        ["forward_error"] = Terminal.Number(row.ForwardError),
        ["reconstruction_error"] = Terminal.Number(row.Statistics.ReconstructionError),
        ["gradient_error"] = Terminal.Number(row.GradientError),
        ["steps_accepted"] = row.Statistics.StepsAccepted,
        ["nfe_forward"] = row.Statistics.NfeForward,
        ["nfe_backward"] = row.Statistics.NfeBackward,
        ["snapshots"] = row.Statistics.Snapshots,
        ["snapshot_bytes"] = row.Statistics.SnapshotBytes,
        ["steps_replayed"] = row.Statistics.StepsReplayed,
        ["peak_bytes"] = row.PeakBytes,
    })];
}
