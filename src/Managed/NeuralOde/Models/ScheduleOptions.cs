using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>The learning rate as a function of the step. Immutable and without state: nothing of it needs saving.</summary>
public sealed unsafe record ScheduleOptions
{
    /// <summary>The rule.</summary>
    public ScheduleKind Kind { get; init; } = ScheduleKind.Constant;

    /// <summary>The highest rate, 0 or more.</summary>
    public double LearningRate { get; init; } = 0.1;

    /// <summary>Cosine, one-cycle: length in steps, 1 or more; later steps keep the last rate.</summary>
    public long TotalSteps { get; init; }

    /// <summary>Step: steps between two drops, 1 or more.</summary>
    public long Period { get; init; }

    /// <summary>Step: factor at each drop, above 0.</summary>
    public double Gamma { get; init; } = 0.1;

    /// <summary>One-cycle: share of the steps that rises, in (0, 1).</summary>
    public double Warmup { get; init; } = 0.25;

    /// <summary>One-cycle: the first rate is this many times smaller than the highest, 1 or more.</summary>
    public double InitialDivisor { get; init; } = 25;

    /// <summary>Cosine, one-cycle: last rate as a share of the highest, in [0, 1].</summary>
    public double FinalFactor { get; init; }

    /// <summary>The learning rate at <paramref name="step"/>; 0 is the first.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option that the rule uses is out of its range, or the step is negative.</exception>
    public double RateAt(long step)
    {
        Require.AtLeast(step, 0, nameof(step));
        var native = ToNative();
        NativeCall.Check(NativeMethods.neuralode_schedule_rate(&native, step, out var rate));
        return rate;
    }

    private neuralode_schedule_options ToNative()
    {
        Require.Member(Kind, nameof(Kind));
        Require.AtLeast(LearningRate, 0, nameof(LearningRate));
        if (Kind is ScheduleKind.Step)
        {
            Require.AtLeast(Period, 1, nameof(Period));
            Require.Above(Gamma, 0, nameof(Gamma));
        }

        if (Kind is ScheduleKind.Cosine or ScheduleKind.OneCycle)
        {
            Require.AtLeast(TotalSteps, 1, nameof(TotalSteps));
            Require.Between(FinalFactor, 0, 1, nameof(FinalFactor));
        }

        if (Kind is ScheduleKind.OneCycle)
        {
            Require.AtLeast(InitialDivisor, 1, nameof(InitialDivisor));
            Require.Above(Warmup, 0, nameof(Warmup));
            Require.Share(Warmup, nameof(Warmup));
        }

        NativeCall.Check(NativeMethods.neuralode_schedule_options_init((uint)sizeof(neuralode_schedule_options), out var native));
        native.kind = (int)Kind;
        native.lr = LearningRate;
        native.total_steps = TotalSteps;
        native.period = Period;
        native.gamma = Gamma;
        native.warmup = Warmup;
        native.initial_divisor = InitialDivisor;
        native.final_factor = FinalFactor;
        return native;
    }
}
