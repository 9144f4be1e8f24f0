namespace NeuralOde.Numerics.Tests.Properties;

/// <summary>Dynamics whose constants are known. Tensor i of u depends on tensor i + 1 of z, the last on the first.</summary>
public enum DynamicsKind
{
    /// <summary>f = z A.</summary>
    Linear,

    /// <summary>f = tanh(z A) B.</summary>
    Tanh,

    /// <summary>f = cos(t) z A + sin(t) / sqrt(n), for n elements of the state.</summary>
    Driven,
}
