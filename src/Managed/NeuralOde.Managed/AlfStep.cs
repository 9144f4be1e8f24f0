using System.Numerics;
using System.Numerics.Tensors;

namespace NeuralOde.Managed;

/// <summary>The arithmetic of asynchronous-leapfrog (ALF) steps. Source: Zhuang et al. 2021, algorithms 2 and 3; docs/method.md, equations 1 to
/// 12. All spans have one length; h is signed; eta in (0, 1], not 1/2.</summary>
internal static class AlfStep
{
    /// <summary>k = z + h/2 v.</summary>
    public static void Head<T>(ReadOnlySpan<T> z, ReadOnlySpan<T> v, Span<T> k, double h) where T : unmanaged, IFloatingPointIeee754<T> =>
        TensorPrimitives.MultiplyAdd(v, T.CreateChecked(h / 2), z, k);

    /// <summary>v' = (1 - 2 eta) v + 2 eta u;  z' = k + h/2 v'. zNext may be k, and vNext v.</summary>
    public static void Tail<T>(ReadOnlySpan<T> k, ReadOnlySpan<T> v, ReadOnlySpan<T> u, Span<T> zNext, Span<T> vNext, double h, double eta)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        TensorPrimitives.Multiply(v, T.CreateChecked(1 - (2 * eta)), vNext);
        TensorPrimitives.MultiplyAdd(u, T.CreateChecked(2 * eta), vNext, vNext);
        TensorPrimitives.MultiplyAdd(vNext, T.CreateChecked(h / 2), k, zNext);
    }

    /// <summary>k = z' - h/2 v';  s = a_v + h/2 a_z, into a_v;  a_u = 2 eta s.</summary>
    public static void ReverseHead<T>(
        ReadOnlySpan<T> zNext, ReadOnlySpan<T> vNext, ReadOnlySpan<T> a_z, Span<T> a_v, Span<T> k, Span<T> a_u, double h, double eta)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        TensorPrimitives.MultiplyAdd(vNext, T.CreateChecked(-h / 2), zNext, k);
        TensorPrimitives.MultiplyAdd(a_z, T.CreateChecked(h / 2), a_v, a_v);
        TensorPrimitives.Multiply(a_v, T.CreateChecked(2 * eta), a_u);
    }

    /// <summary>v = (v' - 2 eta u) / (1 - 2 eta), from v' in v;  z = k - h/2 v;  a_z += g;  a_v = (1 - 2 eta) s + h/2 a_z, from s in a_v.</summary>
    public static void ReverseTail<T>(
        ReadOnlySpan<T> k, ReadOnlySpan<T> u, ReadOnlySpan<T> g, Span<T> z, Span<T> v, Span<T> a_z, Span<T> a_v, double h, double eta)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        TensorPrimitives.MultiplyAdd(u, T.CreateChecked(-2 * eta), v, v);
        TensorPrimitives.Multiply(v, T.CreateChecked(1 / (1 - (2 * eta))), v);
        TensorPrimitives.MultiplyAdd(v, T.CreateChecked(-h / 2), k, z);
        TensorPrimitives.Add(a_z, g, a_z);
        TensorPrimitives.Multiply(a_v, T.CreateChecked(1 - (2 * eta)), a_v);
        TensorPrimitives.MultiplyAdd(a_z, T.CreateChecked(h / 2), a_v, a_v);
    }
}
