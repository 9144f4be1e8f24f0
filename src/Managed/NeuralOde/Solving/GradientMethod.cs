namespace NeuralOde;

/// <summary>How gradients of a solution are had.</summary>
public enum GradientMethod
{
    /// <summary>A reverse sweep by the inverse of the solver's step: memory does not grow with the number of steps, but for
    /// the snapshots that <see cref="SolverOptions.SnapshotInterval"/> has it keep. Zhuang et al. 2021.</summary>
    Mali = 0,

    /// <summary>Autograd keeps the whole graph: memory grows with the number of steps.</summary>
    Backprop = 1,

    /// <summary>No gradient; nothing is kept.</summary>
    None = 2,
}
