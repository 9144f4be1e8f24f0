namespace NeuralOde.Cli.Tests;

public sealed class TrainTests(TinyImages images) : IClassFixture<TinyImages>
{
    [Fact]
    public void Training_writes_its_files_and_one_JSON_object()
    {
        using var folder = new TemporaryFolder();

        var report = Cli.Json(images.Train(folder["run"], "--epochs", "2", "--report-every", "1"));

        string[] keys = ["test_accuracy", "train_images_per_second", "epochs", "seconds", "peak_bytes", "nfe_forward", "nfe_backward", "data_wait_share"];
        Assert.All(keys, key => Assert.NotNull(report[key]));
        Assert.Equal(2, report["epochs"]!.GetValue<double>());
        Assert.Equal(10, report["steps"]!.GetValue<long>());   // 80 images, 16 a step, twice
        Assert.True(report["peak_bytes"]!.GetValue<long>() > 0);
        Assert.True(report["nfe_backward"]!.GetValue<long>() > 0);
        var run = new RunFolder(folder["run"]);
        Assert.Equal(2, run.ReadLog().Count(line => line.Event == TrainingEvent.Epoch && line.TestAccuracy is not null));
        Assert.Equal(10, run.ReadLog().Count(line => line.Event == TrainingEvent.Steps));
        Assert.Equal(10, run.ReadResult()!.Steps);
        Assert.All((string[])[run.ConfigFile, run.CheckpointFile, run.WeightsFile], file => Assert.True(File.Exists(file)));
    }

