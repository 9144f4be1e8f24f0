namespace NeuralOde.Cli.Training;

/// <summary>How a model is trained when the command line does not say: options that work, by model and size of the images.</summary>
internal sealed record Recipe
{
    public required SolverOptions Solver { get; init; }

    public required OptimizerOptions Optimizer { get; init; }

    public required ScheduleOptions Schedule { get; init; }

    public required long BatchSize { get; init; }

    public required long Epochs { get; init; }

    /// <summary>The recipe for <paramref name="model"/> on images of <paramref name="imageSize"/> pixels.</summary>
    public static Recipe For(string model, long imageSize) => (model, imageSize >= 96) switch
    {
        ("odenet-small", _) => new()
        {
            Solver = new() { StepSize = 0.5 },
            Optimizer = new() { Kind = OptimizerKind.Sgd, LearningRate = 0.1, Momentum = 0.9, WeightDecay = 5e-4, Nesterov = true },
            Schedule = new() { Kind = ScheduleKind.OneCycle, LearningRate = 0.1, Warmup = 0.2 },
            BatchSize = 128,
            Epochs = 20,
        },
        // Zhuang et al. 2021, ImageNet: SGD, 0.1 for a batch of 256 divided by 10 at each third of 90 epochs, h 0.5.
        (_, true) => new()
        {
            Solver = new() { StepSize = 0.5 },
            Optimizer = new() { Kind = OptimizerKind.Sgd, LearningRate = 0.025, Momentum = 0.9, WeightDecay = 1e-4 },
            Schedule = new() { Kind = ScheduleKind.Step, LearningRate = 0.025, Gamma = 0.1 },
            BatchSize = 64,
            Epochs = 90,
        },
        _ => new()
        {
            Solver = new() { StepSize = 0.5 },
            Optimizer = new() { Kind = OptimizerKind.Sgd, LearningRate = 0.1, Momentum = 0.9, WeightDecay = 5e-4, Nesterov = true },
            Schedule = new() { Kind = ScheduleKind.OneCycle, LearningRate = 0.1, Warmup = 0.2 },
            BatchSize = 128,
            Epochs = 90,
        },
    };

    /// <summary>How training images of <paramref name="imageSize"/> pixels are varied.</summary>
    public static Augmentation Augment(long imageSize) => imageSize >= 96 ? Augmentation.ResizedCrop : Augmentation.PaddedCrop;
}
