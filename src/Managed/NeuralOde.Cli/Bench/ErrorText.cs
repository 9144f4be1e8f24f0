using System.Globalization;

namespace NeuralOde.Cli.Bench;

/// <summary>A relative error in a table.</summary>
internal static class ErrorText
{
    /// <summary>Two digits, 1.2e-07; 0 where it is exactly that; - where there is none.</summary>
    public static string Of(double error) => error switch
    {
        double.NaN => "-",
        0 => "0",
        double.PositiveInfinity => "inf",
        _ => error.ToString("0.0e+00", CultureInfo.InvariantCulture),
    };
}
