namespace NeuralOde;

/// <summary>
/// How far a run is at each step: a straight line from <see cref="FromProgress"/> at <see cref="FromStep"/> to 1 at
/// <see cref="EndStep"/>. It is stored in every checkpoint, so that a resumed run has the same learning rates.
/// </summary>
internal sealed record TrainingPlan(long FromStep, double FromProgress, long EndStep)
{
    /// <summary>Resolution with which a schedule reads the progress.</summary>
    public const long Resolution = 1_000_000;

    /// <summary>Share of the run that is done before step <paramref name="step"/>, in [0, 1].</summary>
    public double ProgressAt(long step) =>
        step >= EndStep ? 1 : FromProgress + (1 - FromProgress) * (step - FromStep) / (EndStep - FromStep);

    /// <summary>The schedule's rate before step <paramref name="step"/>; <paramref name="plan"/> is null while the speed is measured.</summary>
    public static double RateAt(TrainingPlan? plan, ScheduleOptions schedule, long step)
    {
        var spanned = schedule with { TotalSteps = Resolution, Period = Resolution / 3 + 1 };
        return spanned.RateAt((long)Math.Round((plan?.ProgressAt(step) ?? 0) * Resolution));
    }
}
