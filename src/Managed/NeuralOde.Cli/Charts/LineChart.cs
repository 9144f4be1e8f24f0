using System.Net;
using System.Text;

namespace NeuralOde.Cli.Charts;

/// <summary>A chart of lines with axes, ticks, grid and legend, drawn as SVG.</summary>
internal sealed record LineChart
{
    private const int Left = 78;
    private const int Right = 24;
    private const int Top = 48;
    private const int Bottom = 58;

    public required string Title { get; init; }

    public required string XLabel { get; init; }

    public required string YLabel { get; init; }

    public required Axis X { get; init; }

    public required Axis Y { get; init; }

    public required IReadOnlyList<Series> Series { get; init; }

    public Func<double, string> XFormat { get; init; } = value => $"{value:g4}";

    public Func<double, string> YFormat { get; init; } = value => $"{value:g4}";

    public int TitleSize { get; init; } = 16;

    public int Width { get; init; } = 620;

    public int Height { get; init; } = 400;

    public bool HasLegend { get; init; } = true;

    private double PlotWidth => Width - Left - Right;

    private double PlotHeight => Height - Top - Bottom;

    /// <summary>An SVG document with the charts side by side.</summary>
    public static string Document(params IReadOnlyList<LineChart> charts)
    {
        var (width, height) = (charts.Sum(chart => chart.Width), charts.Max(chart => chart.Height));
        var svg = Begin(width, height);
        var x = 0;
        foreach (var chart in charts)
        {
            chart.Draw(svg, x, 0);
            x += chart.Width;
        }
        return svg.Append("</svg>\n").ToString();
    }

    /// <summary>The head of an SVG document, to which charts and texts are added.</summary>
    public static StringBuilder Begin(int width, int height) => new StringBuilder()
        .Append($"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\">\n")
        .Append($"<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n");

    /// <summary>Draws the chart with its upper left corner at (x, y).</summary>
    public void Draw(StringBuilder svg, int x, int y)
    {
        svg.Append($"<g transform=\"translate({x},{y})\">\n");
        Draw(svg);
        svg.Append("</g>\n");
    }

    /// <summary>A text; anchor: start, middle or end.</summary>
    public static void Text(StringBuilder svg, double x, double y, string text, string anchor, string attributes = "") =>
        svg.Append($"<text x=\"{x:f1}\" y=\"{y:f1}\" text-anchor=\"{anchor}\" fill=\"#222222\" {attributes}>{WebUtility.HtmlEncode(text)}</text>\n");

    private void Draw(StringBuilder svg)
    {
        Text(svg, Left + PlotWidth / 2, 26, Title, "middle", $"font-size=\"{TitleSize}\" font-weight=\"bold\"");
        foreach (var tick in X.Ticks)
        {
            Line(svg, PlaceX(tick), Top, PlaceX(tick), Top + PlotHeight, "#e4e4e4");
            Text(svg, PlaceX(tick), Top + PlotHeight + 18, XFormat(tick), "middle");
        }
        foreach (var tick in Y.Ticks)
        {
            Line(svg, Left, PlaceY(tick), Left + PlotWidth, PlaceY(tick), "#e4e4e4");
            Text(svg, Left - 8, PlaceY(tick) + 4, YFormat(tick), "end");
        }
        svg.Append($"<rect x=\"{Left}\" y=\"{Top}\" width=\"{PlotWidth:f0}\" height=\"{PlotHeight:f0}\" fill=\"none\" stroke=\"#444444\"/>\n");
        Text(svg, Left + PlotWidth / 2, Height - 16, XLabel, "middle");
        Text(svg, 0, 0, YLabel, "middle", $"transform=\"translate(18,{Top + PlotHeight / 2:f1}) rotate(-90)\"");
        foreach (var series in Series) Draw(svg, series);
        if (HasLegend) Legend(svg);
    }

    private void Draw(StringBuilder svg, Series series)
    {
        var points = series.Points.Where(point => !double.IsNaN(point.Y)).ToList();
        svg.Append($"<polyline points=\"{string.Join(' ', points.Select(point => $"{PlaceX(point.X):f1},{PlaceY(point.Y):f1}"))}\" fill=\"none\" {series.Stroke} stroke-linejoin=\"round\"/>\n");
        if (!series.HasDots) return;
        var radius = Math.Max(3.5, 0.6 * series.Width);
        foreach (var (x, y) in points)
        {
            var beyond = BeyondY(y);
            svg.Append(beyond == 0
                ? $"<circle cx=\"{PlaceX(x):f1}\" cy=\"{PlaceY(y):f1}\" r=\"{radius:f1}\" fill=\"{series.Color}\"/>\n"
                : $"<path d=\"M{PlaceX(x) - 6:f1},{PlaceY(y) + 9 * beyond:f1} h12 l-6,{-9 * beyond} z\" fill=\"{series.Color}\"/>\n");
        }
    }

    /// <summary>Of the series that have a name, in the corner that the lines leave most free.</summary>
    private void Legend(StringBuilder svg)
    {
        var named = Series.Where(series => series.Name.Length > 0).ToList();
        var width = 44 + 7.2 * named.Max(series => series.Name.Length);
        var height = 10 + 20 * named.Count;
        var corner = (from x in (double[])[Left + 10, Left + PlotWidth - width - 10]
                      from y in (double[])[Top + 10, Top + PlotHeight - height - 22]
                      select (x, y)).MinBy(at => Series.Sum(series => series.Points.Count(point => Covers(at, width, height, point))));
        svg.Append($"<rect x=\"{corner.x:f1}\" y=\"{corner.y:f1}\" width=\"{width:f1}\" height=\"{height}\" fill=\"#ffffff\" fill-opacity=\"0.85\" stroke=\"#cccccc\"/>\n");
        foreach (var (series, i) in named.Select((series, i) => (series, i)))
        {
            var y = corner.y + 15 + 20 * i;
            svg.Append($"<line x1=\"{corner.x + 8:f1}\" y1=\"{y:f1}\" x2=\"{corner.x + 30:f1}\" y2=\"{y:f1}\" {series.Stroke}/>\n");
            Text(svg, corner.x + 37, y + 4, series.Name, "start");
        }
    }

    private bool Covers((double x, double y) at, double width, double height, (double X, double Y) point)
    {
        const int margin = 12;
        var (x, y) = (PlaceX(point.X), PlaceY(point.Y));
        return x > at.x - margin && x < at.x + width + margin && y > at.y - margin && y < at.y + height + margin;
    }

    private double PlaceX(double value) => Left + PlotWidth * X.Place(value);

    /// <summary>Values beyond the axis are placed at its edge.</summary>
    private double PlaceY(double value) => Top + PlotHeight * (1 - Math.Clamp(Y.Place(value), 0, 1));

    /// <summary>1 above the axis, -1 below it, else 0.</summary>
    private int BeyondY(double value) => Y.Place(value) > 1 + 1e-9 ? 1 : Y.Place(value) < -1e-9 ? -1 : 0;

    private static void Line(StringBuilder svg, double x1, double y1, double x2, double y2, string color) =>
        svg.Append($"<line x1=\"{x1:f1}\" y1=\"{y1:f1}\" x2=\"{x2:f1}\" y2=\"{y2:f1}\" stroke=\"{color}\"/>\n");
}
