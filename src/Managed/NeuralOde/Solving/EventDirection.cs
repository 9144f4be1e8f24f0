namespace NeuralOde;

/// <summary>Which change of sign of g(t, z) is an event.</summary>
public enum EventDirection
{
    /// <summary>From above 0.</summary>
    Falling = -1,

    /// <summary>Either.</summary>
    Any = 0,

    /// <summary>From below 0.</summary>
    Rising = 1,
}
