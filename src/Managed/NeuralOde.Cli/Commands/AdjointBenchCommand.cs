using System.CommandLine;
using System.Text.Json.Nodes;
using NeuralOde.Cli.Bench;
using NeuralOde.Cli.Charts;

namespace NeuralOde.Cli.Commands;

/// <summary><c>neuralode bench adjoint</c>: the adjoint's gradients converge to those of the steps at the solver's order.</summary>
internal static class AdjointBenchCommand
{
    public static Command Create(Terminal terminal)
    {
        var steps = Values.Count("--max-steps", "Most steps measured, 128 by default, from 2 in powers of 2.");
        var output = Values.Text("--out", "Draw gradient error against steps to this file as well.", "FILE.svg");
        var process = new ProcessArguments();
        var command = new Command("adjoint",
            "Gradient error of the adjoint ODE against backprop through the same steps, in float64, for solvers of order 1 to 5 and falling step sizes.")
        {
            steps, output,
        };
        foreach (var option in process.All) command.Add(option);
        command.SetAction(parsed =>
        {
            var options = new AdjointBenchOptions();
            options = new() { MaxSteps = parsed.GetValue(steps).Check(n => n is >= 4 and <= 1 << 20, "--max-steps", "[4, 2^20]") ?? options.MaxSteps };
            process.Apply(parsed);
            var rows = AdjointBench.Run(options);
            var written = parsed.GetValue(output) is { } file ? Draw(rows, file) : "";
            terminal.Result(new() { ["status"] = "success", ["rows"] = Json(rows) }, AdjointBench.Table(rows) + written);
            return CommandLine.Fine;
        });
        return command;
    }

    private static string Draw(IReadOnlyList<AdjointRow> rows, string file)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder) Directory.CreateDirectory(folder);
        File.WriteAllText(file, AdjointCharts.GradientError(rows));
        return $"\nwritten to {file}";
    }

    private static JsonArray Json(IReadOnlyList<AdjointRow> rows) => [.. rows.Select(row => new JsonObject
    {
        ["solver"] = SolverNames.Of(row.Solver),
        ["steps"] = row.Steps,
        ["nfe_forward"] = row.Statistics.NfeForward,
        ["nfe_backward"] = row.Statistics.NfeBackward,
        ["gradient_error"] = Terminal.Number(row.AdjointError),
        ["observed_order"] = Terminal.Number(row.ObservedOrder),
        ["discrete_gradient_error"] = Terminal.Number(row.DiscreteError),
    })];
}
