using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>How an optimiser steps. Immutable; vary it with <c>with</c>.</summary>
public sealed record OptimizerOptions
{
    /// <summary>The rule.</summary>
    public OptimizerKind Kind { get; init; } = OptimizerKind.Sgd;

    /// <summary>Learning rate, 0 or more.</summary>
    public double LearningRate { get; init; } = 0.1;

    /// <summary>SGD: share of the last step that is taken again, in [0, 1).</summary>
    public double Momentum { get; init; } = 0.9;

    /// <summary>Pull towards zero, 0 or more.</summary>
    public double WeightDecay { get; init; }

    /// <summary>SGD: look ahead along the momentum.</summary>
    public bool Nesterov { get; init; }

    /// <summary>Adam, AdamW: decay of the mean of gradients, in [0, 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Adam, AdamW: decay of the mean of squares, in [0, 1).</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Adam, AdamW: added to the denominator, above 0.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>The native form of valid options.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The message names the option, its value and the remedy.</exception>
    internal unsafe neuralode_optimizer_options ToNative()
    {
        Require.Member(Kind, nameof(Kind));
        Require.AtLeast(LearningRate, 0, nameof(LearningRate));
        Require.Share(Momentum, nameof(Momentum));
        Require.AtLeast(WeightDecay, 0, nameof(WeightDecay));
        Require.Share(Beta1, nameof(Beta1));
        Require.Share(Beta2, nameof(Beta2));
        Require.Above(Epsilon, 0, nameof(Epsilon));
        if (Nesterov && Momentum == 0)
        {
            throw new ArgumentException("Nesterov: looking ahead needs a momentum, which is 0; set Momentum above 0 or Nesterov to false.", nameof(Nesterov));
        }

        NativeCall.Check(NativeMethods.neuralode_optimizer_options_init((uint)sizeof(neuralode_optimizer_options), out var native));
        native.kind = (int)Kind;
        native.lr = LearningRate;
        native.momentum = Momentum;
        native.weight_decay = WeightDecay;
        native.nesterov = Nesterov ? 1 : 0;
        native.beta1 = Beta1;
        native.beta2 = Beta2;
        native.epsilon = Epsilon;
        return native;
    }
}
