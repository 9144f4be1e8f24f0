namespace NeuralOde;

/// <summary>How a native call, or a solve, went. The values are those of <c>neuralode_status_code</c>.</summary>
public enum Status
{
    /// <summary>It did not fail.</summary>
    Ok = 0,

    /// <summary>An argument is out of its range; nothing was done.</summary>
    InvalidArgument = 1,

    /// <summary>libtorch or the library failed inside the call.</summary>
    RuntimeError = 2,

    /// <summary>Memory could not be allocated.</summary>
    OutOfMemory = 3,

    /// <summary>A file is missing, unreadable, truncated or not of the expected format.</summary>
    IoError = 4,

    /// <summary>A callback failed. What a C# callback threw is rethrown as itself instead.</summary>
    CallbackFailed = 5,

    /// <summary>What was asked for is not supported; the text says what is.</summary>
    Unsupported = 6,

    /// <summary>Adaptive control asked for a step below the smallest that t can resolve.</summary>
    StepSizeUnderflow = 7,

    /// <summary>More steps than <see cref="SolverOptions.MaxSteps"/> were needed.</summary>
    StepLimit = 8,

    /// <summary>The dynamics or the state became infinite or not a number.</summary>
    NonFinite = 9,

    /// <summary>Something outside the library's knowledge was thrown.</summary>
    UnknownError = 10,

    /// <summary><see cref="Reversal.Exact"/>: the state left the range of its fixed-point numbers.</summary>
    LatticeOverflow = 11,

    /// <summary>The states that a reverse sweep reconstructed are further from the known ones than <see cref="SolverOptions.DriftTolerance"/>.</summary>
    Drift = 12,

    /// <summary>The equations of an implicit step could not be solved.</summary>
    NoConvergence = 13,

    /// <summary>A step callback asked to stop, or the solve was cancelled.</summary>
    Cancelled = 14,
}
