namespace NeuralOde;

/// <summary>The method of one step: its order in the step's length, and its stages, the evaluations of f that it is made of. Steps can
/// adapt to the tolerances where the method has an error estimate; an order p(q) tells that of the estimate's solution too. Where the
/// last stage is the next step's first (FSAL), N steps cost one evaluation less each. Implicit methods solve equations for their stages, by
/// Newton's method, and are for stiff f.</summary>
public enum SolverKind
{
    /// <summary>Asynchronous leapfrog: order 2 (1 when damped), 1 evaluation a step, reversible, adaptive. Zhuang et al. 2021.</summary>
    Alf = 0,

    /// <summary>Euler's method: order 1, 1 stage; needs a <see cref="SolverOptions.StepSize"/>. Euler 1768.</summary>
    Euler = 1,

    /// <summary>The explicit midpoint rule: order 2, 2 stages; needs a <see cref="SolverOptions.StepSize"/>. Runge 1895.</summary>
    Midpoint = 2,

    /// <summary>The explicit trapezoidal rule: order 2, 2 stages; needs a <see cref="SolverOptions.StepSize"/>. Heun 1900.</summary>
    Heun = 3,

    /// <summary><see cref="Heun"/> with Euler's method embedded: order 2(1), 2 stages, adaptive.</summary>
    HeunEuler = 4,

    /// <summary>Order 3(2), 4 stages, FSAL, adaptive. Bogacki and Shampine 1989.</summary>
    Bosh3 = 5,

    /// <summary>The classical Runge-Kutta method: order 4, 4 stages; needs a <see cref="SolverOptions.StepSize"/>. Kutta 1901.</summary>
    Rk4 = 6,

    /// <summary>Order 5(4), 7 stages, FSAL, adaptive. Dormand and Prince 1980.</summary>
    Dopri5 = 7,

    /// <summary>Order 5(4), 7 stages, FSAL, adaptive. Tsitouras 2011.</summary>
    Tsit5 = 8,

    /// <summary>Order 8(7), 13 stages, adaptive. Prince and Dormand 1981.</summary>
    Dopri8 = 9,

    /// <summary>Order 2(1), 1 evaluation a step, reversible, adaptive. Kidger et al. 2021.</summary>
    ReversibleHeun = 10,

    /// <summary>Implicit: order 1, 1 stage, L-stable; needs a <see cref="SolverOptions.StepSize"/>.</summary>
    BackwardEuler = 11,

    /// <summary>The implicit trapezoidal rule: order 2, 2 stages, A-stable; needs a <see cref="SolverOptions.StepSize"/>. Crank and Nicolson 1947.</summary>
    CrankNicolson = 12,

    /// <summary>Implicit: order 2(3), 3 stages, L-stable, adaptive. Hosea and Shampine 1996.</summary>
    Trbdf2 = 13,

    /// <summary>Order 3(2), 4 stages, L-stable, adaptive: implicit on all of f or, where the dynamics are
    /// <see cref="Dynamics.Split(Dynamics, Dynamics)"/>, on their implicit part alone (IMEX). ARK3(2)4L[2]SA of Kennedy and Carpenter 2003.</summary>
    KenCarp3 = 14,
}
