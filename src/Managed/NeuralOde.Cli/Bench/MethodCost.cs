namespace NeuralOde.Cli.Bench;

/// <summary>What a solver and a gradient method cost over N fixed steps: by formula (docs/method.md), or as measured.</summary>
/// <param name="NfeForward">Evaluations of f in the forward sweep.</param>
/// <param name="NfeBackward">Linearised evaluations in the reverse sweep; of adjoint, evaluations of the adjoint ODE. Backprop makes none of its own.</param>
/// <param name="StepsReplayed">Steps that the reverse sweep makes again.</param>
/// <param name="StatesKept">Most states kept at once besides z0 and the end.</param>
internal sealed record MethodCost(long NfeForward, long NfeBackward, long StepsReplayed, long StatesKept)
{
    public static MethodCost Predicted(SolverKind solver, GradientMethod gradient, long steps, long checkpoints)
    {
        var (stages, isFirstSameAsLast) = Stages(solver);
        var once = solver == SolverKind.Alf || isFirstSameAsLast ? 1 : 0;   // the evaluation at t0, which later steps take over
        var perStep = stages - (isFirstSameAsLast ? 1 : 0);
        var forward = steps * perStep + once;
        var adjoints = steps * perStep + (solver == SolverKind.Alf ? 1 : 0);
        return gradient switch
        {
            GradientMethod.Mali => new(forward, adjoints, 0, 0),
            GradientMethod.Aca => new(forward, adjoints, 0, steps - 1),
            GradientMethod.Anode => new(forward, adjoints, steps - 1, steps - 1),
            GradientMethod.Pnode => new(forward, adjoints, FewestReplayed(steps, checkpoints), Math.Min(checkpoints, steps - 1)),
            GradientMethod.Adjoint => new(forward, forward, 0, 0),
            _ => new(forward, 0, 0, 0),
        };
    }

    public static MethodCost Measured(SolverStatistics s) => new(s.NfeForward, s.NfeBackward, s.StepsReplayed, s.Snapshots);

    /// <summary>(r - 1) N + r - C(S + r + 1, S + 2), r least with N + 1 at most C(S + 1 + r, r). Griewank &amp; Walther 2000.</summary>
    private static long FewestReplayed(long steps, long checkpoints)
    {
        long r = 0;
        while (Binomial(checkpoints + 1 + r, r) < steps + 1) r++;
        return (r - 1) * steps + r - Binomial(checkpoints + r + 1, checkpoints + 2);
    }

    private static long Binomial(long n, long k)
    {
        if (k < 0 || k > n) return 0;
        var result = 1L;
        for (var i = 1; i <= Math.Min(k, n - k); i++) result = result * (n - Math.Min(k, n - k) + i) / i;
        return result;
    }

    private static (long Stages, bool IsFirstSameAsLast) Stages(SolverKind solver) => solver switch
    {
        SolverKind.Alf => (1, false),
        SolverKind.Rk4 => (4, false),
        SolverKind.Dopri5 => (7, true),
        _ => throw new ArgumentOutOfRangeException(nameof(solver), solver, "not measured here"),
    };
}
