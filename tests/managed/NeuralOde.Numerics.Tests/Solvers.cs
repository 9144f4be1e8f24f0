namespace NeuralOde.Numerics.Tests;

/// <summary>What the tests know of the solvers.</summary>
internal static class Solvers
{
    /// <summary>Order of the solution, and evaluations of fixed steps: one of <paramref name="Stages"/> a step, <paramref name="Once"/> at the start;
    /// of implicit solvers they depend on the equations.</summary>
    internal sealed record Facts(int Order, int Stages, int Once, bool Adaptive);

    public static readonly SolverKind[] All = Enum.GetValues<SolverKind>();

    public static readonly SolverKind[] Explicit = [.. All.Where(solver => solver.IsExplicitRungeKutta())];

    public static readonly SolverKind[] Implicit = [.. All.Where(solver => solver.IsImplicit())];

    /// <summary>Those whose evaluations can be told from their steps.</summary>
    public static readonly SolverKind[] WithoutEquations = [.. All.Where(solver => !solver.IsImplicit())];

    public static readonly SolverKind[] Adaptive = [.. All.Where(solver => Of(solver).Adaptive)];

    public static readonly SolverKind[] ExplicitAdaptive = [.. Explicit.Where(solver => Of(solver).Adaptive)];

    public static Facts Of(SolverKind solver) => solver switch
    {
        SolverKind.Alf or SolverKind.ReversibleHeun => new(2, 1, 1, true),   // f(t0, z0)
        SolverKind.Euler => new(1, 1, 0, false),
        SolverKind.Midpoint or SolverKind.Heun => new(2, 2, 0, false),
        SolverKind.HeunEuler => new(2, 2, 0, true),
        SolverKind.Bosh3 => new(3, 3, 1, true),   // FSAL: the fourth stage is the next step's first
        SolverKind.Rk4 => new(4, 4, 0, false),
        SolverKind.Dopri5 or SolverKind.Tsit5 => new(5, 6, 1, true),
        SolverKind.Dopri8 => new(8, 13, 0, true),
        SolverKind.BackwardEuler => new(1, 0, 0, false),
        SolverKind.CrankNicolson => new(2, 0, 0, false),
        SolverKind.Trbdf2 => new(2, 0, 0, true),
        SolverKind.KenCarp3 => new(3, 0, 0, true),
        _ => throw new ArgumentOutOfRangeException(nameof(solver), solver, $"solver: {solver} is unknown to the tests; add it."),
    };
}
