namespace NeuralOde;

/// <summary>What a training run does. Immutable; vary it with <c>with</c>. It is written to the run folder as config.json.</summary>
/// <remarks>
/// At least one of <see cref="Epochs"/>, <see cref="MaxSteps"/> and <see cref="MaxTime"/> is given; the first that is reached
/// ends the run, and the learning-rate schedule is laid over what they allow.
/// </remarks>
public sealed record TrainerOptions
{
    /// <summary>Folder with <c>train/&lt;class&gt;/*.jpg</c> and, for evaluation, <c>test/&lt;class&gt;/*.jpg</c> or <c>val/...</c>.</summary>
    public required string Data { get; init; }

    /// <summary>The network. <see cref="ModelOptions.Classes"/> must be the number of class folders.</summary>
    public required ModelOptions Model { get; init; }

    /// <summary>How the network's blocks are integrated. A reverse sweep that drifts beyond the tolerance is reported
    /// (<see cref="TrainingProgress.Warning"/>) and never ends a run, whatever <see cref="SolverOptions.Failure"/> says.</summary>
    public SolverOptions Solver { get; init; } = new();

    /// <summary>The optimiser. Its learning rate is overwritten by <see cref="Schedule"/> at every step.</summary>
    public OptimizerOptions Optimizer { get; init; } = new();

    /// <summary>
    /// The learning rate over the run. <see cref="ScheduleOptions.TotalSteps"/> and <see cref="ScheduleOptions.Period"/> are set by
    /// the trainer: the schedule spans the run, and a step schedule drops the rate after each third of it.
    /// </summary>
    public ScheduleOptions Schedule { get; init; } = new();

    /// <summary>What the network computes in. A run keeps the one that it was started with.</summary>
    public Precision Precision { get; init; }

    /// <summary>How the loss is scaled; null is not at all, except with <see cref="Precision.Float16"/>, which takes the defaults.</summary>
    public GradientScalerOptions? GradientScaler { get; init; }

    /// <summary>Where the network is: "cpu", "cuda:0", ... A run may go on elsewhere, though not bit for bit.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Whether GPUs that have TensorFloat-32 may round Float32 to it in convolutions and matrix products. Without effect on a CPU.</summary>
    public bool AllowTf32 { get; init; }

    /// <summary>Images a step, 1 or more.</summary>
    public long BatchSize { get; init; } = 128;

    /// <summary>How training images are varied. Test images never are.</summary>
    public Augmentation Augmentation { get; init; }

    /// <summary>Decoding threads, 1 or more.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Whether a broken image ends the run; otherwise it is skipped and counted.</summary>
    public bool FailOnBrokenImages { get; init; }

    /// <summary>Passes over the training images, or null for no bound.</summary>
    public long? Epochs { get; init; }

    /// <summary>Optimiser steps, or null for no bound.</summary>
    public long? MaxSteps { get; init; }

    /// <summary>Time from the start of the run to its end, evaluations included, or null for no bound.</summary>
    public TimeSpan? MaxTime { get; init; }

    /// <summary>Time between checkpoints within an epoch; zero writes one after every step. One is written after each epoch and at the end.</summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Steps between checkpoints within an epoch, besides those of <see cref="CheckpointInterval"/>; null for none.</summary>
    public long? CheckpointEvery { get; init; }

    /// <summary>Most steps between two lines of the log and two reports of progress, 1 or more; slow steps report every ten seconds.</summary>
    public long ReportEvery { get; init; } = 20;

    /// <summary>Epochs between two evaluations on the test images, 1 or more. The end of the run is always evaluated.</summary>
    public long EvaluateEvery { get; init; } = 1;

    /// <summary>Seed of the order and the variation of the training images.</summary>
    public ulong Seed { get; init; }

    /// <summary>These options with the values taken out that may differ when a run is resumed: its bounds and its conveniences.</summary>
    internal TrainerOptions WithoutResumable() => this with
    {
        Data = "", Device = "cpu", Epochs = null, MaxSteps = null, MaxTime = null, Workers = 1, CheckpointInterval = default, CheckpointEvery = null,
        ReportEvery = 1, EvaluateEvery = 1, FailOnBrokenImages = false, Solver = Solver with { Failure = default },
    };

    /// <summary>Checks every value; throws <see cref="ArgumentException"/> that names the value and the remedy.</summary>
    internal void Validate()
    {
        PrecisionScope.Check(Precision, Device);
        AtLeastOne(BatchSize, nameof(BatchSize));
        AtLeastOne(Workers, nameof(Workers));
        AtLeastOne(ReportEvery, nameof(ReportEvery));
        AtLeastOne(EvaluateEvery, nameof(EvaluateEvery));
        AtLeastOne(CheckpointEvery ?? 1, nameof(CheckpointEvery));
        AtLeastOne(Epochs ?? 1, nameof(Epochs));
        AtLeastOne(MaxSteps ?? 1, nameof(MaxSteps));
        if (MaxTime <= TimeSpan.Zero) throw new ArgumentException($"MaxTime: {MaxTime} is not a positive time");
        if (CheckpointInterval < TimeSpan.Zero) throw new ArgumentException($"CheckpointInterval: {CheckpointInterval} is negative; zero or more is needed");
        if (Epochs is null && MaxSteps is null && MaxTime is null)
            throw new ArgumentException("the run has no end: give Epochs, MaxSteps or MaxTime");
    }

    private static void AtLeastOne(long value, string name)
    {
        if (value < 1) throw new ArgumentException($"{name}: {value} is below 1");
    }
}
