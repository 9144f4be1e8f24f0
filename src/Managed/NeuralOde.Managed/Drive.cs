using System.Numerics;

namespace NeuralOde.Managed;

/// <summary>The loop over steps, from t0 through every landing time. The native library's rules (native/src/solvers/drive.cpp): fixed steps
/// have the given length but the last before each landing time, which ends on it; adaptive ones are cut short by it.</summary>
internal sealed class Drive<T>(Stepper<T> stepper, SolverOptions options, Grid grid, Action<int> beforeStep) where T : unmanaged, IFloatingPointIeee754<T>
{
    private const double Epsilon = 1.0 / (1L << 52);

    private readonly StepController _controller = new(options.Controller, stepper.ErrorOrder);
    private double _t;
    private double _suggested;
    private long _attempts;
    private int _announced = -1;

    /// <summary>Steps through all landings; <paramref name="onLanding"/> is told the index of each that is reached.</summary>
    /// <exception cref="NeuralOdeException">Step limit, step-size underflow, or a state that is not finite.</exception>
    public void Run(Landings landings, Action<int> onLanding)
    {
        _t = landings.Start;
        var span = landings.Times[^1] - _t;
        if (options.StepSize is null)
        {
            _suggested = options.InitialStepSize
                ?? stepper.FirstLength(_t, span < 0 ? -1 : 1, options.RelativeTolerance, options.AbsoluteTolerance, Math.Abs(span));
        }

        for (var i = 0; i < landings.Times.Count; i++)
        {
            var landing = landings.Times[i];
            if (landing != _t)
            {
                if (options.StepSize is { } length) Fixed(landing, i, length);
                else Adaptive(landing, i);
            }

            onLanding(i);
        }
    }

    private void Fixed(double landing, int index, double length)
    {
        var start = _t;
        var h = Math.CopySign(length, landing - start);
        var count = Math.Max(1, Math.Ceiling((Math.Abs(landing - start) / length) - 1e-9));   // a remainder of rounding size is no step
        if (count > options.MaxSteps) throw Limit($"{count} steps of {length} are needed from t = {start} to {landing}", "use longer steps");
        for (long i = 0; i < (long)count; i++)
        {
            var last = i + 1 == (long)count;
            var t = start + (i * h);
            Attempt(t, last ? landing - t : h);
            stepper.RequireAcceptable();
            Accept(t, last ? landing - t : h, last ? index : -1);
        }

        _t = landing;
    }

    private void Adaptive(double landing, int index)
    {
        var sign = landing > _t ? 1 : -1;
        while (_t != landing)
        {
            var remaining = Math.Abs(landing - _t);
            var lands = _suggested >= remaining * (1 - 1e-3);   // no sliver of a step before a landing
            var length = lands ? remaining : _suggested;
            RequireResolvable(length, remaining);
            Attempt(_t, sign * length);
            var error = stepper.Error(options.RelativeTolerance, options.AbsoluteTolerance);
            var next = length * _controller.Factor(error);
            if (!(error <= 1))
            {
                _suggested = next;
                grid.Rejected++;
                continue;
            }

            Accept(_t, sign * length, lands ? index : -1);
            _t = lands ? landing : _t + (sign * length);
            _suggested = lands ? Math.Max(_suggested, next) : next;   // a step cut short by a landing says nothing against longer ones
        }
    }

    private void Attempt(double t, double h)
    {
        if (++_attempts > options.MaxSteps)
        {
            throw Limit($"stopped at t = {t}, {grid.Steps.Count} accepted, {grid.Rejected} rejected",
                options.StepSize is null ? "loosen the tolerances" : "use longer steps");
        }

        if (_announced != grid.Steps.Count) beforeStep(_announced = grid.Steps.Count);
        stepper.Attempt(t, h);
    }

    private void Accept(double t, double h, int landing)
    {
        grid.Steps.Add(new(t, h, landing, stepper.StartTime));
        stepper.Accept();
    }

    private void RequireResolvable(double length, double remaining)
    {
        var smallest = Math.Max(16 * Epsilon * Math.Abs(_t), Epsilon * Epsilon * remaining);
        if (length >= smallest || length >= remaining) return;
        if (_attempts > 0) stepper.RequireAcceptable();
        throw new NeuralOdeException(Status.StepSizeUnderflow,
            $"step-size underflow at t = {_t}, step {grid.Steps.Count + 1}: RelativeTolerance = {options.RelativeTolerance} and AbsoluteTolerance = "
            + $"{options.AbsoluteTolerance} ask for a step of {length}, below what t can resolve; "
            + "loosen them, or check f for a discontinuity or infinite values there");
    }

    private NeuralOdeException Limit(string where, string remedy) =>
        new(Status.StepLimit, $"MaxSteps: {options.MaxSteps} steps are not enough ({where}); raise MaxSteps, or {remedy}");
}
