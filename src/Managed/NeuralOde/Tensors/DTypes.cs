namespace NeuralOde;

/// <summary>Which .NET type goes with which element type.</summary>
internal static class DTypes
{
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is no element type.</exception>
    public static DType Of<T>() where T : unmanaged => TryOf(typeof(T)) ?? throw new NotSupportedException(
        $"T: {typeof(T).Name} is no element type; use byte, sbyte, short, int, long, Half, float, double or bool.");

    /// <summary>Throws unless elements of type <paramref name="actual"/> are what <typeparamref name="T"/> holds.</summary>
    public static void Require<T>(DType actual) where T : unmanaged
    {
        if (TryOf(typeof(T)) == actual) return;
        var remedy = NetTypeOf(actual) is { } type ? $"read it as {type.Name}, or convert" : "convert";
        throw new ArgumentException($"T: {typeof(T).Name} does not hold the elements of a {actual} tensor; {remedy} it with To(DType).");
    }

    public static bool IsFloatingPoint(DType type) => type is DType.Float16 or DType.Float32 or DType.Float64 or DType.BFloat16;

    private static DType? TryOf(Type type) =>
        type == typeof(float) ? DType.Float32
        : type == typeof(double) ? DType.Float64
        : type == typeof(long) ? DType.Int64
        : type == typeof(int) ? DType.Int32
        : type == typeof(byte) ? DType.UInt8
        : type == typeof(bool) ? DType.Bool
        : type == typeof(short) ? DType.Int16
        : type == typeof(sbyte) ? DType.Int8
        : type == typeof(Half) ? DType.Float16
        : null;

    private static Type? NetTypeOf(DType type) => type switch
    {
        DType.Float32 => typeof(float),
        DType.Float64 => typeof(double),
        DType.Int64 => typeof(long),
        DType.Int32 => typeof(int),
        DType.UInt8 => typeof(byte),
        DType.Bool => typeof(bool),
        DType.Int16 => typeof(short),
        DType.Int8 => typeof(sbyte),
        DType.Float16 => typeof(Half),
        _ => null,
    };
}
