using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>How a <see cref="GradientScaler"/> finds its scale. Immutable; vary it with <c>with</c>.</summary>
public sealed record GradientScalerOptions
{
    /// <summary>The first scale, above 0 and in Float32's range.</summary>
    public double InitialScale { get; init; } = 65536;

    /// <summary>What the scale is multiplied by when it grows, above 1.</summary>
    public double GrowthFactor { get; init; } = 2;

    /// <summary>What it is multiplied by when a gradient is not finite, in (0, 1).</summary>
    public double BackoffFactor { get; init; } = 0.5;

    /// <summary>Iterations in a row without such a gradient before it grows, 1 or more.</summary>
    public long GrowthInterval { get; init; } = 2000;

    /// <summary>The native form of valid options.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The message names the option, its value and the remedy.</exception>
    internal unsafe neuralode_grad_scaler_options ToNative()
    {
        Require.Above(InitialScale, 0, nameof(InitialScale));
        Require.Between(InitialScale, 0, float.MaxValue, nameof(InitialScale));
        Require.Above(GrowthFactor, 1, nameof(GrowthFactor));
        Require.Above(BackoffFactor, 0, nameof(BackoffFactor));
        Require.Share(BackoffFactor, nameof(BackoffFactor));
        Require.AtLeast(GrowthInterval, 1, nameof(GrowthInterval));
        NativeCall.Check(NativeMethods.neuralode_grad_scaler_options_init((uint)sizeof(neuralode_grad_scaler_options), out var native));
        native.initial_scale = InitialScale;
        native.growth_factor = GrowthFactor;
        native.backoff_factor = BackoffFactor;
        native.growth_interval = GrowthInterval;
        return native;
    }
}
