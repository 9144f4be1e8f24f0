namespace NeuralOde.Managed;

/// <summary>The length of the next step from the scaled error norms e of the last accepted ones, newest first; k: order of the estimate.
/// h_next = h clamp(0.9 e1^(-a/k) e2^(b/k) e3^(-c/k), 0.2, 5), and h clamp(0.9 e1^(-1/k), 0.2, 1) after a rejection. The native library's rule
/// (native/src/solvers/step_size.h): Gustafsson 1991 (Pi), Söderlind 1998 (Pid).</summary>
internal sealed class StepController(StepSizeController kind, double errorOrder)
{
    private const double Safety = 0.9;
    private const double Smallest = 0.2;
    private const double Largest = 5;

    private double _previous = 1;
    private double _beforePrevious = 1;
    private bool _rejected;

    /// <summary>Factor for the step after one whose scaled error norm was <paramref name="error"/>, accepted if at most 1. What is not finite
    /// counts as infinite.</summary>
    public double Factor(double error)
    {
        if (!(error <= 1))
        {
            _rejected = true;
            return double.IsFinite(error) ? Math.Clamp(Safety * Math.Pow(error, -1 / errorOrder), Smallest, 1) : Smallest;
        }

        var (newest, previous, before) = kind switch
        {
            StepSizeController.I => (1.0, 0.0, 0.0),
            StepSizeController.Pid => (0.58, 0.21, 0.1),
            _ => (0.85, 0.2, 0.0),
        };
        var bounded = Math.Max(error, 1e-4);   // a first step that is far too short must not hold back the ones after the next
        var factor = Safety * Math.Pow(bounded, -newest / errorOrder) * Math.Pow(_previous, previous / errorOrder)
            * Math.Pow(_beforePrevious, -before / errorOrder);
        (_beforePrevious, _previous) = (_previous, bounded);
        var largest = _rejected ? 1 : Largest;   // the step after a rejection does not grow
        _rejected = false;
        return Math.Clamp(factor, Smallest, largest);
    }
}
