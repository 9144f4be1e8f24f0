namespace NeuralOde.Cli.Tests;

/// <summary>Solvers and gradient methods in training: as the other options, they are the run's and are kept.</summary>
public sealed class TrainMethodTests(TinyImages images) : IClassFixture<TinyImages>
{
    [Fact]
    public void Training_with_any_method_that_keeps_the_steps_gives_the_same_weights()
    {
        using var folder = new TemporaryFolder();
        string[] methods = ["backprop", "aca", "anode", "pnode", "pnode --checkpoints 1"];
        foreach (var method in methods)
            Cli.Json(images.Train(folder[method], ["--max-steps", "2", "--schedule", "constant", "--solver", "bosh3", .. $"--gradient {method}".Split(' ')]));

        using var scope = new TensorScope();
        var expected = Safetensors.Load(new RunFolder(folder["backprop"]).WeightsFile);
        foreach (var method in methods[1..])
        {
            var actual = Safetensors.Load(new RunFolder(folder[method]).WeightsFile);
            Assert.All(expected.Where(pair => pair.Value.DType == DType.Float32), pair =>   // two steps of float32 rounding, 1e-7, at a rate of 0.1
                Assert.True((actual[pair.Key] - pair.Value).Abs().Max().ToDouble() <= 1e-3 * Math.Max(1, pair.Value.Abs().Max().ToDouble()), $"{method}: {pair.Key}"));
        }
    }

    [Fact]
    public void Adaptive_training_by_the_adjoint_reports_no_drift()
    {
        using var folder = new TemporaryFolder();

        Cli.Json(Adaptive(folder["run"], "--max-steps", "2", "--solver", "dopri5", "--gradient", "adjoint", "--adjoint-seminorm", "--controller", "pid"));

        var run = new RunFolder(folder["run"]);
        var solver = run.ReadOptions().Solver;
        Assert.Equal((SolverKind.Dopri5, GradientMethod.Adjoint, true, StepSizeController.Pid, null),
            (solver.Solver, solver.Gradient, solver.AdjointSeminorm, solver.Controller, solver.StepSize));
        Assert.All(run.ReadLog(), line => Assert.Null(line.ReconstructionError));
    }

    [Fact]
    public void A_run_in_two_parts_gives_the_weights_of_one_in_one_part()
    {
        using var folder = new TemporaryFolder();
        string[] options = ["--schedule", "constant", "--solver", "rk4", "--gradient", "pnode", "--checkpoints", "1"];
        Cli.Json(images.Train(folder["whole"], ["--max-steps", "5", .. options]));
        Cli.Json(images.Train(folder["parts"], ["--max-steps", "2", .. options]));

        Cli.Json("train", "--resume", "--run", folder["parts"], "--max-steps", "5", "--threads", "1");

        Assert.Equal(File.ReadAllBytes(new RunFolder(folder["whole"]).WeightsFile), File.ReadAllBytes(new RunFolder(folder["parts"]).WeightsFile));
        Assert.Equal(1, new RunFolder(folder["parts"]).ReadOptions().Solver.Checkpoints);
    }

    [Theory]
    [InlineData("reversible-heun")]
    [InlineData("midpoint")]
    public void Training_with_undone_steps_gives_the_weights_of_backprop_through_them(string solver)
    {
        using var folder = new TemporaryFolder();
        string[] Train(string run, params string[] more) => images.Train(run, ["--max-steps", "2", "--schedule", "constant", "--solver", solver, .. more]);

        Cli.Json(Train(folder["reversible"], "--gradient", "reversible"));
        Cli.Json(Train(folder["backprop"], ["--gradient", "backprop", .. solver == "midpoint" ? (string[])["--coupling", "0.999"] : []]));

        using var scope = new TensorScope();
        var expected = Safetensors.Load(new RunFolder(folder["backprop"]).WeightsFile);
        var actual = Safetensors.Load(new RunFolder(folder["reversible"]).WeightsFile);
        Assert.All(expected.Where(pair => pair.Value.DType == DType.Float32), pair =>   // two steps of float32 rounding, reconstructed, at a rate of 0.1
            Assert.True((actual[pair.Key] - pair.Value).Abs().Max().ToDouble() <= 1e-3 * Math.Max(1, pair.Value.Abs().Max().ToDouble()), pair.Key));
        Assert.All(new RunFolder(folder["reversible"]).ReadLog().Where(line => line.Event == TrainingEvent.Steps), line => Assert.NotNull(line.ReconstructionError));
    }

