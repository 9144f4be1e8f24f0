using System.Numerics;
using System.Numerics.Tensors;

namespace NeuralOde.Managed;

/// <summary>Sums and norms over states. Sums are accumulated in double, as the native kernels do.</summary>
internal static class Spans
{
    /// <summary>result = start + sum over j of scale weights[j] terms[j], without the terms of weight 0; start may be empty, for zero. All of one
    /// length; result may be start.</summary>
    public static void Combine<T>(ReadOnlySpan<T> start, IReadOnlyList<T[]> terms, ReadOnlySpan<double> weights, double scale, Span<T> result)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (start.IsEmpty) result.Clear();
        else start.CopyTo(result);
        for (var j = 0; j < weights.Length; j++)
        {
            if (weights[j] != 0) TensorPrimitives.MultiplyAdd(terms[j], T.CreateChecked(scale * weights[j]), result, result);
        }
    }

    /// <summary>The sum of a_i b_i.</summary>
    public static double Dot<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++) sum += double.CreateChecked(a[i]) * double.CreateChecked(b[i]);
        return sum;
    }

    /// <summary>The sum over j of weights[j] &lt;a, terms[j]&gt;.</summary>
    public static double WeightedDot<T>(ReadOnlySpan<T> a, IReadOnlyList<T[]> terms, ReadOnlySpan<double> weights)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var sum = 0.0;
        for (var j = 0; j < weights.Length; j++) sum += weights[j] == 0 ? 0 : weights[j] * Dot<T>(a, terms[j]);
        return sum;
    }

    /// <summary>Root mean square of scale (x - y) / (atol + rtol max(|before|, |after|)); y may be empty, for zero.</summary>
    public static double ScaledNorm<T>(
        ReadOnlySpan<T> x, ReadOnlySpan<T> y, double scale, ReadOnlySpan<T> before, ReadOnlySpan<T> after, double rtol, double atol)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var sum = 0.0;
        for (var i = 0; i < x.Length; i++)
        {
            var difference = double.CreateChecked(x[i]) - (y.IsEmpty ? 0 : double.CreateChecked(y[i]));
            var size = double.Max(double.Abs(double.CreateChecked(before[i])), double.Abs(double.CreateChecked(after[i])));
            var scaled = scale * difference / (atol + (rtol * size));
            sum += scaled * scaled;
        }

        return Math.Sqrt(sum / Math.Max(x.Length, 1));
    }

    /// <summary>The largest |a_i|; NaN if there is one.</summary>
    public static double Largest<T>(ReadOnlySpan<T> a) where T : unmanaged, IFloatingPointIeee754<T> =>
        a.IsEmpty ? 0 : double.Abs(double.CreateChecked(TensorPrimitives.MaxMagnitude(a)));

    /// <summary>The largest |a_i - b_i|; NaN if there is one.</summary>
    public static double LargestDifference<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var largest = 0.0;
        for (var i = 0; i < a.Length; i++) largest = Math.Max(largest, Math.Abs(double.CreateChecked(a[i]) - double.CreateChecked(b[i])));
        return largest;
    }

    public static bool AllFinite<T>(ReadOnlySpan<T> a) where T : unmanaged, IFloatingPointIeee754<T> => a.IsEmpty || TensorPrimitives.IsFiniteAll(a);
}
