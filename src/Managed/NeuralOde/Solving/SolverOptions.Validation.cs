using NeuralOde.Interop;

namespace NeuralOde;

public sealed partial record SolverOptions
{
    /// <summary>Throws unless every value is in its range and goes with the others.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The message names the option, its value and the remedy.</exception>
    internal void Validate()
    {
        Positive(StepSize ?? 1, nameof(StepSize), "give a positive length, or null for adaptive steps");
        Positive(RelativeTolerance, nameof(RelativeTolerance), "give a positive tolerance such as 1e-3");
        Positive(AbsoluteTolerance, nameof(AbsoluteTolerance), "give a positive tolerance such as 1e-6");
        Positive(InitialStepSize ?? 1, nameof(InitialStepSize), "give a positive length, or null to have it chosen");
        Positive(DriftTolerance ?? 1, nameof(DriftTolerance), "give a positive tolerance, or null for that of the state's type");
        Positive(NewtonTolerance ?? 1, nameof(NewtonTolerance), "give a positive tolerance, or null to have it chosen");
        Require.AtLeast(MaxSteps, 1, nameof(MaxSteps));
        Require.AtLeast(Checkpoints ?? 1, 1, nameof(Checkpoints));
        Require.AtLeast(DenseJacobianLimit ?? 1, 1, nameof(DenseJacobianLimit));
        Require.AtLeast(MaxNewtonIterations ?? 1, 1, nameof(MaxNewtonIterations));
        Require.AtLeast(KrylovDimension ?? 1, 1, nameof(KrylovDimension));
        Require.Member(Solver, nameof(Solver));
        Require.Member(Gradient, nameof(Gradient));
        Require.Member(Controller, nameof(Controller));
        Require.Member(Reversal, nameof(Reversal));
        Require.Member(Failure, nameof(Failure));
        Require.Member(Graphs, nameof(Graphs));
        ValidateSolver();
        ValidateCoupling();
        ValidateNewton();
        ValidateReversal();
        ValidateGradient();
        ValidateDenseOutput();
        ValidatePerSample();
    }

    private void ValidateSolver()
    {
        if (!(Eta > 0 && Eta <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(Eta), Eta, $"Eta: {Eta} is not in (0, 1]; 1 is undamped.");
        }

        if (Eta == 0.5)
        {
            throw new ArgumentOutOfRangeException(nameof(Eta), Eta,
                "Eta: 0.5 leaves the step without an inverse (1 - 2 eta == 0); choose another value in (0, 1].");
        }

        if (!Solver.IsAdaptive() && StepSize is null)
        {
            throw new ArgumentOutOfRangeException(nameof(StepSize), StepSize,
                $"StepSize: null asks for adaptive steps, and SolverKind.{Solver} has no error estimate; set a length, or take a solver that has one, such as SolverKind.Dopri5.");
        }

        if (Solver != SolverKind.Alf && Eta != 1)
        {
            throw new ArgumentOutOfRangeException(nameof(Eta), Eta, $"Eta: {Eta} damps SolverKind.Alf, which SolverKind.{Solver} is not; leave it 1, or take SolverKind.Alf.");
        }
    }

    private void ValidateCoupling()
    {
        if (Coupling is not (null or (> 0 and <= 1)))
        {
            throw new ArgumentOutOfRangeException(nameof(Coupling), Coupling, $"Coupling: {Coupling} is not in (0, 1]; 0.999 is usual, null leaves it to the gradient method.");
        }

        if (Coupling is not null && !Solver.IsExplicitRungeKutta())
        {
            throw new ArgumentOutOfRangeException(nameof(Coupling), Coupling,
                $"Coupling: {Coupling} couples steps of explicit Runge-Kutta methods, which SolverKind.{Solver} is not; leave it null, or take one such as SolverKind.Rk4.");
        }

        if (Gradient == GradientMethod.Reversible && !Solver.IsExplicitRungeKutta() && Solver != SolverKind.ReversibleHeun)
        {
            var instead = Solver == SolverKind.Alf ? GradientMethod.Mali : GradientMethod.Pnode;
            throw new ArgumentOutOfRangeException(nameof(Gradient), Gradient,
                $"Gradient: Reversible undoes steps of explicit Runge-Kutta methods and of SolverKind.ReversibleHeun, and not those of SolverKind.{Solver}; take GradientMethod.{instead}, or one of them.");
        }
    }

    private void ValidateNewton()
    {
        if (Solver.IsImplicit()) return;
        foreach (var (name, value) in ((string, object?)[])[(nameof(NewtonTolerance), NewtonTolerance), (nameof(DenseJacobianLimit), DenseJacobianLimit),
            (nameof(MaxNewtonIterations), MaxNewtonIterations), (nameof(KrylovDimension), KrylovDimension)])
        {
            if (value is null) continue;
            throw new ArgumentOutOfRangeException(name, value,
                $"{name}: {value} is for the equations of implicit solvers, and SolverKind.{Solver} solves none; leave it null, or take one such as SolverKind.Trbdf2.");
        }
    }

    private bool IsCoupled => Coupling is not null || (Gradient == GradientMethod.Reversible && Solver.IsExplicitRungeKutta());

    private void ValidateDenseOutput()
    {
        if (DenseOutput && (IsCoupled || Solver == SolverKind.ReversibleHeun))
        {
            throw new ArgumentOutOfRangeException(nameof(DenseOutput), DenseOutput,
                $"DenseOutput: True interpolates inside steps, and {(IsCoupled ? "coupled steps have" : $"SolverKind.{Solver} has")} no states there; leave it false, or take another solver without Coupling and a gradient method such as GradientMethod.Pnode.");
        }
    }

