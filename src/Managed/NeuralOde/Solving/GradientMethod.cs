namespace NeuralOde;

/// <summary>How gradients of a solution are had. All but <see cref="Adjoint"/> give those of the steps that were made: to
/// rounding; for implicit steps, to the error of their equations (<see cref="SolverOptions.NewtonTolerance"/>).</summary>
public enum GradientMethod
{
    /// <summary>A reverse sweep by the inverse of <see cref="SolverKind.Alf"/>'s step, with no other solver: memory does not grow with the number
    /// of steps, but for the snapshots that <see cref="SolverOptions.SnapshotInterval"/> has it keep. Costs one linearised evaluation of f a
    /// step. Zhuang et al. 2021.</summary>
    Mali = 0,

    /// <summary>Autograd keeps the whole graph: memory grows with the number of stages.</summary>
    Backprop = 1,

    /// <summary>No gradient; nothing is kept.</summary>
    None = 2,

    /// <summary>Solves the adjoint ODE backward from the end state, which is all that is kept, with the same solver and the state solved back
    /// along with it. The gradients are those of the continuous problem: they differ from the steps' by the solver's error.
    /// <see cref="SolverOptions.AdjointSeminorm"/> makes its adaptive steps cheaper. Chen et al. 2018.</summary>
    Adjoint = 3,

    /// <summary>Keeps the state after every step; the reverse sweep makes each step once more from its state, and differentiates it: one
    /// linearised evaluation of f a stage. Zhuang et al. 2020.</summary>
    Aca = 4,

    /// <summary>Keeps z0 alone; the reverse sweep first makes all steps again and keeps their states, then does as <see cref="Aca"/>. Of several
    /// blocks in a row only one has its states alive at a time. Gholami et al. 2019.</summary>
    Anode = 5,

    /// <summary>As <see cref="Aca"/> with at most <see cref="SolverOptions.Checkpoints"/> states kept at once: the others are made again, in the
    /// order that costs the fewest steps. Zhang and Zhao 2022; Griewank and Walther 2000.</summary>
    Pnode = 6,

    /// <summary>As <see cref="Mali"/>, for <see cref="SolverKind.ReversibleHeun"/> and for every explicit Runge-Kutta method, whose steps are coupled
    /// to be reversible by <see cref="SolverOptions.Coupling"/>. Kidger et al. 2021; McCallum and Foster 2024.</summary>
    Reversible = 7,
}
