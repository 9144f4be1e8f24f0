namespace NeuralOde;

/// <summary>What a hand-written derivative of dynamics u = f(t, z) returns: u, and the cotangents of f's inputs for a cotangent of u.</summary>
public sealed record Pullback
{
    /// <summary>u: one tensor for each state, of its shape.</summary>
    public required IReadOnlyList<Tensor> Derivative { get; init; }

    /// <summary>(df/dz)^T a_u: one for each state, of its shape; null is zero.</summary>
    public required IReadOnlyList<Tensor?> State { get; init; }

    /// <summary>(df/dtheta)^T a_u: one for each parameter, of its shape; null is zero. Empty when there are no parameters, or all are zero.</summary>
    public IReadOnlyList<Tensor?> Parameters { get; init; } = [];

    /// <summary>&lt;df/dt, a_u&gt; without dimensions; null is zero.</summary>
    public Tensor? Time { get; init; }
}
