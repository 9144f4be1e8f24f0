using System.Xml.Linq;
using NeuralOde.Cli.Bench;
using NeuralOde.Cli.Charts;

namespace NeuralOde.Cli.Tests;

public sealed class ChartTests
{
    private static readonly MemoryRow[] Rows = [new(4, 1_000_000, 4_000_000, 0.1, 0.1), new(64, 1_000_000, 64_000_000, 0.1, 0.1)];

    [Fact]
    public void The_memory_picture_is_XML_with_both_curves_named()
    {
        var texts = Texts(RunCharts.Memory(Rows));

        Assert.Superset(new HashSet<string> { "mali", "backprop", "solver steps", "MB", "4", "64" }, texts);
    }

    [Fact]
    public void The_training_picture_has_loss_and_accuracy()
    {
        TrainingProgress line = new()
        {
            Event = TrainingEvent.Epoch, Step = 10, Epoch = 1, Progress = 0.5, Loss = 2, Accuracy = 0.3, LearningRate = 0.1, ImagesPerSecond = 1, Seconds = 1,
            TestAccuracy = 0.4, TestLoss = 1.9,
        };

        var texts = Texts(RunCharts.Training([line with { Event = TrainingEvent.Steps, Step = 5 }, line, line with { Epoch = 2, Step = 20, Loss = 1 }]));

        Assert.Superset(new HashSet<string> { "Loss", "Accuracy", "epoch", "test", "training, epoch" }, texts);
    }

    [Fact]
    public void The_drift_picture_draws_what_is_beyond_its_axis_at_the_edge_and_names_what_it_leaves_out()
    {
        var svg = RunOfTwo(double.PositiveInfinity, double.NaN);

        Assert.Equal(1, svg.Split("<path").Length - 1);
        Assert.Contains(Texts(svg), text => text.StartsWith("Left out: rotation, T = 1, eta = 1: 100 steps (plain)", StringComparison.Ordinal));
        Assert.DoesNotContain("NaN\"", svg, StringComparison.Ordinal);
        Assert.DoesNotContain(Texts(RunOfTwo(1e-6, 1e-7)), text => text.StartsWith("Left out", StringComparison.Ordinal));
    }

    [Fact]
    public void The_adjoint_picture_names_every_solver_and_one_slope()
    {
        AdjointRow Row(SolverKind solver, long steps) => new(solver, steps) { AdjointError = 1.0 / steps, ObservedOrder = 1, DiscreteError = 0, Statistics = new() };

        var texts = Texts(AdjointCharts.GradientError([.. AdjointBench.Solvers.SelectMany(solver => (AdjointRow[])[Row(solver.Solver, 2), Row(solver.Solver, 4)])]));

        Assert.Superset(new HashSet<string> { "euler, order 1", "alf, order 2", "bosh3, order 3", "rk4, order 4", "dopri5, order 5", "slope of the order" }, texts);
        Assert.DoesNotContain("", texts);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.37, 2.31)]
    [InlineData(5, 5)]
    [InlineData(-3, 1e6)]
    public void A_linear_axis_covers_its_values_with_a_handful_of_ticks(double low, double high)
    {
        var axis = Axis.Linear([low, high], fromZero: false);

        Assert.InRange(axis.Place(low), 0, 1);
        Assert.InRange(axis.Place(high), 0, 1);
        Assert.InRange(axis.Ticks.Count, 2, 9);
    }

    [Fact]
    public void A_logarithmic_axis_spaces_powers_evenly()
    {
        var axis = Axis.Log([4, 256], 2);

        Assert.Equal([4, 8, 16, 32, 64, 128, 256], axis.Ticks.Select(tick => Math.Round(tick, 9)));
        Assert.Equal(0.5, axis.Place(32), 9);
    }

    [Fact]
    public void A_table_aligns_its_columns()
    {
        var lines = TextTable.Render(["name", "n"], [["a", "1"], ["bcdef", "1000"]]).TrimEnd().Split('\n');

        Assert.Single(lines.Select(line => line.Length).Distinct());
        Assert.Equal("| a     |    1 |", lines[2]);
    }

    private static string RunOfTwo(double first, double second)
    {
        DriftRow Row(long steps, double error) => new("rotation", 1, 1, steps, DriftMode.Plain)
        {
            Status = Status.Ok, ForwardError = 0.1, GradientError = error, Statistics = new(), PeakBytes = 1,
        };
        return DriftCharts.GradientError([Row(10, first), Row(100, second)], DType.Float32);
    }

    private static HashSet<string> Texts(string svg) => [.. XDocument.Parse(svg).Descendants().Where(e => e.Name.LocalName == "text").Select(e => e.Value)];
}
