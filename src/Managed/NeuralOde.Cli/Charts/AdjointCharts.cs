using NeuralOde.Cli.Bench;

namespace NeuralOde.Cli.Charts;

/// <summary>The picture of <c>bench adjoint</c>.</summary>
internal static class AdjointCharts
{
    private const double LowestError = 1e-16;
    private const double HighestError = 1;

    private static readonly IReadOnlyList<string> Colors = ["#d9730d", "#1f5fbf", "#2a8a3e", "#8a3ea8", "#b3263a"];

    /// <summary>Gradient error against steps, both logarithmic, with a line of the solver's order through its last point.</summary>
    public static string GradientError(IReadOnlyList<AdjointRow> rows)
    {
        var steps = rows.Select(row => (double)row.Steps).Distinct().Order().ToList();
        return LineChart.Document(new LineChart
        {
            Title = "Gradient of the adjoint ODE against backprop through the same steps", XLabel = "steps over [0, 1]", YLabel = "relative gradient error",
            Width = 760, Height = 520, X = Axis.Log(steps, 2), Y = Axis.Log([LowestError, HighestError], 100), YFormat = value => $"1e{Math.Round(Math.Log10(value))}",
            Series =
            [
                .. AdjointBench.Solvers.Select(solver => Slope([.. rows.Where(row => row.Solver == solver.Solver)], solver.Order)),
                .. AdjointBench.Solvers.Select((solver, i) => new Series($"{Commands.SolverNames.Of(solver.Solver)}, order {solver.Order}", Colors[i],
                    [.. rows.Where(row => row.Solver == solver.Solver).Select(row => ((double)row.Steps, row.AdjointError))])),
                Discrete(rows),
            ],
        });
    }

    /// <summary>From the first number of steps to the last, where it meets the error.</summary>
    private static Series Slope(IReadOnlyList<AdjointRow> rows, int order)
    {
        var last = rows[^1];
        return new(order == 1 ? "slope of the order" : "", "#9aa2ae", [.. rows.Select(row => ((double)row.Steps, last.AdjointError * Math.Pow((double)last.Steps / row.Steps, order)))])
        {
            Width = 1, Dashes = "4 3", HasDots = false,
        };
    }

    /// <summary>The largest error of the methods that differentiate the steps.</summary>
    private static Series Discrete(IReadOnlyList<AdjointRow> rows) =>
        new("mali (alf), pnode (the others)", "#888888", [.. rows.GroupBy(row => row.Steps).Select(group => ((double)group.Key, group.Max(row => row.DiscreteError)))])
        {
            Dashes = "2 3",
        };
}
