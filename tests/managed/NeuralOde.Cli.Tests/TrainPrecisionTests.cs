namespace NeuralOde.Cli.Tests;

/// <summary>Training in fewer bits, and the devices it can be asked to run on.</summary>
public sealed class TrainPrecisionTests(TinyImages images) : IClassFixture<TinyImages>
{
    private static readonly string[] Bf16 = ["--precision", "bf16"];

    private TrainerOptions Options => new()
    {
        Data = images.Root, Model = new() { ImageSize = 16 }, Solver = new() { StepSize = 0.5 }, BatchSize = 16, MaxSteps = 7, ReportEvery = 1,
    };

    [Fact]
    public void Training_in_bfloat16_lowers_the_loss_and_keeps_float32_weights()
    {
        using var folder = new TemporaryFolder();

        var report = Cli.Json(images.Train(folder["run"], ["--epochs", "12", "--report-every", "1", .. Bf16]));

        var epochs = new RunFolder(folder["run"]).ReadLog().Where(line => line.Event == TrainingEvent.Epoch).Select(line => line.Loss).ToList();
        Assert.True(epochs[^1] < 0.8 * epochs[0], $"the loss went from {epochs[0]} to {epochs[^1]}");
        Assert.Equal(("bf16", "cpu", false, 0L), (report["precision"]!.ToString(), report["device"]!.ToString(),
            report["channels_last"]!.GetValue<bool>(), report["skipped_steps"]!.GetValue<long>()));
        using var scope = new TensorScope();
        Assert.All(Safetensors.Load(new RunFolder(folder["run"]).WeightsFile).Where(pair => pair.Key.EndsWith("weight", StringComparison.Ordinal)),
            pair => Assert.Equal(DType.Float32, pair.Value.DType));
    }

    [Fact]
    public void The_precision_of_a_run_is_its_own_and_changes_its_weights()
    {
        using var folder = new TemporaryFolder();

        var full = Cli.Json(images.Train(folder["fp32"], "--max-steps", "3"));
        Cli.Json(images.Train(folder["bf16"], ["--max-steps", "3", .. Bf16]));

        Assert.Equal("fp32", full["precision"]!.ToString());
        Assert.NotEqual(Weights(folder["fp32"]), Weights(folder["bf16"]));
    }

    [Fact]
    public void A_run_in_bfloat16_in_two_parts_gives_the_weights_of_one_in_one_part()
    {
        using var folder = new TemporaryFolder();
        string[] options = ["--schedule", "constant", .. Bf16];
        Cli.Json(images.Train(folder["whole"], ["--max-steps", "13", .. options]));
        Cli.Json(images.Train(folder["parts"], ["--max-steps", "7", .. options]));

        var report = Cli.Json("train", "--resume", "--run", folder["parts"], "--max-steps", "13", "--threads", "1");

        Assert.Equal("bf16", report["precision"]!.ToString());   // the run's
        Assert.Equal(Weights(folder["whole"]), Weights(folder["parts"]));
    }

