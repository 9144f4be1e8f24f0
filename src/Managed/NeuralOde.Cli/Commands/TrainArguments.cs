using System.CommandLine;
using NeuralOde.Cli.Training;

namespace NeuralOde.Cli.Commands;

/// <summary>The options of <c>neuralode train</c>, and how they make a run's options: what is not given comes from the run that is
/// resumed, else from the model's recipe.</summary>
internal sealed class TrainArguments
{
    private readonly Option<string?> _data = Values.Text("--data", "Folder with train/<class>/ and test/<class>/ of JPEG or PNG files; or: synthetic.", "DIR|synthetic");
    private readonly Option<string?> _syntheticDirectory = Values.Text("--synthetic-dir", "Where --data synthetic is written once; by default beside the run folder.", "DIR");
    private readonly Option<string?> _model = Values.Text("--model", "The network: odenet-small or resnet18-ode.", "name");
    private readonly Option<long?> _epochs = Values.Count("--epochs", "Passes over the training images.");
    private readonly Option<double?> _maxMinutes = Values.Number("--max-minutes", "Minutes for the whole run, evaluations included; the schedule fits itself to them.");
    private readonly Option<long?> _maxSteps = Values.Count("--max-steps", "Optimiser steps.");
    private readonly Option<long?> _batchSize = Values.Count("--batch-size", "Images a step.");
    private readonly Option<long?> _imageSize = Values.Count("--image-size", "Pixels of the network's input; by default those of the images where they are small, else 224.");
    private readonly Option<double?> _lr = Values.Number("--lr", "The highest learning rate.");
    private readonly Option<string?> _optimizer = Values.Text("--optimizer", "sgd, adam or adamw.", "name");
    private readonly Option<double?> _momentum = Values.Number("--momentum", "Of sgd.");
    private readonly Option<double?> _weightDecay = Values.Number("--weight-decay", "Decay of the weights.");
    private readonly Option<string?> _schedule = Values.Text("--schedule", "Learning rate over the run: constant, step (divided by 10 at each third), cosine or one-cycle.", "name");
    private readonly Option<string?> _augment = Values.Text("--augment", "How training images are varied: none, padded-crop or resized-crop.", "name");
    private readonly Option<long?> _workers = Values.Count("--workers", "Threads that decode images.");
    private readonly Option<bool> _failOnBroken = new("--fail-on-broken") { Description = "End at a broken image instead of skipping it." };
    private readonly Option<double?> _checkpointSeconds = Values.Number("--checkpoint-seconds", "Seconds between checkpoints, 30 by default; 0 writes one after every step.");
    private readonly Option<long?> _checkpointSteps = Values.Count("--checkpoint-steps", "Steps between checkpoints, besides those by time.");
    private readonly Option<long?> _evaluateEvery = Values.Count("--evaluate-every", "Epochs between evaluations.");
    private readonly Option<long?> _reportEvery = Values.Count("--report-every", "Most steps between lines of the log; slow steps report every ten seconds.");
    private readonly SolverArguments _solver = new("0.5 by default, where nothing asks for adaptive ones");
    private readonly PrecisionArguments _precision = new("fp32 by default; a run that is resumed keeps its own");
    private readonly ProcessArguments _process;

    private static readonly IReadOnlyList<string> OptimizerNames = ["sgd", "adam", "adamw"];
    private static readonly IReadOnlyList<string> ScheduleNames = ["constant", "step", "cosine", "one-cycle"];
    private static readonly IReadOnlyList<string> AugmentNames = ["none", "padded-crop", "resized-crop"];

    public TrainArguments(ProcessArguments process) => _process = process;

    public IEnumerable<Option> All =>
    [
        _data, _syntheticDirectory, _model, _epochs, _maxMinutes, _maxSteps, _batchSize, _imageSize, _lr, _optimizer, _momentum, _weightDecay, _schedule,
        _augment, .. _solver.All, .. _precision.All, .. _process.All, _workers, _failOnBroken, _checkpointSeconds, _checkpointSteps, _evaluateEvery, _reportEvery,
    ];

    /// <summary>The options of a new run.</summary>
    public TrainerOptions ReadNew(ParseResult parsed, RunFolder run, Action<string> log)
    {
        var name = Values.OneOf(parsed.GetValue(_model) ?? throw new UsageException("--model: is needed for a new run"), "--model", Model.Names);
        var data = Data(parsed, run, log) ?? throw new UsageException("--data: is needed for a new run");
        using var images = ImageFolder.Open(data, "train");
        var size = parsed.GetValue(_imageSize).Check(n => n >= 8, "--image-size", "[8, 2^63)") ?? ImageHeader.TrainingSize(images);
        var recipe = Recipe.For(name, size);
        var bounded = (parsed.GetValue(_epochs) ?? parsed.GetValue(_maxSteps)) is not null || parsed.GetValue(_maxMinutes) is not null;
        return Read(parsed, new()
        {
            Data = data,
            Model = new() { Name = name, Classes = images.ClassNames.Count, ImageSize = size, Seed = _process.Seed(parsed) ?? 0 },
            Solver = recipe.Solver,
            Optimizer = recipe.Optimizer,
            Schedule = recipe.Schedule,
            BatchSize = recipe.BatchSize,
            Augmentation = Recipe.Augment(size),
            Workers = Math.Clamp(Environment.ProcessorCount / 2, 1, 16),
            Epochs = bounded ? null : recipe.Epochs,
            Seed = _process.Seed(parsed) ?? 0,
        });
    }

