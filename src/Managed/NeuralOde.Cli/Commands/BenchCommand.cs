using System.CommandLine;
using System.Text.Json.Nodes;
using NeuralOde.Cli.Bench;

namespace NeuralOde.Cli.Commands;

/// <summary><c>neuralode bench</c>: measures what the library promises.</summary>
internal static class BenchCommand
{
    public static Command Create(Terminal terminal) => new("bench", "Measure what the library promises.")
    {
        CreateMemory(terminal), DriftBenchCommand.Create(terminal), PrecisionBenchCommand.Create(terminal), MethodsBenchCommand.Create(terminal),
        AdjointBenchCommand.Create(terminal),
    };

    /// <summary>The rows of a memory table as JSON.</summary>
    public static JsonArray Json(IReadOnlyList<MemoryRow> rows) => [.. rows.Select(row => new JsonObject
    {
        ["steps"] = row.Steps,
        ["mali_bytes"] = row.MaliBytes,
        ["mali_ratio"] = (double)row.MaliBytes / rows[0].MaliBytes,
        ["mali_seconds"] = row.MaliSeconds,
        ["backprop_bytes"] = row.BackpropBytes,
        ["backprop_ratio"] = (double)row.BackpropBytes / rows[0].BackpropBytes,
        ["backprop_seconds"] = row.BackpropSeconds,
    })];

    private static Command CreateMemory(Terminal terminal)
    {
        var model = Values.Text("--model", "What to measure: conv (a block of two convolutions, the default), or a model's name.", "name");
        var batch = Values.Count("--batch-size", "Images at once.");
        var size = Values.Count("--image-size", "Pixels.");
        var channels = Values.Count("--channels", "Channels of conv.");
        var steps = Values.Count("--max-steps", "Most steps measured, 256 by default.");
        var process = new ProcessArguments();
        var command = new Command("memory", "Peak tensor memory of one training step against the solver's steps 4, 8, ..., 256, for mali and backprop.")
        {
            model, batch, size, channels, steps,
        };
        foreach (var option in process.All) command.Add(option);
        command.SetAction(parsed =>
        {
            var options = new MemoryBenchOptions();
            var name = Values.OneOf(parsed.GetValue(model) ?? options.Model, "--model", ["conv", .. Model.Names]);
            process.Apply(parsed);
            var rows = MemoryBench.Run(options with
            {
                Model = name,
                BatchSize = parsed.GetValue(batch).Check(n => n is >= 1 and <= 4096, "--batch-size", "[1, 4096]") ?? options.BatchSize,
                ImageSize = parsed.GetValue(size).Check(n => n is >= 8 and <= 4096, "--image-size", "[8, 4096]") ?? (name == "conv" ? options.ImageSize : 32),
                Channels = parsed.GetValue(channels).Check(n => n is >= 1 and <= 4096, "--channels", "[1, 4096]") ?? options.Channels,
                MaxSteps = parsed.GetValue(steps).Check(n => n is >= 4 and <= 1 << 20, "--max-steps", "[4, 2^20]") ?? options.MaxSteps,
            }, terminal.Log);
            terminal.Result(new() { ["status"] = "success", ["model"] = name, ["rows"] = Json(rows) }, MemoryBench.Table(rows));
            return CommandLine.Fine;
        });
        return command;
    }
}
