namespace NeuralOde;

/// <summary>Arithmetic and text of tensor shapes.</summary>
internal static class Shapes
{
    public static string Text(ReadOnlySpan<long> sizes) => $"({string.Join(", ", sizes.ToArray())})";

    /// <summary>The product of the sizes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A size is negative.</exception>
    public static long Count(ReadOnlySpan<long> sizes)
    {
        var count = 1L;
        foreach (var size in sizes)
        {
            if (size < 0) throw new ArgumentOutOfRangeException(nameof(sizes), $"shape: {Text(sizes)} has a negative size; sizes are 0 or more.");
            count = checked(count * size);
        }

        return count;
    }
}
