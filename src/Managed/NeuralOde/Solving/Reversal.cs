namespace NeuralOde;

/// <summary>The arithmetic in which ALF's state is stepped and undone.</summary>
public enum Reversal
{
    /// <summary>Floating point: undone up to rounding, which the inverse expands.</summary>
    Float = 0,

    /// <summary>Fixed point on 64-bit integers: undone to the bit, for <see cref="SolverOptions.Eta"/> 1. Levesque and Verlet 1993.</summary>
    Exact = 1,
}
