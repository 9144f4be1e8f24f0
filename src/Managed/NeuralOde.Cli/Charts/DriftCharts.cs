using NeuralOde.Cli.Bench;

namespace NeuralOde.Cli.Charts;

/// <summary>The picture of <c>bench drift</c>.</summary>
internal static class DriftCharts
{
    private const int Width = 340;
    private const int Height = 270;
    private const int LegendHeight = 34;
    private const int NoteHeight = 20;
    private const int LongestNote = 1200;   // pixels
    private const double HighestError = 1e4;

    /// <summary>Gradient error against steps, both logarithmic: a row of charts for each dynamics, a column for each damping and time.
    /// <paramref name="type"/> is that of the rows.</summary>
    public static string GradientError(IReadOnlyList<DriftRow> rows, DType type)
    {
        var epsilon = type == DType.Float64 ? Math.Pow(2, -52) : Math.Pow(2, -23);
        var dynamics = rows.Select(row => row.Dynamics).Distinct().ToList();
        var cases = rows.Select(row => (row.Eta, row.Time)).Distinct().ToList();
        var y = Axis.Log([epsilon / 10, HighestError], 100);
        var notes = Notes(rows);
        var svg = LineChart.Begin(Math.Max(Width * cases.Count, LongestNote), Height * dynamics.Count + LegendHeight + NoteHeight * notes.Count);
        foreach (var group in rows.GroupBy(row => (row.Dynamics, row.Eta, row.Time)))
            Chart([.. group], y, epsilon).Draw(svg, Width * cases.IndexOf((group.Key.Eta, group.Key.Time)), Height * dynamics.IndexOf(group.Key.Dynamics));
        Legend(svg, Height * dynamics.Count + 10, epsilon);
        foreach (var (note, i) in notes.Select((note, i) => (note, i)))
            LineChart.Text(svg, 20, Height * dynamics.Count + LegendHeight + NoteHeight * i + 8, note, "start", "font-size=\"12\"");
        return svg.Append("</svg>\n").ToString();
    }

    private static LineChart Chart(IReadOnlyList<DriftRow> rows, Axis y, double epsilon)
    {
        var steps = rows.Select(row => (double)row.Steps).Distinct().ToList();
        return new()
        {
            Title = $"{rows[0].Dynamics}: T = {rows[0].Time}{(rows[0].Eta == 1 ? "" : $", eta = {rows[0].Eta}")}",
            XLabel = "steps", YLabel = "gradient error", TitleSize = 14, Width = Width, Height = Height, HasLegend = false,
            X = Axis.Log(steps, 10), Y = y, YFormat = Power, XFormat = value => $"{value}",
            Series =
            [
                Guide(epsilon) with { Points = [(steps.Min(), Math.Sqrt(epsilon)), (steps.Max(), Math.Sqrt(epsilon))] },
                .. rows.GroupBy(row => row.Mode).Select(mode =>
                    Line(mode.Key) with { Points = [.. mode.Select(row => ((double)row.Steps, row.GradientError))] }),
            ],
        };
    }

    /// <summary>A mode's line, without points.</summary>
    private static Series Line(DriftMode mode) => mode switch
    {
        DriftMode.Backprop => new("backprop", "#c9ced6", []) { Width = 8 },
        DriftMode.Plain => new("plain, as published", "#d9730d", []),
        DriftMode.Automatic => new("automatic snapshots", "#1f5fbf", []) { Width = 3 },
        DriftMode.Exact => new("exact", "#2a8a3e", []) { Dashes = "5 4" },
        DriftMode.ReversibleHeun => new("reversible-heun", "#8a3ea8", []) { Width = 1.5 },
        _ => new("rk4, coupled", "#b3263a", []) { Width = 1.5 },
    };

    private static Series Guide(double epsilon) =>
        new($"square root of epsilon, {ErrorText.Of(Math.Sqrt(epsilon))}: the drift tolerance", "#888888", []) { Width = 1, Dashes = "2 3", HasDots = false };

    private static void Legend(System.Text.StringBuilder svg, int y, double epsilon)
    {
        var x = 20.0;
        foreach (var series in (Series[])[.. Enum.GetValues<DriftMode>().Select(Line), Guide(epsilon)])
        {
            svg.Append($"<line x1=\"{x:f0}\" y1=\"{y}\" x2=\"{x + 30:f0}\" y2=\"{y}\" {series.Stroke}/>\n");
            LineChart.Text(svg, x + 37, y + 4, series.Name, "start");
            x += 60 + 7 * series.Name.Length;
        }
    }

    /// <summary>What the charts cannot show.</summary>
    private static List<string> Notes(IReadOnlyList<DriftRow> rows)
    {
        var notes = new List<string> { $"Triangles at an edge: 0, above {Power(HighestError)}, or not finite." };
        notes.AddRange(rows.Where(row => double.IsNaN(row.GradientError)).GroupBy(row => (row.Dynamics, row.Eta, row.Time)).Select(group =>
            $"Left out: {group.Key.Dynamics}, T = {group.Key.Time}, eta = {group.Key.Eta}: "
            + string.Join("; ", group.GroupBy(row => row.Steps)
                .GroupBy(of => string.Join(", ", of.Select(row => DriftBench.Name(row.Mode))), of => of.Key)
                .Select(same => $"{string.Join(", ", same)} steps ({same.Key})"))
            + ": the solve failed, here or in float64."));
        return notes;
    }

    private static string Power(double value) => $"1e{Math.Round(Math.Log10(value))}";
}
