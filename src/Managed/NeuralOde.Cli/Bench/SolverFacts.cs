namespace NeuralOde.Cli.Bench;

/// <summary>What the cost of steps follows from.</summary>
/// <param name="PerStep">Evaluations of f in an explicit step, or stages of an implicit one.</param>
/// <param name="Once">Evaluations at t0, which later steps take over.</param>
/// <param name="StartInReverse">Linearised evaluations of the reverse sweep at t0.</param>
/// <param name="TensorsOfState">State-sized tensors that a step goes from to the next one.</param>
/// <param name="SolvedStages">Stages that equations are solved for.</param>
internal sealed record SolverFacts(long PerStep, long Once, long StartInReverse, long TensorsOfState, long SolvedStages = 0)
{
    public static SolverFacts Of(SolverOptions options)
    {
        var facts = options.Solver switch
        {
            SolverKind.Alf => new SolverFacts(1, 1, 1, 2),
            SolverKind.ReversibleHeun => new(1, 1, 1, 3),
            SolverKind.Rk4 => new(4, 0, 0, 1),
            SolverKind.Dopri5 => new(6, 1, 0, 1),   // the seventh stage is the next step's first
            SolverKind.BackwardEuler => new(1, 0, 0, 1, 1),
            SolverKind.Trbdf2 => new(3, 0, 0, 1, 2),
            SolverKind.KenCarp3 => new(4, 0, 0, 1, 3),
            _ => throw new ArgumentOutOfRangeException(nameof(options), options.Solver, "not measured here"),
        };
        var coupled = options.Coupling is not null || (options.Gradient == GradientMethod.Reversible && options.Solver.IsExplicitRungeKutta());
        return coupled ? new(2 * (facts.PerStep + facts.Once), 0, 0, 2) : facts;
    }

    public long Forward(long steps) => steps * PerStep + Once;

    public long Backward(long steps) => steps * PerStep + StartInReverse;
}