    [Fact]
    public void Evaluating_a_run_of_coupled_steps_makes_the_steps_that_it_was_trained_with()
    {
        using var folder = new TemporaryFolder();
        Cli.Json(images.Train(folder["run"], "--max-steps", "1", "--solver", "midpoint", "--gradient", "reversible"));

        var coupled = Cli.Json("evaluate", "--data", images.Root, "--run", folder["run"], "--threads", "1");
        var uncoupled = Cli.Json("evaluate", "--data", images.Root, "--run", folder["run"], "--solver", "heun", "--threads", "1");

        Assert.Equal(2 * uncoupled["nfe_forward"]!.GetValue<long>(), coupled["nfe_forward"]!.GetValue<long>());
    }

    [Fact]
    public void Implicit_steps_train_and_evaluate()
    {
        using var folder = new TemporaryFolder();

        Cli.Json(images.Train(folder["run"], "--max-steps", "1", "--solver", "crank-nicolson", "--newton-tolerance", "1e-4", "--checkpoint-stages"));
        var report = Cli.Json("evaluate", "--data", images.Root, "--run", folder["run"], "--threads", "1");

        Assert.Equal((SolverKind.CrankNicolson, 1e-4, true),
            (new RunFolder(folder["run"]).ReadOptions().Solver.Solver, new RunFolder(folder["run"]).ReadOptions().Solver.NewtonTolerance, new RunFolder(folder["run"]).ReadOptions().Solver.CheckpointStages));
        Assert.True(report["nfe_forward"]!.GetValue<long>() > 0);
    }

    [Theory]
    [InlineData("solver", "--solver", "tsit5")]
    [InlineData("gradient", "--gradient", "aca")]
    [InlineData("checkpoints", "--checkpoints", "3")]
    [InlineData("step_size", "--controller", "pid")]
    public void Resuming_with_another_option_is_refused_and_the_option_named(string named, params string[] options)
    {
        using var folder = new TemporaryFolder();
        Cli.Json(images.Train(folder["run"], "--max-steps", "1", "--solver", "bosh3", "--checkpoints", "1"));

        var result = Cli.Run(["train", "--resume", "--run", folder["run"], .. options]);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains(named, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluating_a_run_of_damped_alf_with_another_solver_drops_what_is_alfs()
    {
        using var folder = new TemporaryFolder();
        Cli.Json(images.Train(folder["run"], "--max-steps", "2", "--eta", "0.9", "--snapshot-interval", "2", "--drift-tolerance", "1e-2"));

        var rk4 = Cli.Json("evaluate", "--data", images.Root, "--run", folder["run"], "--solver", "rk4", "--step-size", "0.25", "--threads", "1");
        var alf = Cli.Json("evaluate", "--data", images.Root, "--run", folder["run"], "--step-size", "0.25", "--threads", "1");

        Assert.Equal(alf["nfe_forward"]!.GetValue<long>() * 16 / 5, rk4["nfe_forward"]!.GetValue<long>());   // 4 steps: 4 stages each, and 4 + 1
    }

    [Fact]
    public void Evaluating_needs_no_method_that_exact_reversal_goes_with()
    {
        using var folder = new TemporaryFolder();
        Cli.Json(images.Train(folder["run"], "--max-steps", "1", "--gradient", "aca"));

        Cli.Json("evaluate", "--data", images.Root, "--run", folder["run"], "--reversal", "exact", "--threads", "1");
    }

    [Fact]
    public void Training_without_gradients_is_refused_with_the_methods_there_are()
    {
        using var folder = new TemporaryFolder();

        var result = Cli.Run(images.Train(folder["run"], "--gradient", "none"));

        Assert.Equal(2, result.ExitCode);
        Assert.Contains("mali, backprop, adjoint, aca, anode, pnode, reversible", result.Error, StringComparison.Ordinal);
    }

    /// <summary>The command of <see cref="TinyImages.Train"/> without its step size.</summary>
    private string[] Adaptive(string run, params string[] more)
    {
        var arguments = images.Train(run, more);
        var at = Array.IndexOf(arguments, "--step-size");
        return [.. arguments[..at], .. arguments[(at + 2)..]];
    }
}
