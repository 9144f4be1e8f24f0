namespace NeuralOde;

/// <summary>What a model computes in. Its weights, their gradients and the states of its ODE blocks are Float32 whatever this is.</summary>
public enum Precision
{
    /// <summary>Everything in Float32.</summary>
    Float32,

    /// <summary>Convolutions and matrix products in BFloat16, under <see cref="Autograd.Autocast"/>. On CPUs and GPUs.</summary>
    BFloat16,

    /// <summary>The same in Float16, with a <see cref="GradientScaler"/>. On GPUs.</summary>
    Float16,
}
