namespace NeuralOde;

/// <summary>What a solve that cannot go on, and a reverse sweep that drifts too far, do. It concerns <see cref="Status.StepSizeUnderflow"/>,
/// <see cref="Status.StepLimit"/>, <see cref="Status.NonFinite"/>, <see cref="Status.LatticeOverflow"/>, <see cref="Status.NoConvergence"/>,
/// <see cref="Status.Cancelled"/> and <see cref="Status.Drift"/>; anything else is always an exception.</summary>
public enum FailureMode
{
    /// <summary>The solve, or the backward, throws a <see cref="NeuralOdeException"/> with the status.</summary>
    Exception = 0,

    /// <summary>It returns; <see cref="Solution.Status"/> tells. A failed solve holds the last good state, which no gradient passes. A backward that
    /// cannot go on, as the solve of <see cref="GradientMethod.Adjoint"/> may not, throws all the same: it has no gradients to give.</summary>
    Value = 1,
}
