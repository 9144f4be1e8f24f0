using System.Numerics;

namespace NeuralOde.Interop;

/// <summary>Checks of options; each message names the option, its value and the remedy.</summary>
internal static class Require
{
    public static void AtLeast<T>(T value, T least, string name) where T : INumber<T>
    {
        if (!(value >= least) || !T.IsFinite(value)) Fail(value, name, $"is not a number of {least} or more");
    }

    public static void Above<T>(T value, T bound, string name) where T : INumber<T>
    {
        if (!(value > bound) || !T.IsFinite(value)) Fail(value, name, $"is not a number above {bound}");
    }

    /// <summary>In [0, 1).</summary>
    public static void Share(double value, string name)
    {
        if (!(value >= 0 && value < 1)) Fail(value, name, "is not in [0, 1)");
    }

    /// <summary>In [least, most].</summary>
    public static void Between<T>(T value, T least, T most, string name) where T : INumber<T>
    {
        if (!(value >= least && value <= most)) Fail(value, name, $"is not in [{least}, {most}]");
    }

    public static void Member<T>(T value, string name) where T : struct, Enum
    {
        if (!Enum.IsDefined(value)) Fail(value, name, $"is not a member of {typeof(T).Name}: {string.Join(", ", Enum.GetNames<T>())}");
    }

    private static void Fail<T>(T value, string name, string complaint) =>
        throw new ArgumentOutOfRangeException(name, value, $"{name}: {value} {complaint}; set it so.");
}
