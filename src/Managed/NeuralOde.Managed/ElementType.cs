using System.Numerics;

namespace NeuralOde.Managed;

/// <summary>What states may be made of.</summary>
internal static class ElementType
{
    /// <exception cref="ArgumentException">It is neither float nor double.</exception>
    public static void Require<T>()
    {
        if (typeof(T) != typeof(float) && typeof(T) != typeof(double))
        {
            throw new ArgumentException($"T: {typeof(T).Name} cannot be integrated; use float or double.", nameof(T));
        }
    }

    /// <summary>The distance from 1 to the next larger number.</summary>
    public static double Epsilon<T>() where T : IFloatingPointIeee754<T> => double.CreateChecked(T.BitIncrement(T.One) - T.One);
}
