namespace NeuralOde.Cli.Commands;

/// <summary>Which options of a solver go together. What does not is refused by the names of the command line, with what to give instead.</summary>
internal static class SolverCombinations
{
    /// <summary>Throws a <see cref="UsageException"/> unless all of <paramref name="options"/> go together.</summary>
    public static SolverOptions Check(SolverOptions options)
    {
        CheckSolver(options);
        CheckReversal(options);
        CheckGradient(options);
        return options;
    }

    private static void CheckSolver(SolverOptions options)
    {
        var solver = $"--solver {SolverNames.Of(options.Solver)}";
        if (options.Solver is SolverKind.Euler or SolverKind.Midpoint or SolverKind.Heun or SolverKind.Rk4 && options.StepSize is null)
            throw new UsageException($"{solver} has no error estimate that steps could adapt to: give --step-size, or a solver that has one, such as --solver dopri5");
        if (options.Solver == SolverKind.Alf) return;
        if (options.Eta != 1)
            throw new UsageException($"--eta {options.Eta} damps alf, which {solver} is not: leave it out, or give --solver alf");
        if (options.Reversal == Reversal.Exact)
            throw new UsageException($"--reversal exact undoes steps of alf, and not those of {solver}: give --solver alf, or --reversal float");
        if (options.Gradient == GradientMethod.Mali)
            throw new UsageException($"--gradient mali undoes steps of alf, and not those of {solver}: give --gradient pnode, or --solver alf");
    }

    private static void CheckReversal(SolverOptions options)
    {
        var exact = options.Reversal == Reversal.Exact;
        if (exact && options.Eta != 1)
            throw new UsageException($"--reversal exact undoes undamped steps only, and --eta is {options.Eta}: give --eta 1, or --reversal float");
        if (options.Gradient == GradientMethod.Mali) return;
        var gradient = $"--gradient {SolverNames.Of(options.Gradient)}";
        if (exact && options.Gradient != GradientMethod.None)
            throw new UsageException($"--reversal exact is for steps that are undone, and {gradient} undoes none: give --gradient mali, or --reversal float");
        if (options.SnapshotInterval.Steps is { } steps)
            throw new UsageException($"--snapshot-interval {steps} keeps states for steps that are undone, and {gradient} undoes none: give --gradient mali, or leave it out");
        if (options.DriftTolerance is { } tolerance)
            throw new UsageException($"--drift-tolerance {tolerance} is for steps that are undone, and {gradient} undoes none: give --gradient mali, or leave it out");
    }

    private static void CheckGradient(SolverOptions options)
    {
        var gradient = $"--gradient {SolverNames.Of(options.Gradient)}";
        if (options.Checkpoints is { } checkpoints && options.Gradient != GradientMethod.Pnode)
            throw new UsageException($"--checkpoints {checkpoints} bounds the states that pnode keeps, which {gradient} is not: give --gradient pnode, or leave it out");
        if (options.AdjointSeminorm && options.Gradient != GradientMethod.Adjoint)
            throw new UsageException($"--adjoint-seminorm is for the steps of adjoint, which {gradient} is not: give --gradient adjoint, or leave it out");
        if (options.AdjointSeminorm && options.StepSize is not null)
            throw new UsageException("--adjoint-seminorm is for adaptive steps, and --step-size asks for fixed ones: give --rtol and --atol, or leave it out");
    }
}
