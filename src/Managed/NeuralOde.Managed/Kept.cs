using System.Numerics;

namespace NeuralOde.Managed;

/// <summary>A state between two steps.</summary>
/// <param name="Z">The state.</param>
/// <param name="V">ALF's velocity; empty for other solvers.</param>
internal readonly record struct Kept<T>(T[] Z, T[] V) where T : unmanaged, IFloatingPointIeee754<T>
{
    public long Bytes => (long)(Z.Length + V.Length) * System.Runtime.CompilerServices.Unsafe.SizeOf<T>();

    public Kept<T> Copy() => new([.. Z], [.. V]);
}
