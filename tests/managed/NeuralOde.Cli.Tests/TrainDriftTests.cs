using System.Text.Json.Nodes;

namespace NeuralOde.Cli.Tests;

/// <summary>What training says about the drift of its reverse sweeps.</summary>
public sealed class TrainDriftTests(TinyImages images) : IClassFixture<TinyImages>
{
    [Fact]
    public void Every_line_of_the_log_has_the_drift_and_nothing_is_said_when_all_is_well()
    {
        using var folder = new TemporaryFolder();

        var result = Cli.Run(images.Train(folder["run"], "--epochs", "1", "--report-every", "1"));

        var log = new RunFolder(folder["run"]).ReadLog();
        Assert.All(log, line => Assert.InRange(line.ReconstructionError!.Value, 0, 3.4527e-4));   // the square root of float32's epsilon
        Assert.Equal(log.Where(line => line.Event == TrainingEvent.Steps).Max(line => line.ReconstructionError), log[^1].ReconstructionError);
        Assert.All(log, line => Assert.Null(line.Warning));
        Assert.DoesNotContain("warning", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_drift_warns_once_an_epoch_and_does_not_end_the_run()
    {
        using var folder = new TemporaryFolder();

        // Float32 rounding, 1e-7, is above this tolerance in every step.
        var result = Cli.Run(images.Train(folder["run"], "--epochs", "2", "--report-every", "1", "--snapshot-interval", "none", "--drift-tolerance", "1e-12"));

        Assert.Equal(0, result.ExitCode);
        var warned = new RunFolder(folder["run"]).ReadLog().Where(line => line.Warning is not null).ToList();
        Assert.Equal([1, 2], warned.Select(line => line.Epoch));
        Assert.Equal(2, result.Error.Split("warning:").Length - 1);
        Assert.All((string[])["1e-12", "gradients are wrong", "--snapshot-interval auto", "--reversal exact"],
            words => Assert.Contains(words, warned[0].Warning, StringComparison.Ordinal));
    }

    [Fact]
    public void Exact_reversal_trains_without_drift_and_is_kept_when_resumed()
    {
        using var folder = new TemporaryFolder();
        string[] options = ["--reversal", "exact", "--schedule", "constant"];
        Cli.Json(images.Train(folder["whole"], ["--max-steps", "7", .. options]));
        Cli.Json(images.Train(folder["parts"], ["--max-steps", "3", .. options]));

        Cli.Json("train", "--resume", "--run", folder["parts"], "--max-steps", "7", "--threads", "1");

        var (whole, parts) = (new RunFolder(folder["whole"]), new RunFolder(folder["parts"]));
        Assert.Equal(File.ReadAllBytes(whole.WeightsFile), File.ReadAllBytes(parts.WeightsFile));
        Assert.All(parts.ReadLog(), line => Assert.Equal(0, line.ReconstructionError));
        Assert.Equal(Reversal.Exact, parts.ReadOptions().Solver.Reversal);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("auto")]
    [InlineData("3")]
    public void The_snapshot_interval_is_written_and_read_by_its_name(string interval)
    {
        using var folder = new TemporaryFolder();

        Cli.Json(images.Train(folder["run"], "--max-steps", "1", "--snapshot-interval", interval));

        var run = new RunFolder(folder["run"]);
        Assert.Contains($"\"snapshot_interval\": \"{interval}\"", File.ReadAllText(run.ConfigFile), StringComparison.Ordinal);
        Assert.Equal(interval, run.ReadOptions().Solver.SnapshotInterval.ToString());
    }

    [Fact]
    public void A_run_from_before_these_options_can_be_resumed()
    {
        using var folder = new TemporaryFolder();
        Cli.Json(images.Train(folder["run"], "--max-steps", "1"));
        var file = new RunFolder(folder["run"]).ConfigFile;
        var config = JsonNode.Parse(File.ReadAllText(file))!;
        foreach (var key in (string[])["snapshot_interval", "reversal", "drift_tolerance", "failure", "controller", "checkpoints", "adjoint_seminorm"])
            Assert.True(config["solver"]!.AsObject().Remove(key));
        File.WriteAllText(file, config.ToJsonString());

        Assert.Equal(2, Cli.Json("train", "--resume", "--run", folder["run"], "--max-steps", "2", "--threads", "1")["steps"]!.GetValue<long>());
    }

    [Fact]
    public void A_run_evaluates_with_exact_reversal_too()
    {
        using var folder = new TemporaryFolder();
        var trained = Cli.Json(images.Train(folder["run"], "--epochs", "1"));

        var exact = Cli.Json("evaluate", "--data", images.Root, "--run", folder["run"], "--reversal", "exact", "--threads", "1");

        Assert.Equal(trained["test_loss"]!.GetValue<double>(), exact["test_loss"]!.GetValue<double>(), 1e-3);   // rounding of float32 through two steps a block
    }

    [Fact]
    public void Damped_training_refuses_exact_reversal()
    {
        using var folder = new TemporaryFolder();

        var result = Cli.Run(images.Train(folder["run"], "--eta", "0.9", "--reversal", "exact"));

        Assert.Equal(2, result.ExitCode);
        Assert.Contains("--eta 1", result.Error, StringComparison.Ordinal);
    }
}
