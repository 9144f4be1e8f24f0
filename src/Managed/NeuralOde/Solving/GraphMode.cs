namespace NeuralOde;

/// <summary>Whether sweeps of fixed steps on a GPU are recorded as CUDA graphs and replayed, by one launch, in later solves of the same dynamics with
/// the same options, times and shapes; <see cref="Solution.Graphs"/> tells. Parameters may be changed in place between them. Which solves can be
/// is said in docs/cuda.md.</summary>
public enum GraphMode
{
    /// <summary>Where they can be.</summary>
    Automatic = 0,

    /// <summary>Never. The default, until graphs have been shown on a GPU.</summary>
    Off = 1,

    /// <summary>Or the solve throws a <see cref="NeuralOdeException"/> with <see cref="Status.Unsupported"/>, which says why not.</summary>
    Required = 2,
}
