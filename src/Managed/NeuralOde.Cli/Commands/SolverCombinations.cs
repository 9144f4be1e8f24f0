namespace NeuralOde.Cli.Commands;

/// <summary>Which options of a solver go together. What does not is refused by the names of the command line, with what to give instead.</summary>
internal static class SolverCombinations
{
    /// <summary>Throws a <see cref="UsageException"/> unless all of <paramref name="options"/> go together.</summary>
    public static SolverOptions Check(SolverOptions options)
    {
        CheckSolver(options);
        CheckCoupling(options);
        CheckEquations(options);
        CheckReversal(options);
        CheckGradient(options);
        CheckDenseOutput(options);
        CheckPerSample(options);
        return options;
    }

    /// <summary>Throws a <see cref="UsageException"/> unless a --snapshot-interval that was given, none and auto included, is of use.</summary>
    public static SolverOptions CheckSnapshots(SolverOptions options)
    {
        if (options.Gradient is GradientMethod.Mali or GradientMethod.Reversible) return options;
        throw new UsageException($"--snapshot-interval {options.SnapshotInterval} keeps states for steps that are undone, and --gradient {SolverNames.Of(options.Gradient)} undoes none: "
            + "give --gradient mali, or leave it out");
    }

    private static void CheckSolver(SolverOptions options)
    {
        var solver = $"--solver {SolverNames.Of(options.Solver)}";
        if (!options.Solver.IsAdaptive() && options.StepSize is null)
            throw new UsageException($"{solver} has no error estimate that steps could adapt to: give --step-size, or a solver that has one, such as --solver {(options.Solver.IsImplicit() ? "trbdf2" : "dopri5")}");
        if (options.Solver == SolverKind.Alf) return;
        if (options.Eta != 1)
            throw new UsageException($"--eta {options.Eta} damps alf, which {solver} is not: leave it out, or give --solver alf");
        if (options.Reversal == Reversal.Exact)
            throw new UsageException($"--reversal exact undoes steps of alf, and not those of {solver}: give --solver alf, or --reversal float");
        if (options.Gradient == GradientMethod.Mali)
            throw new UsageException($"--gradient mali undoes steps of alf, and not those of {solver}: give --gradient pnode, or --solver alf");
    }

    private static void CheckCoupling(SolverOptions options)
    {
        var solver = SolverNames.Of(options.Solver);
        if (options.Solver.IsExplicitRungeKutta()) return;
        if (options.Coupling is { } coupling)
            throw new UsageException($"--coupling {coupling} couples steps of explicit Runge-Kutta methods, which --solver {solver} is not: leave it out, or give one such as --solver rk4");
        if (options.Gradient != GradientMethod.Reversible || options.Solver == SolverKind.ReversibleHeun) return;
        throw new UsageException($"--gradient reversible undoes steps of reversible-heun and of explicit Runge-Kutta methods, and not those of --solver {solver}: "
            + $"give --gradient {(options.Solver == SolverKind.Alf ? "mali" : "pnode")}, or another solver");
    }

    private static void CheckEquations(SolverOptions options)
    {
        if (options.Solver.IsImplicit()) return;
        var option = options.NewtonTolerance is not null ? "--newton-tolerance"
            : options.DenseJacobianLimit is not null ? "--dense-jacobian-limit"
            : options.MaxNewtonIterations is not null ? "--max-newton-iterations"
            : options.KrylovDimension is not null ? "--krylov-dimension" : null;
        if (option is not null)
            throw new UsageException($"{option} is for the equations of implicit solvers, and --solver {SolverNames.Of(options.Solver)} solves none: leave it out, or give --solver trbdf2");
    }

    private static void CheckDenseOutput(SolverOptions options)
    {
        if (!options.DenseOutput) return;
        if (options.Solver == SolverKind.ReversibleHeun)
            throw new UsageException("--dense-output interpolates inside steps, and --solver reversible-heun has no states there: leave it out, or give another solver such as --solver dopri5");
        if (options.Coupling is not null)
            throw new UsageException("--dense-output interpolates inside steps, and --coupling leaves no states there: leave one of them out");
        if (options.Gradient == GradientMethod.Reversible)
            throw new UsageException("--dense-output interpolates inside steps, and --gradient reversible couples them, without states there: leave it out, or give --gradient pnode");
    }

    private static void CheckPerSample(SolverOptions options)
    {
        if (!options.PerSample) return;
        var complaint = options.Solver != SolverKind.Alf && !(options.Solver.IsExplicitRungeKutta() && options.Solver.IsAdaptive())
                ? $"--solver {SolverNames.Of(options.Solver)} makes one step for all samples: leave it out, or give --solver dopri5, alf or another explicit one with an error estimate"
            : options.StepSize is not null ? "--step-size asks for fixed ones: give --rtol and --atol, or leave it out"
            : options.Gradient is GradientMethod.Adjoint or GradientMethod.Reversible
                ? $"--gradient {SolverNames.Of(options.Gradient)} has one step for all samples: leave it out, or give --gradient pnode"
            : options.Reversal == Reversal.Exact ? "--reversal exact undoes steps of all samples alone: leave it out, or give --reversal float"
            : options.Coupling is not null ? "--coupling is for steps of all samples: leave one of them out"
            : options.DenseOutput ? "such steps land on --t-eval: leave out --dense-output"
            : null;
        if (complaint is not null) throw new UsageException($"--per-sample gives each sample steps of its own, and {complaint}");
    }

    private static void CheckReversal(SolverOptions options)
    {
        var exact = options.Reversal == Reversal.Exact;
        if (exact && options.Eta != 1)
            throw new UsageException($"--reversal exact undoes undamped steps only, and --eta is {options.Eta}: give --eta 1, or --reversal float");
        if (options.Gradient is GradientMethod.Mali or GradientMethod.Reversible) return;
        var gradient = $"--gradient {SolverNames.Of(options.Gradient)}";
        if (exact && options.Gradient != GradientMethod.None)
            throw new UsageException($"--reversal exact is for steps that are undone, and {gradient} undoes none: give --gradient mali, or --reversal float");
        if (options.DriftTolerance is { } tolerance)
            throw new UsageException($"--drift-tolerance {tolerance} is for steps that are undone, and {gradient} undoes none: give --gradient mali, or leave it out");
    }

    private static void CheckGradient(SolverOptions options)
    {
        var gradient = $"--gradient {SolverNames.Of(options.Gradient)}";
        if (options.Checkpoints is { } checkpoints && options.Gradient != GradientMethod.Pnode)
            throw new UsageException($"--checkpoints {checkpoints} bounds the states that pnode keeps, which {gradient} is not: give --gradient pnode, or leave it out");
        if (options.CheckpointStages && options.Gradient != GradientMethod.Pnode)
            throw new UsageException($"--checkpoint-stages is of what pnode keeps, which {gradient} is not: give --gradient pnode, or leave it out");
        if (options.CheckpointStages && !options.Solver.IsImplicit())
            throw new UsageException($"--checkpoint-stages is for implicit solvers, which --solver {SolverNames.Of(options.Solver)} is not: leave it out, or give --solver trbdf2");
        if (options.AdjointSeminorm && options.Gradient != GradientMethod.Adjoint)
            throw new UsageException($"--adjoint-seminorm is for the steps of adjoint, which {gradient} is not: give --gradient adjoint, or leave it out");
        if (options.AdjointSeminorm && options.StepSize is not null)
            throw new UsageException("--adjoint-seminorm is for adaptive steps, and --step-size asks for fixed ones: give --rtol and --atol, or leave it out");
    }
}
