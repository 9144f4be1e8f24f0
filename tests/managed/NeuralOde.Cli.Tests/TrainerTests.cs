namespace NeuralOde.Cli.Tests;

/// <summary>The trainer as C# programs use it, without the command line.</summary>
public sealed class TrainerTests(TinyImages images) : IClassFixture<TinyImages>
{
    private TrainerOptions Options => new()
    {
        Data = images.Root, Model = new() { ImageSize = 16 }, Solver = new() { StepSize = 0.5 }, BatchSize = 16, Epochs = 2, ReportEvery = 1,
    };

    [Fact]
    public void A_run_leaves_no_native_object_behind()
    {
        using var folder = new TemporaryFolder();
        new Trainer(Options, folder["warm-up"]).Run();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var before = Library.LiveObjects;

        new Trainer(Options, folder["run"]).Run();

        Assert.Equal(before, Library.LiveObjects);
    }

    [Fact]
    public void Progress_reports_every_step_and_rises_to_the_end()
    {
        using var folder = new TemporaryFolder();
        var reports = new List<TrainingProgress>();

        new Trainer(Options, folder["run"]).Run(new Recorder(reports.Add));

        Assert.Equal(Enumerable.Range(1, 10).Select(step => (long)step), reports.Where(line => line.Event == TrainingEvent.Steps).Select(line => line.Step));
        Assert.Equal(1, reports[^1].Progress);
        Assert.True(reports.Zip(reports.Skip(1)).All(pair => pair.First.Progress <= pair.Second.Progress));
        Assert.All(reports, line => Assert.True(double.IsFinite(line.Loss) && line.ImagesPerSecond > 0));
        Assert.All(reports, line => Assert.InRange(line.DataWaitShare, 0, 1));
        Assert.Contains(reports, line => line.DataWaitShare > 0);   // the first batch at least is waited for
    }

    [Fact]
    public void Cancelling_stops_after_the_step_and_resuming_finishes()
    {
        using var folder = new TemporaryFolder();
        using var stop = new CancellationTokenSource();
        var trainer = new Trainer(Options, folder["run"]);

        var stopped = trainer.Run(new Recorder(line => { if (line.Step == 3) stop.Cancel(); }), stop.Token);

        Assert.Equal((TrainingOutcome.Stopped, 3L), (stopped.Outcome, stopped.Steps));
        var finished = trainer.Resume();
        Assert.Equal((TrainingOutcome.Finished, 10L), (finished.Outcome, finished.Steps));
        Assert.NotNull(finished.TestAccuracy);
    }

    [Fact]
    public void Checkpoints_every_so_many_steps_bound_what_a_crash_loses()
    {
        using var folder = new TemporaryFolder();
        var trainer = new Trainer(Options with { CheckpointInterval = TimeSpan.FromHours(1), CheckpointEvery = 2 }, folder["run"]);

        Assert.Throws<InvalidOperationException>(() => trainer.Run(new Recorder(line => { if (line.Step == 3) throw new InvalidOperationException(); })));

        using var checkpoint = Checkpoint.Open(new RunFolder(folder["run"]).CheckpointFile);
        Assert.Contains("\"step\":2,", checkpoint.Metadata, StringComparison.Ordinal);
        Assert.Equal(10, trainer.Resume().Steps);
    }

    [Fact]
    public void A_one_cycle_schedule_rises_and_falls_over_the_run()
    {
        using var folder = new TemporaryFolder();
        var rates = new List<double>();
        var options = Options with { Epochs = 4, Schedule = new() { Kind = ScheduleKind.OneCycle, LearningRate = 0.1, Warmup = 0.25 } };

        new Trainer(options, folder["run"]).Run(new Recorder(line => { if (line.Event == TrainingEvent.Steps) rates.Add(line.LearningRate); }));

        Assert.Equal(0.1, rates.Max(), 6);
        Assert.Equal(5, rates.IndexOf(rates.Max()));   // a quarter of 20 steps
        Assert.True(rates[0] < 0.01 && rates[^1] < 0.01);
    }

    [Fact]
    public void A_run_without_an_end_is_refused() =>
        Assert.Throws<ArgumentException>(() => new Trainer(Options with { Epochs = null }, "nowhere"));

    [Fact]
    public void Another_number_of_classes_is_refused()
    {
        using var folder = new TemporaryFolder();
        var options = Options;

        var error = Assert.Throws<NeuralOdeException>(() => new Trainer(options with { Model = options.Model with { Classes = 7 } }, folder["run"]).Run());

        Assert.Contains("10 classes", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["run"]));
    }

    /// <summary>Reports on the thread that trains, unlike <see cref="Progress{T}"/>.</summary>
    private sealed class Recorder(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value);
    }
}
