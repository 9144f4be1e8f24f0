using NeuralOde.Cli.Bench;

namespace NeuralOde.Cli.Charts;

/// <summary>The pictures of a run.</summary>
internal static class RunCharts
{
    private const string Blue = "#1f5fbf";
    private const string Orange = "#d9730d";
    private const string Grey = "#9db4d6";

    /// <summary>Loss and accuracy over the epochs.</summary>
    public static string Training(IReadOnlyList<TrainingProgress> log)
    {
        var epochs = log.Where(line => line.Event == TrainingEvent.Epoch).ToList();
        var perEpoch = epochs.Count > 0 ? (double)epochs[^1].Step / epochs[^1].Epoch : 1;
        var steps = log.Where(line => line.Event == TrainingEvent.Steps).Select(line => (line.Step / perEpoch, line.Loss)).ToList();
        var tested = epochs.Where(line => line.TestAccuracy is not null).ToList();
        var x = Axis.Linear(epochs.Select(line => (double)line.Epoch), fromZero: true);
        var loss = new LineChart
        {
            Title = "Loss", XLabel = "epoch", YLabel = "cross-entropy", X = x,
            Y = Axis.Linear([.. steps.Select(point => point.Loss), .. tested.Select(line => line.TestLoss!.Value), .. epochs.Select(line => line.Loss)], fromZero: true),
            Series =
            [
                new("training, reports", Grey, steps) { HasDots = false },
                new("training, epoch", Blue, [.. epochs.Select(line => ((double)line.Epoch, line.Loss))]),
                new("test", Orange, [.. tested.Select(line => ((double)line.Epoch, line.TestLoss!.Value))]),
            ],
        };
        var accuracy = new LineChart
        {
            Title = "Accuracy", XLabel = "epoch", YLabel = "share classified correctly", X = x, Y = Axis.Linear([0, 1], fromZero: true), YFormat = value => $"{value:p0}",
            Series =
            [
                new("training, epoch", Blue, [.. epochs.Select(line => ((double)line.Epoch, line.Accuracy))]),
                new("test", Orange, [.. tested.Select(line => ((double)line.Epoch, line.TestAccuracy!.Value))]),
            ],
        };
        return LineChart.Document(loss, accuracy);
    }

    /// <summary>Peak memory against steps, both logarithmic.</summary>
    public static string Memory(IReadOnlyList<MemoryRow> rows) => LineChart.Document(new LineChart
    {
        Title = "Peak tensor memory of a training step", XLabel = "solver steps", YLabel = "MB", Width = 720, Height = 440,
        X = Axis.Log(rows.Select(row => (double)row.Steps), 2),
        Y = Axis.Log(rows.SelectMany(row => (double[])[row.MaliBytes / 1e6, row.BackpropBytes / 1e6]), 10),
        Series =
        [
            new("mali", Blue, [.. rows.Select(row => ((double)row.Steps, row.MaliBytes / 1e6))]),
            new("backprop", Orange, [.. rows.Select(row => ((double)row.Steps, row.BackpropBytes / 1e6))]),
        ],
    });
}