    /// <summary>The options of a run that is resumed: its own, with those that were given now. <see cref="Trainer"/> refuses what may not change.</summary>
    public TrainerOptions ReadResumed(ParseResult parsed, RunFolder run, Action<string> log)
    {
        var before = run.ReadOptions();
        var model = before.Model with
        {
            Name = parsed.GetValue(_model) ?? before.Model.Name,
            ImageSize = parsed.GetValue(_imageSize) ?? before.Model.ImageSize,
            Seed = _process.Seed(parsed) ?? before.Model.Seed,
        };
        return Read(parsed, before with { Data = Data(parsed, run, log) ?? before.Data, Model = model, Seed = _process.Seed(parsed) ?? before.Seed });
    }

    private TrainerOptions Read(ParseResult parsed, TrainerOptions defaults)
    {
        var lr = parsed.GetValue(_lr).Check(x => x >= 0, "--lr", "[0, inf)");
        var kind = parsed.GetValue(_optimizer) is { } optimizer ? Optimizer(optimizer) : defaults.Optimizer.Kind;
        var rate = lr ?? (kind == defaults.Optimizer.Kind ? defaults.Schedule.LearningRate : AdamRate);
        var solver = _solver.Read(parsed, defaults.Solver);
        if (solver.Gradient == GradientMethod.None) throw new UsageException($"--gradient: none cannot train; supported: {string.Join(", ", SolverNames.Gradients.SkipLast(1))}");
        return _precision.Read(parsed, defaults) with
        {
            Solver = solver,
            Optimizer = defaults.Optimizer with
            {
                Kind = kind,
                LearningRate = rate,
                Momentum = parsed.GetValue(_momentum).Check(x => x is >= 0 and < 1, "--momentum", "[0, 1)") ?? defaults.Optimizer.Momentum,
                WeightDecay = parsed.GetValue(_weightDecay).Check(x => x >= 0, "--weight-decay", "[0, inf)") ?? defaults.Optimizer.WeightDecay,
            },
            Schedule = defaults.Schedule with { Kind = parsed.GetValue(_schedule) is { } schedule ? Schedule(schedule) : defaults.Schedule.Kind, LearningRate = rate },
            Augmentation = parsed.GetValue(_augment) is { } augment ? Augment(augment) : defaults.Augmentation,
            BatchSize = AtLeastOne(parsed, _batchSize) ?? defaults.BatchSize,
            Workers = (int)(parsed.GetValue(_workers).Check(n => n is >= 1 and <= 1024, "--workers", "[1, 1024]") ?? defaults.Workers),
            FailOnBrokenImages = parsed.GetValue(_failOnBroken) || defaults.FailOnBrokenImages,
            Epochs = AtLeastOne(parsed, _epochs) ?? defaults.Epochs,
            MaxSteps = AtLeastOne(parsed, _maxSteps) ?? defaults.MaxSteps,
            MaxTime = parsed.GetValue(_maxMinutes).Check(x => x is > 0 and < 1e6, "--max-minutes", "(0, 1e6)") is { } minutes ? TimeSpan.FromMinutes(minutes) : defaults.MaxTime,
            CheckpointInterval = parsed.GetValue(_checkpointSeconds).Check(x => x is >= 0 and < 1e8, "--checkpoint-seconds", "[0, 1e8)") is { } seconds
                ? TimeSpan.FromSeconds(seconds) : defaults.CheckpointInterval,
            CheckpointEvery = AtLeastOne(parsed, _checkpointSteps) ?? defaults.CheckpointEvery,
            EvaluateEvery = AtLeastOne(parsed, _evaluateEvery) ?? defaults.EvaluateEvery,
            ReportEvery = AtLeastOne(parsed, _reportEvery) ?? defaults.ReportEvery,
        };
    }

    /// <summary>The rate for adam and adamw where the recipe's is for sgd.</summary>
    private const double AdamRate = 2e-3;

    private static long? AtLeastOne(ParseResult parsed, Option<long?> option) => parsed.GetValue(option).Check(n => n >= 1, option.Name, "[1, 2^63)");

    /// <summary>The folder of the images, full path; the synthetic ones are written first. Null where none was given.</summary>
    private string? Data(ParseResult parsed, RunFolder run, Action<string> log)
    {
        if (parsed.GetValue(_data) is not { } data) return null;
        if (data != "synthetic") return Path.GetFullPath(data);
        var folder = Path.GetFullPath(parsed.GetValue(_syntheticDirectory) ?? Path.Combine(run.Path, "..", "synthetic"));
        log($"synthetic images in {folder}");
        Synthetic.Write(folder, new() { Threads = Environment.ProcessorCount });
        return folder;
    }

    private static OptimizerKind Optimizer(string name) => Values.OneOf(name, "--optimizer", OptimizerNames) switch
    {
        "sgd" => OptimizerKind.Sgd,
        "adam" => OptimizerKind.Adam,
        _ => OptimizerKind.AdamW,
    };

    private static ScheduleKind Schedule(string name) => Values.OneOf(name, "--schedule", ScheduleNames) switch
    {
        "constant" => ScheduleKind.Constant,
        "step" => ScheduleKind.Step,
        "cosine" => ScheduleKind.Cosine,
        _ => ScheduleKind.OneCycle,
    };

    private static Augmentation Augment(string name) => Values.OneOf(name, "--augment", AugmentNames) switch
    {
        "none" => Augmentation.None,
        "padded-crop" => Augmentation.PaddedCrop,
        _ => Augmentation.ResizedCrop,
    };
}