    private void ValidatePerSample()
    {
        if (!PerSample) return;
        var complaint = Solver != SolverKind.Alf && !(Solver.IsExplicitRungeKutta() && Solver.IsAdaptive())
                ? $"SolverKind.{Solver} makes one step for all samples; leave it false, or take SolverKind.Alf or an explicit solver with an error estimate, such as SolverKind.Dopri5"
            : StepSize is not null ? "StepSize asks for fixed steps, which are the same for every sample; leave one of them out"
            : Gradient is GradientMethod.Adjoint or GradientMethod.Reversible
                ? $"GradientMethod.{Gradient} has one step for all samples; leave it false, or take GradientMethod.Pnode"
            : Reversal == Reversal.Exact ? "Reversal.Exact undoes steps of all samples alone; leave it false, or take Reversal.Float"
            : Coupling is not null ? "Coupling is for steps of all samples; leave one of them out"
            : DenseOutput ? "such steps land on the times asked for; leave it or DenseOutput false"
            : CheckpointStages ? "such steps have no stages to keep; leave it or CheckpointStages false"
            : null;
        if (complaint is not null) throw new ArgumentOutOfRangeException(nameof(PerSample), PerSample, $"PerSample: True gives each sample steps of its own, and {complaint}.");
    }

    private void ValidateReversal()
    {
        var undoesSteps = Gradient is GradientMethod.Mali or GradientMethod.Reversible;
        if (Reversal == Reversal.Exact && Solver != SolverKind.Alf)
        {
            throw new ArgumentOutOfRangeException(nameof(Reversal), Reversal,
                $"Reversal: Exact undoes steps of SolverKind.Alf, and not those of SolverKind.{Solver}; take SolverKind.Alf, or Reversal.Float.");
        }

        if (Reversal == Reversal.Exact && Eta != 1)
        {
            throw new ArgumentOutOfRangeException(nameof(Eta), Eta,
                $"Eta: {Eta} cannot be undone to the bit; set it to 1 for Reversal.Exact, or take Reversal.Float.");
        }

        if (Reversal == Reversal.Exact && Gradient is not (GradientMethod.Mali or GradientMethod.None))
        {
            throw new ArgumentOutOfRangeException(nameof(Reversal), Reversal,
                $"Reversal: Exact is for steps that are undone, and GradientMethod.{Gradient} undoes none; take GradientMethod.Mali, or Reversal.Float.");
        }

        if (SnapshotInterval.Steps is not null && !undoesSteps)
        {
            throw new ArgumentOutOfRangeException(nameof(SnapshotInterval), SnapshotInterval,
                $"SnapshotInterval: {SnapshotInterval} keeps states for steps that are undone, and GradientMethod.{Gradient} undoes none; leave it Automatic, or take GradientMethod.Mali.");
        }

        if (DriftTolerance is not null && !undoesSteps)
        {
            throw new ArgumentOutOfRangeException(nameof(DriftTolerance), DriftTolerance,
                $"DriftTolerance: {DriftTolerance} is for steps that are undone, and GradientMethod.{Gradient} undoes none; leave it null, or take GradientMethod.Mali.");
        }
    }

    private void ValidateGradient()
    {
        if (Gradient == GradientMethod.Mali && Solver != SolverKind.Alf)
        {
            throw new ArgumentOutOfRangeException(nameof(Gradient), Gradient,
                $"Gradient: Mali undoes steps of SolverKind.Alf, and not those of SolverKind.{Solver}; take GradientMethod.Pnode, or SolverKind.Alf.");
        }

        if (Checkpoints is not null && Gradient != GradientMethod.Pnode)
        {
            throw new ArgumentOutOfRangeException(nameof(Checkpoints), Checkpoints,
                $"Checkpoints: {Checkpoints} bounds what GradientMethod.Pnode keeps, and GradientMethod.{Gradient} keeps none; leave it null, or take GradientMethod.Pnode.");
        }

        if (CheckpointStages && Gradient != GradientMethod.Pnode)
        {
            throw new ArgumentOutOfRangeException(nameof(CheckpointStages), CheckpointStages,
                $"CheckpointStages: True is of what GradientMethod.Pnode keeps, and GradientMethod.{Gradient} keeps no stages; leave it false, or take GradientMethod.Pnode.");
        }

        if (CheckpointStages && !Solver.IsImplicit())
        {
            throw new ArgumentOutOfRangeException(nameof(CheckpointStages), CheckpointStages,
                $"CheckpointStages: True saves implicit solvers from solving their equations again, and SolverKind.{Solver} has none; leave it false, or take one such as SolverKind.Trbdf2.");
        }

        if (AdjointSeminorm && Gradient != GradientMethod.Adjoint)
        {
            throw new ArgumentOutOfRangeException(nameof(AdjointSeminorm), AdjointSeminorm,
                $"AdjointSeminorm: True is a norm of GradientMethod.Adjoint, which GradientMethod.{Gradient} does not use; leave it false, or take GradientMethod.Adjoint.");
        }

        if (AdjointSeminorm && StepSize is not null)
        {
            throw new ArgumentOutOfRangeException(nameof(AdjointSeminorm), AdjointSeminorm,
                "AdjointSeminorm: True changes the error norm of adaptive steps, and StepSize asks for fixed ones; leave one of them out.");
        }
    }

    private static void Positive(double value, string name, string remedy)
    {
        if (!(value > 0 && double.IsFinite(value))) throw new ArgumentOutOfRangeException(name, value, $"{name}: {value} is not a positive number; {remedy}.");
    }
}
