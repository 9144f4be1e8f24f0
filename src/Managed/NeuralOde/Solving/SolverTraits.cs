namespace NeuralOde;

/// <summary>What the solvers can do.</summary>
public static class SolverTraits
{
    /// <summary>Whether the method has an error estimate that steps adapt to; the others need a <see cref="SolverOptions.StepSize"/>.</summary>
    public static bool IsAdaptive(this SolverKind solver) => solver is not (SolverKind.Euler or SolverKind.Midpoint or SolverKind.Heun or SolverKind.Rk4
        or SolverKind.BackwardEuler or SolverKind.CrankNicolson);

    /// <summary>Whether the method is an explicit Runge-Kutta method, whose steps <see cref="SolverOptions.Coupling"/> makes reversible.</summary>
    public static bool IsExplicitRungeKutta(this SolverKind solver) => solver is >= SolverKind.Euler and <= SolverKind.Dopri8;

    /// <summary>Whether the method solves equations in each step.</summary>
    public static bool IsImplicit(this SolverKind solver) => solver is >= SolverKind.BackwardEuler and <= SolverKind.KenCarp3;
}
