namespace NeuralOde;

/// <summary>How a run ended.</summary>
public enum TrainingOutcome
{
    /// <summary>It reached one of its bounds.</summary>
    Finished,

    /// <summary>It was cancelled; its checkpoint holds everything that is needed to go on.</summary>
    Stopped,
}

/// <summary>The end of a run. It is also the run folder's result.json.</summary>
public sealed record TrainingResult
{
    /// <summary>How the run ended.</summary>
    public required TrainingOutcome Outcome { get; init; }

    /// <summary>Share of the test images classified correctly; null without test images or if the run was stopped before an evaluation.</summary>
    public required double? TestAccuracy { get; init; }

    /// <summary>Mean loss on the test images; null as <see cref="TestAccuracy"/>.</summary>
    public required double? TestLoss { get; init; }

    /// <summary>Training images a second over the run: data, forward, backward and optimiser, without evaluations and checkpoints.</summary>
    public required double TrainImagesPerSecond { get; init; }

    /// <summary>Passes over the training images, a last incomplete one as its share.</summary>
    public required double Epochs { get; init; }

    /// <summary>Optimiser steps.</summary>
    public required long Steps { get; init; }

    /// <summary>Seconds over all sessions of the run, evaluations included.</summary>
    public required double Seconds { get; init; }

    /// <summary>Most bytes of tensors alive above those alive before the run. 0 where <see cref="TensorMemory"/> does not track.</summary>
    public required long PeakBytes { get; init; }

    /// <summary>Evaluations of the blocks' dynamics in the forward sweeps of all training steps.</summary>
    public required long NfeForward { get; init; }

    /// <summary>Linearised evaluations of the blocks' dynamics in the reverse sweeps of all training steps.</summary>
    public required long NfeBackward { get; init; }

    /// <summary>What the network computed in.</summary>
    public Precision Precision { get; init; }

    /// <summary>Where it was in this session.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Whether images and convolutions were laid out with the channels last: on GPUs.</summary>
    public bool ChannelsLast { get; init; }

    /// <summary>Steps that changed nothing because a scaled gradient overflowed; 0 without a <see cref="GradientScaler"/>.</summary>
    public long SkippedSteps { get; init; }

    /// <summary>Share of the training steps' time that was spent waiting for batches, in [0, 1]: on a CPU by the clock; on a GPU the time between
    /// the end of a step's work and the arrival of the next batch, by events. Much above 0: more <see cref="TrainerOptions.Workers"/> may help.</summary>
    public double DataWaitShare { get; init; }

    /// <summary>Broken images that were skipped in this session, "path: reason".</summary>
    public IReadOnlyList<string> BrokenImages { get; init; } = [];
}
