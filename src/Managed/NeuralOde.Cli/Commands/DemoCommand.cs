using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using NeuralOde.Cli.Bench;
using NeuralOde.Cli.Charts;
using NeuralOde.Cli.Training;

namespace NeuralOde.Cli.Commands;

/// <summary><c>neuralode demo</c>: trains on synthetic images, measures memory against steps, and writes both with pictures.</summary>
internal static class DemoCommand
{
    private const string ModelName = "odenet-small";

    public static Command Create(Terminal terminal)
    {
        var run = TrainCommand.RunOption();
        var epochs = Values.Count("--epochs", "Passes over the 5,000 synthetic images, 6 by default.");
        var process = new ProcessArguments();
        var command = new Command("demo", "Train on synthetic images, measure memory against solver steps, and write numbers and pictures to the run folder.") { run, epochs };
        foreach (var option in process.All) command.Add(option);
        command.SetAction(parsed =>
        {
            var passes = parsed.GetValue(epochs).Check(n => n >= 1, "--epochs", "[1, 2^63)") ?? 6;
            process.Apply(parsed);
            return Run(terminal, Path.GetFullPath(parsed.GetValue(run)!), passes, process.Seed(parsed) ?? 0);
        });
        return command;
    }

    private static int Run(Terminal terminal, string root, long epochs, ulong seed)
    {
        var data = Path.Combine(root, "synthetic");
        terminal.Log($"writing synthetic images to {data}");
        Synthetic.Write(data, new() { Threads = Environment.ProcessorCount });
        var folder = new RunFolder(Path.Combine(root, "train"));
        var result = Train(terminal, folder, Options(data, epochs, seed));
        if (result.Outcome == TrainingOutcome.Stopped)
            return terminal.Fail(CommandLine.Failed, "stopped", $"stopped after step {result.Steps}; saved; the same command goes on from there");
        terminal.Log("measuring memory against solver steps");
        var rows = MemoryBench.Run(new(), terminal.Log);
        Write(root, folder, result, rows);
        var json = Json(result, rows);
        terminal.Result(json, $"{Text(result, rows)}\nwritten to {root}: report.md, results.json, training.svg, memory.svg");
        return CommandLine.Fine;
    }

    private static TrainerOptions Options(string data, long epochs, ulong seed)
    {
        using var images = ImageFolder.Open(data, "train");
        var size = ImageHeader.TrainingSize(images);
        var recipe = Recipe.For(ModelName, size);
        return new()
        {
            Data = data,
            Model = new() { Name = ModelName, Classes = images.ClassNames.Count, ImageSize = size, Seed = seed },
            Solver = recipe.Solver,
            Optimizer = recipe.Optimizer,
            Schedule = recipe.Schedule,
            BatchSize = 64,
            Augmentation = Augmentation.None,
            Epochs = epochs,
            Seed = seed,
        };
    }

    /// <summary>Goes on with a demo that was stopped; begins again where one has finished or had other options.</summary>
    private static TrainingResult Train(Terminal terminal, RunFolder folder, TrainerOptions options)
    {
        var resumes = folder.HasRun && folder.ReadResult() is null && folder.ReadOptions() == options;
        if (!resumes && folder.HasRun) Directory.Delete(folder.Path, recursive: true);
        var trainer = new Trainer(options, folder.Path);
        return TrainCommand.Train(terminal, resumes ? trainer.Resume : trainer.Run);
    }

    private static JsonObject Json(TrainingResult result, IReadOnlyList<MemoryRow> rows)
    {
        var json = TrainCommand.Json(result);
        json["memory"] = BenchCommand.Json(rows);
        return json;
    }

    private static string Text(TrainingResult result, IReadOnlyList<MemoryRow> rows) =>
        $"{ModelName} on synthetic images\n\n{TrainCommand.Text(result)}\n\npeak tensor memory of one training step through a convolutional ODE block\n\n{MemoryBench.Table(rows)}";

    private static void Write(string root, RunFolder folder, TrainingResult result, IReadOnlyList<MemoryRow> rows)
    {
        File.WriteAllText(Path.Combine(root, "results.json"), Json(result, rows).ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
        File.WriteAllText(Path.Combine(root, "training.svg"), RunCharts.Training(folder.ReadLog()));
        File.WriteAllText(Path.Combine(root, "memory.svg"), RunCharts.Memory(rows));
        File.WriteAllText(Path.Combine(root, "report.md"), $"""
            # Demo: {ModelName} on synthetic images

            ```
            {TrainCommand.Text(result)}
            ```

            ![Loss and accuracy](training.svg)

            ## Peak tensor memory of one training step through a convolutional ODE block

            {MemoryBench.Table(rows)}
            ![Peak memory against solver steps](memory.svg)

            """);
    }
}
