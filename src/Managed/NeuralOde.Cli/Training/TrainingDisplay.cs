using Spectre.Console;

namespace NeuralOde.Cli.Training;

/// <summary>Shows a run's progress on stderr: a bar on a terminal, lines otherwise. Epochs always leave a line.</summary>
internal static class TrainingDisplay
{
    /// <summary>Calls <paramref name="train"/> with a reporter.</summary>
    public static TrainingResult Show(Terminal terminal, Func<IProgress<TrainingProgress>, TrainingResult> train)
    {
        if (!terminal.IsInteractive) return train(new Reporter(line =>
        {
            terminal.Log(Text(line));
            if (line.Warning is { } warning) terminal.Log($"warning: {warning}");
        }));
        var console = AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(terminal.Error) });
        return console.Progress()
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(context =>
            {
                var bar = context.AddTask("starting", maxValue: 1);
                return train(new Reporter(line =>
                {
                    bar.Value = line.Progress;
                    bar.Description = Markup.Escape($"epoch {line.Epoch}  loss {line.Loss:f3}  {line.ImagesPerSecond:f0} images/s  data wait {line.DataWaitShare:p0}");
                    if (line.Event == TrainingEvent.Epoch) console.MarkupLineInterpolated($"{Text(line)}");
                    if (line.Warning is { } warning) console.MarkupLineInterpolated($"[yellow]warning: {warning}[/]");
                }));
            });
    }

    /// <summary>A report on one line.</summary>
    public static string Text(TrainingProgress line)
    {
        var planned = line.PlannedSteps is { } steps ? $"/{steps}" : "";
        var test = line.TestAccuracy is { } accuracy ? $"  test loss {line.TestLoss:f4}  test accuracy {accuracy:p1}" : "";
        var head = line.Event == TrainingEvent.Epoch ? $"epoch {line.Epoch} done, step {line.Step}{planned}" : $"epoch {line.Epoch}  step {line.Step}{planned}";
        return $"{head}  loss {line.Loss:f4}  accuracy {line.Accuracy:p1}{test}  rate {line.LearningRate:g3}  {line.ImagesPerSecond:f0} images/s  data wait {line.DataWaitShare:p0}  {line.Seconds:f0} s";
    }

    /// <summary>Reports at once, on the thread that trains.</summary>
    private sealed class Reporter(Action<TrainingProgress> show) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => show(value);
    }
}
