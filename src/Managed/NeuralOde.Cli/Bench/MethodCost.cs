namespace NeuralOde.Cli.Bench;

/// <summary>What a solver and a gradient method cost over N steps: by formula (docs/method.md), or as measured. Null is what no formula tells.</summary>
/// <param name="NfeForward">Evaluations of f in the forward sweep; of implicit and adaptive steps they depend on the solution.</param>
/// <param name="NfeBackward">Linearised evaluations in the reverse sweep; of adjoint, evaluations of the adjoint ODE. Backprop makes none of its own.</param>
/// <param name="StepsReplayed">Steps that the reverse sweep makes again.</param>
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
        return options.Gradient switch
        {
            GradientMethod.Mali or GradientMethod.Reversible => new(forward, backward, 0, 0),
            GradientMethod.Aca => new(forward, backward, 0, steps - 1),
            GradientMethod.Anode => new(forward, backward, steps - 1, steps - 1),
            GradientMethod.Pnode => OfPnode(forward, backward, steps, options.Checkpoints ?? steps, fixedSteps),
            GradientMethod.Adjoint => new(forward, forward, 0, 0),
            _ => new(forward, 0, 0, 0),
        };
    }

    public static MethodCost Measured(SolverStatistics s) => new(s.NfeForward, s.NfeBackward, s.StepsReplayed, s.Snapshots);

    /// <summary>The optimum is reached where the number of steps is known before; adaptive steps may make more again.</summary>
    private static MethodCost OfPnode(long? forward, long? backward, long steps, long checkpoints, bool fixedSteps) => new(
        forward, backward, fixedSteps || checkpoints >= steps - 1 ? FewestReplayed(steps, checkpoints) : null, Math.Min(checkpoints, steps - 1));

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
