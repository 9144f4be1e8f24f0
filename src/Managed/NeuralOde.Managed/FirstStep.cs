namespace NeuralOde.Managed;

/// <summary>A length for the first adaptive step. Source: Hairer, Norsett &amp; Wanner, Solving ODEs I, II.4; native/src/solvers/first_step.h.</summary>
internal static class FirstStep
{
    /// <summary>A hundredth of the time in which z changes by its own size, at most span; from the scaled norms of z and f(t0, z).</summary>
    public static double Guess(double size, double speed, double span) =>
        Math.Min(size < 1e-5 || speed < 1e-5 ? 1e-6 : 0.01 * size / speed, span);

    /// <summary>The rest of the rule, for an error estimate of order <paramref name="errorOrder"/>; curvature: scaled norm of f's change over the
    /// guess, divided by it.</summary>
    public static double Second(double guess, double speed, double curvature, int errorOrder, double span)
    {
        var steepest = Math.Max(speed, curvature);
        var step = steepest <= 1e-15 ? Math.Max(1e-6, guess * 1e-3) : Math.Pow(0.01 / steepest, 1.0 / errorOrder);
        return Math.Min(Math.Min(100 * guess, double.IsFinite(step) ? step : guess), span);
    }
}
