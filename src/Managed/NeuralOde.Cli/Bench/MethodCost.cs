namespace NeuralOde.Cli.Bench;

/// <summary>What a solver and a gradient method cost over N steps: by formula (docs/method.md), or as measured. Null is what no formula tells.</summary>
/// <param name="NfeForward">Evaluations of f in the forward sweep; of implicit and adaptive steps they depend on the solution.</param>
/// <param name="NfeBackward">Linearised evaluations in the reverse sweep; of adjoint, evaluations of the adjoint ODE. Backprop makes none of its own.</param>
/// <param name="StepsReplayed">Steps that the reverse sweep makes again, or solves again for the stages of an implicit one.</param>
/// <param name="StatesKept">Most states kept at once besides z0 and the end.</param>
internal sealed record MethodCost(long? NfeForward, long? NfeBackward, long? StepsReplayed, long? StatesKept)
{
    /// <summary>Of <paramref name="steps"/> steps, which are fixed or the accepted ones.</summary>
    public static MethodCost Predicted(SolverOptions options, long steps)
    {
        var fixedSteps = options.StepSize is not null;
        var facts = SolverFacts.Of(options);
        long? forward = fixedSteps && !options.Solver.IsImplicit() ? facts.Forward(steps) : null;
        long? backward = facts.Backward(steps);
        var solved = options.Solver.IsImplicit() ? steps : 0;
        return options.Gradient switch
        {
            GradientMethod.Mali or GradientMethod.Reversible => new(forward, backward, 0, 0),
            GradientMethod.Aca => new(forward, backward, solved, steps - 1),
            GradientMethod.Anode => new(forward, backward, steps - 1 + solved, steps - 1),
            GradientMethod.Pnode => OfPnode(forward, backward, steps, options, solved),
            GradientMethod.Adjoint => new(forward, forward, 0, 0),
            _ => new(forward, 0, 0, 0),
        };
    }

    public static MethodCost Measured(SolverStatistics s) => new(s.NfeForward, s.NfeBackward, s.StepsReplayed, s.Snapshots);

    /// <summary>The optimum is reached where the number of steps is known before; adaptive steps may make more again. A state that was kept with the stages
    /// of its step spares solving for them once.</summary>
    private static MethodCost OfPnode(long? forward, long? backward, long steps, SolverOptions options, long solved)
    {
        var kept = Math.Min(options.Checkpoints ?? steps, steps - 1);
        var spared = options.CheckpointStages ? kept : 0;
        return new(forward, backward, options.StepSize is not null || kept == steps - 1 ? FewestReplayed(steps, kept) + solved - spared : null, kept);
    }

    /// <summary>(r - 1) N + r - C(S + r + 1, S + 2), r least with N + 1 at most C(S + 1 + r, r). Griewank &amp; Walther 2000.</summary>
    private static long FewestReplayed(long steps, long checkpoints)
    {
        if (checkpoints >= steps - 1) return 0;
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
}
