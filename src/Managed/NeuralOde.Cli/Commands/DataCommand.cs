using System.CommandLine;
using System.Text.Json.Nodes;
using NeuralOde.Cli.Training;

namespace NeuralOde.Cli.Commands;

/// <summary><c>neuralode data</c>: makes and inspects folders of images.</summary>
internal static class DataCommand
{
    private static readonly string[] Splits = ["train", "test", "val"];

    public static Command Create(Terminal terminal) => new("data", "Make and inspect folders of images, DIR/{train,test}/<class>/*.jpg.")
    {
        CreateSynthetic(terminal), CreateInfo(terminal), CreateCheck(terminal),
    };

    private static Option<string> DataOption() => new Option<string>("--data") { Description = "Folder with train/<class>/, test/<class>/.", HelpName = "DIR" }.Needed();

    private static Command CreateSynthetic(Terminal terminal)
    {
        var output = new Option<string>("--out") { Description = "Folder to write; one that holds the same images already is left alone.", HelpName = "DIR" }.Needed();
        var size = Values.Count("--image-size", "Pixels, 32 by default.");
        var train = Values.Count("--train-per-class", "Training images of each of the ten classes, 500 by default.");
        var test = Values.Count("--test-per-class", "Test images of each class, 100 by default.");
        var quality = Values.Count("--quality", "JPEG quality, 90 by default.");
        var seed = Values.Count("--seed", "Seed, 0 by default.");
        var threads = Values.Count("--threads", "Threads; all processors by default.");
        var command = new Command("synthetic", "Render ten classes of shapes with jitter and noise, as JPEG files.") { output, size, train, test, quality, seed, threads };
        command.SetAction(parsed =>
        {
            var defaults = new SyntheticOptions();
            var folder = Path.GetFullPath(parsed.GetValue(output)!);
            Synthetic.Write(folder, defaults with
            {
                ImageSize = (int)(parsed.GetValue(size).Check(n => n is >= 16 and <= 4096, "--image-size", "[16, 4096]") ?? defaults.ImageSize),
                TrainPerClass = parsed.GetValue(train).Check(n => n >= 1, "--train-per-class", "[1, 2^63)") ?? defaults.TrainPerClass,
                TestPerClass = parsed.GetValue(test).Check(n => n >= 1, "--test-per-class", "[1, 2^63)") ?? defaults.TestPerClass,
                Quality = (int)(parsed.GetValue(quality).Check(n => n is >= 1 and <= 100, "--quality", "[1, 100]") ?? defaults.Quality),
                Seed = (ulong)(parsed.GetValue(seed).Check(n => n >= 0, "--seed", "[0, 2^63)") ?? (long)defaults.Seed),
                Threads = (int)(parsed.GetValue(threads).Check(n => n is >= 1 and <= 1024, "--threads", "[1, 1024]") ?? Environment.ProcessorCount),
            });
            var info = Describe(folder);
            terminal.Result(info, $"{Text(info)}written to {folder}");
            return CommandLine.Fine;
        });
        return command;
    }

    private static Command CreateInfo(Terminal terminal)
    {
        var data = DataOption();
        var command = new Command("info", "Count classes and images.") { data };
        command.SetAction(parsed =>
        {
            var info = Describe(parsed.GetValue(data)!);
            terminal.Result(info, Text(info));
            return CommandLine.Fine;
        });
        return command;
    }

    private static Command CreateCheck(Terminal terminal)
    {
        var data = DataOption();
        var workers = Values.Count("--workers", "Threads; all processors by default.");
        var command = new Command("check", "Decode every image and list the broken ones. Exit code 1 if there are any.") { data, workers };
        command.SetAction(parsed =>
        {
            var count = (int)(parsed.GetValue(workers).Check(n => n is >= 1 and <= 1024, "--workers", "[1, 1024]") ?? Environment.ProcessorCount);
            using var signals = new StopSignals(terminal.Log);
            var (images, broken) = Check(parsed.GetValue(data)!, count, signals.Token);
            var report = new JsonObject
            {
                ["status"] = broken.Count == 0 ? "success" : "broken_images",
                ["images"] = images,
                ["broken"] = new JsonArray([.. broken.Select(text => JsonValue.Create(text))]),
            };
            if (broken.Count > 0) report["error"] = $"{broken.Count} broken images; replace or delete them, or let training skip them";
            terminal.Result(report, string.Concat(broken.Select(text => text + "\n")) + $"{images} images decoded, {broken.Count} broken");
            return broken.Count == 0 ? CommandLine.Fine : CommandLine.Failed;
        });
        return command;
    }

    private static (long Images, List<string> Broken) Check(string root, int workers, CancellationToken cancellation)
    {
        var (images, broken) = (0L, new List<string>());
        foreach (var split in Present(root))
        {
            using var folder = ImageFolder.Open(root, split);
            using var loader = new DataLoader(folder, new() { BatchSize = 64, ImageSize = 32, Workers = workers });
            foreach (var batch in loader.Epoch(0))
            {
                using (batch) images += batch.Labels.ElementCount;
                cancellation.ThrowIfCancellationRequested();
            }
            broken.AddRange(loader.BrokenImages);
        }
        return (images, broken);
    }

    private static JsonObject Describe(string root)
    {
        var info = new JsonObject { ["status"] = "success", ["path"] = Path.GetFullPath(root) };
        foreach (var split in Present(root))
        {
            using var folder = ImageFolder.Open(root, split);
            info["classes"] ??= new JsonArray([.. folder.ClassNames.Select(name => JsonValue.Create(name))]);
            info["image_size"] ??= ImageHeader.TrainingSize(folder);
            info[split] = folder.Count;
        }
        return info;
    }

    private static string[] Present(string root)
    {
        string[] splits = [.. Splits.Where(split => Directory.Exists(Path.Combine(root, split)))];
        return splits.Length > 0 ? splits
            : throw new NeuralOdeException(Status.IoError, $"{root}: holds none of train/, test/ and val/; images are expected at DIR/train/<class>/*.jpg");
    }

    private static string Text(JsonObject info)
    {
        var classes = info["classes"]!.AsArray();
        var shown = string.Join(", ", classes.Take(12).Select(name => name!.ToString())) + (classes.Count > 12 ? ", ..." : "");
        var counts = Splits.Where(info.ContainsKey).Select(split => $"{split,-8} {info[split]} images\n");
        return $"classes  {classes.Count}: {shown}\n{string.Concat(counts)}size     {info["image_size"]} px for training\n";
    }
}