    [Fact]
    public void Resuming_in_another_precision_is_refused_and_named()
    {
        using var folder = new TemporaryFolder();
        Cli.Json(images.Train(folder["run"], ["--max-steps", "1", .. Bf16]));

        var result = Cli.Run("train", "--resume", "--run", folder["run"], "--precision", "fp32", "--max-steps", "2");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("precision", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--precision", "fp16", "bf16, or a GPU")]
    [InlineData("--precision", "fp8", "fp32, bf16, fp16")]
    [InlineData("--device", "tpu", "cpu, cuda:0")]
    public void What_cannot_be_is_refused_with_the_remedy_and_starts_no_run(string option, string value, string remedy)
    {
        using var folder = new TemporaryFolder();

        var result = Cli.Run(images.Train(folder["run"], "--max-steps", "1", option, value));

        Assert.Equal(2, result.ExitCode);
        Assert.Contains(remedy, result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["run"]));
    }

    [Fact]
    public void Float16_on_a_CPU_is_refused_by_the_trainer_and_by_evaluations_too()
    {
        var error = Assert.Throws<ArgumentException>(() => new Trainer(Options with { Precision = Precision.Float16 }, "nowhere"));
        Assert.Contains("bf16", error.Message, StringComparison.Ordinal);

        using var folder = new TemporaryFolder();
        Cli.Json(images.Train(folder["run"], "--max-steps", "1"));
        Assert.Equal(2, Cli.Run("evaluate", "--data", images.Root, "--run", folder["run"], "--precision", "fp16").ExitCode);
    }

    [Fact]
    public void Evaluating_takes_the_precision_of_the_run_or_another()
    {
        using var folder = new TemporaryFolder();
        var trained = Cli.Json(images.Train(folder["run"], ["--epochs", "1", .. Bf16]));
        string[] arguments = ["evaluate", "--data", images.Root, "--run", folder["run"], "--threads", "1"];

        var same = Cli.Json(arguments);
        var full = Cli.Json([.. arguments, "--precision", "fp32"]);

        Assert.Equal(("bf16", "cpu"), (same["precision"]!.ToString(), same["device"]!.ToString()));
        Assert.Equal(trained["test_loss"]!.GetValue<double>(), same["test_loss"]!.GetValue<double>());
        Assert.NotEqual(same["test_loss"]!.GetValue<double>(), full["test_loss"]!.GetValue<double>());
    }

    [Fact]
    public void A_scale_that_is_a_power_of_two_changes_nothing_in_float32()
    {
        using var folder = new TemporaryFolder();

        new Trainer(Options, folder["plain"]).Run();
        new Trainer(Options with { GradientScaler = new() { InitialScale = 1024 } }, folder["scaled"]).Run();

        Assert.Equal(Weights(folder["plain"]), Weights(folder["scaled"]));
    }

    [Fact]
    public void Overflowing_steps_are_skipped_and_counted_and_a_resumed_run_goes_on_with_the_scale()
    {
        using var folder = new TemporaryFolder();
        var options = Options with { GradientScaler = new() { InitialScale = 1e38, GrowthInterval = 2 }, Schedule = new() { LearningRate = 1e-6 } };
        foreach (var run in (string[])["whole", "parts"])
        {
            new Trainer(options with { MaxSteps = 1 }, folder[run]).Run();
            MultiplyHead(options, folder[run], 1e4f);   // and with it all other gradients, so that 1e38 of them are beyond Float32
        }

        var whole = new Trainer(options with { MaxSteps = 40 }, folder["whole"]).Resume();
        new Trainer(options with { MaxSteps = 23 }, folder["parts"]).Resume();
        var parts = new Trainer(options with { MaxSteps = 40 }, folder["parts"]).Resume();

        Assert.InRange(whole.SkippedSteps, 4, 35);   // down to the scale that fits, and once more whenever it has grown
        Assert.Equal(whole.SkippedSteps, parts.SkippedSteps);
        Assert.Equal(Weights(folder["whole"]), Weights(folder["parts"]));
        Assert.All(new RunFolder(folder["whole"]).ReadLog(), line => Assert.True(double.IsFinite(line.Loss)));
    }

    [GpuTheory]
    [InlineData("fp32")]
    [InlineData("bf16")]
    [InlineData("fp16")]
    public void Training_on_a_GPU_lowers_the_loss_and_resumes_on_the_CPU(string precision)
    {
        using var folder = new TemporaryFolder();

        var report = Cli.Json(images.Train(folder["run"], "--epochs", "12", "--precision", precision, "--device", "cuda:0", "--tf32"));

        var epochs = new RunFolder(folder["run"]).ReadLog().Where(line => line.Event == TrainingEvent.Epoch).Select(line => line.Loss).ToList();
        Assert.True(epochs[^1] < 0.8 * epochs[0], $"the loss went from {epochs[0]} to {epochs[^1]}");
        Assert.Equal(("cuda:0", true), (report["device"]!.ToString(), report["channels_last"]!.GetValue<bool>()));
        var elsewhere = Cli.Run("train", "--resume", "--run", folder["run"], "--epochs", "13", "--device", "cpu", "--threads", "1");
        Assert.Equal(precision == "fp16" ? 2 : 0, elsewhere.ExitCode);
    }

    private static void MultiplyHead(TrainerOptions options, string run, float factor)
    {
        using var scope = new TensorScope();
        using var model = Model.Create(options.Model, options.Solver);
        using var optimizer = new Optimizer(options.Optimizer, model.Parameters.Values);
        using var scaler = new GradientScaler(options.GradientScaler);
        var file = new RunFolder(run).CheckpointFile;
        using var checkpoint = Checkpoint.Open(file);
        checkpoint.Restore(model, optimizer, scaler);
        var head = model.Parameters["head.weight"];
        using (Autograd.NoGrad()) head.CopyFrom_(head * factor);
        Checkpoint.Save(file, model, optimizer, checkpoint.Metadata, scaler);
    }

    private static byte[] Weights(string run) => File.ReadAllBytes(new RunFolder(run).WeightsFile);
}