    [Fact]
    public void Progress_goes_to_stderr_as_lines()
    {
        using var folder = new TemporaryFolder();

        var result = Cli.Run(images.Train(folder["run"], "--epochs", "1", "--report-every", "2"));

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("epoch 1 done", result.Error, StringComparison.Ordinal);
        Assert.Contains("test accuracy", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("step 2", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_seed_gives_the_same_weights_whatever_the_workers()
    {
        using var folder = new TemporaryFolder();
        Cli.Json(images.Train(folder["a"], "--max-steps", "6", "--seed", "3", "--workers", "1"));
        Cli.Json(images.Train(folder["b"], "--max-steps", "6", "--seed", "3", "--workers", "3"));
        Cli.Json(images.Train(folder["c"], "--max-steps", "6", "--seed", "4"));

        Assert.Equal(Weights(folder["a"]), Weights(folder["b"]));
        Assert.NotEqual(Weights(folder["a"]), Weights(folder["c"]));
    }

    [Fact]
    public void A_folder_that_holds_a_run_is_left_alone_without_resume()
    {
        using var folder = new TemporaryFolder();
        Cli.Json(images.Train(folder["run"], "--max-steps", "1"));
        var before = Weights(folder["run"]);

        var result = Cli.Run(images.Train(folder["run"], "--max-steps", "2"));

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("--resume", result.Error, StringComparison.Ordinal);
        Assert.Equal(before, Weights(folder["run"]));
    }

    [Fact]
    public void Resuming_nothing_is_a_failure()
    {
        using var folder = new TemporaryFolder();

        Assert.Equal(1, Cli.Run(images.Train(folder["run"], "--resume")).ExitCode);
    }

    [Theory]
    [InlineData("--lr", "0.5", "learning_rate")]
    [InlineData("--batch-size", "8", "batch_size")]
    [InlineData("--step-size", "0.25", "step_size")]
    [InlineData("--seed", "9", "seed")]
    [InlineData("--gradient", "backprop", "gradient")]
    [InlineData("--snapshot-interval", "none", "snapshot_interval")]
    [InlineData("--reversal", "exact", "reversal")]
    [InlineData("--drift-tolerance", "1e-6", "drift_tolerance")]
    public void Resuming_with_another_option_is_refused_and_the_option_named(string option, string value, string named)
    {
        using var folder = new TemporaryFolder();
        Cli.Json(images.Train(folder["run"], "--max-steps", "1"));

        var result = Cli.Run("train", "--resume", "--run", folder["run"], option, value);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains(named, result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sgd")]
    [InlineData("adam")]
    [InlineData("adamw")]
    public void A_run_in_two_parts_gives_the_weights_of_one_in_one_part(string optimizer)
    {
        using var folder = new TemporaryFolder();
        string[] options = ["--schedule", "constant", "--optimizer", optimizer];
        Cli.Json(images.Train(folder["whole"], ["--max-steps", "13", .. options]));
        Cli.Json(images.Train(folder["parts"], ["--max-steps", "7", .. options]));   // 7 is within the second epoch

        var report = Cli.Json("train", "--resume", "--run", folder["parts"], "--max-steps", "13", "--threads", "1");

        Assert.Equal(13, report["steps"]!.GetValue<long>());
        Assert.Equal(Weights(folder["whole"]), Weights(folder["parts"]));
    }

    [Fact]
    public void Batches_whose_images_are_all_broken_do_not_shift_a_resumed_run()
    {
        using var folder = new TemporaryFolder();
        Synthetic.Write(folder["images"], new() { ImageSize = 16, TrainPerClass = 2, TestPerClass = 1 });
        foreach (var file in Directory.EnumerateFiles(System.IO.Path.Combine(folder["images"], "train"), "*0.jpg", SearchOption.AllDirectories).Order().Take(6))
            File.WriteAllText(file, "not an image");
        string[] Arguments(string run, string steps) =>
        [
            "train", "--data", folder["images"], "--model", "odenet-small", "--batch-size", "1", "--schedule", "constant", "--threads", "1", "--run", run,
            "--max-steps", steps,
        ];
        Cli.Json(Arguments(folder["whole"], "20"));   // 14 images are left of 20
        Cli.Json(Arguments(folder["parts"], "8"));

        Cli.Json([.. Arguments(folder["parts"], "20"), "--resume"]);

        Assert.Equal(Weights(folder["whole"]), Weights(folder["parts"]));
    }

    [Fact]
    public void Resuming_a_finished_run_reports_it_again()
    {
        using var folder = new TemporaryFolder();
        var first = Cli.Json(images.Train(folder["run"], "--epochs", "1"));
        var again = Cli.Json("train", "--resume", "--threads", "1", "--run", folder["run"]);

        Assert.Equal(first["test_accuracy"]!.GetValue<double>(), again["test_accuracy"]!.GetValue<double>());
        Assert.Equal(first["steps"]!.GetValue<long>(), again["steps"]!.GetValue<long>());
    }

    [Fact]
    public void After_SIGKILL_a_resumed_run_gives_the_weights_of_an_uninterrupted_one()
    {
        using var folder = new TemporaryFolder();
        string[] options = ["--epochs", "30", "--checkpoint-seconds", "0", "--report-every", "1"];   // 150 steps, one-cycle
        Cli.Json(images.Train(folder["whole"], options));
        var run = new RunFolder(folder["killed"]);
        using (var process = CliProcess.Start(images.Train(run.Path, options)))
        {
            process.WaitFor(() => Steps(run.Path).Count() > 13);
            process.Kill();
        }
        Assert.False(File.Exists(run.ResultFile));

        Cli.Json("train", "--resume", "--run", run.Path, "--threads", "1");

        Assert.Equal(Weights(folder["whole"]), Weights(run.Path));
        Assert.Equal(Steps(folder["whole"]), Steps(run.Path));   // the log has every step once
    }

    [Fact]
    public void Ctrl_C_saves_and_stops_and_the_run_can_go_on()
    {
        using var folder = new TemporaryFolder();
        string[] options = ["--epochs", "100000", "--schedule", "constant", "--checkpoint-seconds", "1000", "--report-every", "1"];
        var run = new RunFolder(folder["stopped"]);
        CliResult stopped;
        using (var process = CliProcess.Start([.. images.Train(run.Path, options), "--json"]))
        {
            process.WaitFor(() => Steps(run.Path).Count() > 7);
            process.Interrupt();
            stopped = process.Result();
        }

        Assert.Equal(1, stopped.ExitCode);
        Assert.Equal("stopped", stopped.Json["status"]!.ToString());
        Assert.Contains("--resume", stopped.Error, StringComparison.Ordinal);
        var end = $"{Steps(run.Path).Last() + 8}";
        Cli.Json("train", "--resume", "--run", run.Path, "--threads", "1", "--max-steps", end);
        Cli.Json(images.Train(folder["whole"], [.. options, "--max-steps", end]));
        Assert.Equal(Weights(folder["whole"]), Weights(run.Path));
    }

    [Fact]
    public void A_damaged_checkpoint_is_refused_and_named()
    {
        using var folder = new TemporaryFolder();
        Cli.Json(images.Train(folder["run"], "--max-steps", "1"));
        var file = new RunFolder(folder["run"]).CheckpointFile;
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..1000]);

        var result = Cli.Run("train", "--resume", "--run", folder["run"], "--max-steps", "2", "--json");

        Assert.Equal(1, result.ExitCode);
        Assert.Equal("io_error", result.Json["status"]!.ToString());
        Assert.Contains(file, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bound_in_time_ends_the_run_with_the_schedule_at_its_end()
    {
        using var folder = new TemporaryFolder();

        var report = Cli.Json(images.Train(folder["run"], "--max-minutes", "0.1", "--schedule", "cosine", "--report-every", "1", "--evaluate-every", "1000"));

        var rates = new RunFolder(folder["run"]).ReadLog().Where(line => line.Event == TrainingEvent.Steps).Select(line => line.LearningRate).ToList();
        Assert.NotNull(report["test_accuracy"]);
        Assert.True(rates[^1] < 0.3 * rates[0], $"the rate went from {rates[0]} to {rates[^1]}");   // a cosine that has come to 0.7 of its way
        Assert.True(rates.Zip(rates.Skip(1)).All(pair => pair.Second <= pair.First));
    }

    [Fact]
    public void Broken_images_are_skipped_and_reported_or_fatal()
    {
        using var folder = new TemporaryFolder();
        Synthetic.Write(folder["images"], new() { ImageSize = 16, TrainPerClass = 2, TestPerClass = 1 });
        var broken = Directory.EnumerateFiles(folder["images"], "*.jpg", SearchOption.AllDirectories).First(file => file.Contains("train", StringComparison.Ordinal));
        File.WriteAllText(broken, "not an image");
        string[] arguments = ["train", "--data", folder["images"], "--model", "odenet-small", "--image-size", "16", "--batch-size", "4", "--epochs", "1", "--threads", "1"];

        var skipped = Cli.Run([.. arguments, "--run", folder["a"], "--json"]);
        Assert.Equal(0, skipped.ExitCode);
        Assert.Equal(1, skipped.Json["broken_images"]!.GetValue<long>());
        Assert.Contains(broken, skipped.Error, StringComparison.Ordinal);

        var fatal = Cli.Run([.. arguments, "--run", folder["b"], "--fail-on-broken"]);
        Assert.Equal(1, fatal.ExitCode);
        Assert.Contains(broken, fatal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_test_images_the_accuracy_is_null()
    {
        using var folder = new TemporaryFolder();
        Synthetic.Write(folder["images"], new() { ImageSize = 16, TrainPerClass = 2, TestPerClass = 1 });
        Directory.Delete(System.IO.Path.Combine(folder["images"], "test"), recursive: true);

        var report = Cli.Json("train", "--data", folder["images"], "--model", "odenet-small", "--batch-size", "8", "--max-steps", "1", "--threads", "1", "--run", folder["run"]);

        Assert.True(report.ContainsKey("test_accuracy"));
        Assert.Null(report["test_accuracy"]);
    }

    [Theory]
    [InlineData("--model", "alexnet", "odenet-small, resnet18-ode")]
    [InlineData("--optimizer", "lion", "sgd, adam, adamw")]
    [InlineData("--schedule", "linear", "one-cycle")]
    [InlineData("--augment", "mixup", "padded-crop")]
    [InlineData("--batch-size", "0", "--batch-size")]
    [InlineData("--max-minutes", "0", "--max-minutes")]
    [InlineData("--eta", "0.5", "--eta")]
    public void A_wrong_value_is_refused(string option, string value, string named)
    {
        using var folder = new TemporaryFolder();
        string[] arguments = ["train", "--data", images.Root, "--run", folder["run"], .. option == "--model" ? (string[])[] : ["--model", "odenet-small"], option, value];

        var result = Cli.Run(arguments);

        Assert.Equal(2, result.ExitCode);
        Assert.Contains(named, result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["run"]));
    }

    [Fact]
    public void A_folder_without_images_is_refused_and_named()
    {
        using var folder = new TemporaryFolder();

        var result = Cli.Run("train", "--data", folder["nothing"], "--model", "odenet-small", "--run", folder["run"]);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains(folder["nothing"], result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluating_a_run_gives_its_test_accuracy_and_another_solver_gives_other_work()
    {
        using var folder = new TemporaryFolder();
        var trained = Cli.Json(images.Train(folder["run"], "--epochs", "1"));

        var same = Cli.Json("evaluate", "--data", images.Root, "--run", folder["run"], "--threads", "1");
        var finer = Cli.Json("evaluate", "--data", images.Root, "--run", folder["run"], "--step-size", "0.125", "--threads", "1");

        Assert.Equal(trained["test_accuracy"]!.GetValue<double>(), same["test_accuracy"]!.GetValue<double>());
        Assert.True(finer["nfe_forward"]!.GetValue<long>() > same["nfe_forward"]!.GetValue<long>());
        Assert.Equal(20, same["images"]!.GetValue<long>());
    }

    [Fact]
    public void Evaluating_a_folder_without_a_run_is_a_failure()
    {
        using var folder = new TemporaryFolder();

        Assert.Equal(1, Cli.Run("evaluate", "--data", images.Root, "--run", folder["run"]).ExitCode);
    }

    private static byte[] Weights(string run) => File.ReadAllBytes(new RunFolder(run).WeightsFile);

    private static IEnumerable<long> Steps(string run) =>
        new RunFolder(run).ReadLog().Where(line => line.Event == TrainingEvent.Steps).Select(line => line.Step);
}
