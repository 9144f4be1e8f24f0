using System.Globalization;

namespace NeuralOde.Cli.Charts;

/// <summary>A line of a chart. NaN leaves a point out; a point beyond the axis, or infinite, is a triangle at its edge.</summary>
internal sealed record Series(string Name, string Color, IReadOnlyList<(double X, double Y)> Points)
{
    /// <summary>Whether each point gets a dot.</summary>
    public bool HasDots { get; init; } = true;

    /// <summary>Pixels; wide lines are seen beneath others.</summary>
    public double Width { get; init; } = 2;

    /// <summary>Lengths of dash and gap in pixels, as SVG has them; "" is a solid line.</summary>
    public string Dashes { get; init; } = "";

    /// <summary>The attributes of the line.</summary>
    public string Stroke =>
        string.Create(CultureInfo.InvariantCulture, $"stroke=\"{Color}\" stroke-width=\"{Width}\"")
        + (Dashes.Length > 0 ? $" stroke-dasharray=\"{Dashes}\"" : "");
}
