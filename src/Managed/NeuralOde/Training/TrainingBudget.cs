namespace NeuralOde;

/// <summary>The bounds of a run, and what is known of its speed: from these a <see cref="TrainingPlan"/> is made.</summary>
/// <remarks>
/// Bounds in epochs and steps give one plan at the start, which never changes. A bound in time gives the first plan once the
/// speed is measured (the rate is the schedule's first until then) and a new one at every twentieth of the time, each going on
/// from the progress that the one before has reached, so that the schedule ends with the time even where the speed varies.
/// </remarks>
internal sealed class TrainingBudget(TrainerOptions options, long batchesPerEpoch, long testBatches)
{
    private const int Revisions = 20;
    private const int WarmupSteps = 3;

    private double _evaluationSeconds = double.NaN;
    private double _windowSeconds;
    private long _windowSteps;
    private long _sessionSteps;
    private double _secondsPerStep = double.NaN;

    /// <summary>Step at which epochs and step bounds end the run; null without either.</summary>
    public long? LastStep { get; } = Least(options.Epochs * batchesPerEpoch, options.MaxSteps);

    /// <summary>The plan before the first step; null where it needs a measurement.</summary>
    public TrainingPlan? First => options.MaxTime is null ? new(0, 0, LastStep!.Value) : null;

    /// <summary>The plan for a run that went on with other bounds at <paramref name="step"/> after <paramref name="seconds"/>.</summary>
    public TrainingPlan? Again(long step, double seconds)
    {
        if (First is { } first) return first;
        var spent = Math.Min(1, seconds / options.MaxTime!.Value.TotalSeconds);
        var expected = step == 0 ? 0 : (long)(step * (1 - spent) / Math.Max(spent, 1e-6));
        return step == 0 ? null : new(step, spent, Least(step + expected, LastStep)!.Value);
    }

    /// <summary>Counts an evaluation's time, so that later plans leave room for it.</summary>
    public void AddEvaluation(double seconds) => _evaluationSeconds = seconds;

    /// <summary>Counts a step's time. The first ones of a session, which set things up, are left out.</summary>
    public void AddStep(double seconds)
    {
        if (_sessionSteps++ < WarmupSteps) return;
        _windowSeconds += seconds;
        _windowSteps++;
    }

    /// <summary>A new plan if it is time for one, else <paramref name="plan"/>.</summary>
    public TrainingPlan? Revise(TrainingPlan? plan, long step, double elapsed)
    {
        if (options.MaxTime is not { } limit) return plan;
        var window = limit.TotalSeconds / Revisions;
        if (_windowSteps == 0 || _windowSeconds < (plan is null ? window / 4 : window)) return plan;
        _secondsPerStep = _windowSeconds / _windowSteps;
        (_windowSeconds, _windowSteps) = (0, 0);
        var left = Math.Max(0, limit.TotalSeconds - elapsed - EvaluationSeconds());
        var cost = _secondsPerStep + EvaluationSeconds() / (batchesPerEpoch * options.EvaluateEvery);
        return new(step, plan?.ProgressAt(step) ?? 0, Least(step + (long)(left / cost), LastStep)!.Value);
    }

    /// <summary>Whether a run ends at <paramref name="at"/>, after <paramref name="elapsed"/> seconds. It never ends before its first step.</summary>
    public bool IsSpent(TrainingPosition at, double elapsed) =>
        at.Step >= (at.Plan?.EndStep ?? LastStep ?? long.MaxValue)
        || at.Epoch >= (options.Epochs ?? long.MaxValue)
        || (at.Step > 0 && elapsed + EvaluationSeconds() >= (options.MaxTime?.TotalSeconds ?? double.PositiveInfinity));

    /// <summary>Seconds of an evaluation: measured, or before the first a third of the same number of training steps.</summary>
    private double EvaluationSeconds()
    {
        if (!double.IsNaN(_evaluationSeconds)) return _evaluationSeconds;
        var perStep = double.IsNaN(_secondsPerStep) ? (_windowSteps > 0 ? _windowSeconds / _windowSteps : 0) : _secondsPerStep;
        return testBatches * perStep / 3;
    }

    private static long? Least(long? a, long? b) => a is null ? b : b is null ? a : Math.Min(a.Value, b.Value);
}
