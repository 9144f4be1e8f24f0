namespace NeuralOde.Cli.Tests;

/// <summary>How <c>neuralode solve</c> comes back from t1 to t0, and what it does when that, or the way there, fails.</summary>
public sealed class SolveReversalTests
{
    private const double DriftToleranceOfFloat32 = 3.4527e-4;   // the square root of 2^-23, rounded up

    [Fact]
    public void Exact_reversal_comes_back_to_the_bit_and_agrees_with_PyTorch()
    {
        using var folder = new TemporaryFolder();
        var vectors = Vectors.Named("mlp");

        var report = Cli.Json([.. vectors.Arguments(folder["out.safetensors"]), "--reversal", "exact"]);

        Assert.Equal(0, report["reconstruction_error"]!.GetValue<double>());
        vectors.AssertAnswer(folder["out.safetensors"], 1e-9);   // the lattice is finer than float64 rounding of the 20 steps, 1e-15
    }

    [Fact]
    public void A_snapshot_of_every_step_is_kept_and_counted()
    {
        using var folder = new TemporaryFolder();
        var vectors = Vectors.Named("mlp_damped");

        var report = Cli.Json([.. vectors.Arguments(folder["out.safetensors"]), "--snapshot-interval", "1"]);

        Assert.InRange(report["snapshots"]!.GetValue<long>(), vectors.Steps - 1, vectors.Steps);   // z0 and the end state need none
        Assert.True(report["snapshot_bytes"]!.GetValue<long>() > 0);
        Assert.Equal(0, report["steps_replayed"]!.GetValue<long>());
        vectors.AssertAnswer(folder["out.safetensors"], 1e-12);   // one step's rounding, 1e-16, not expanded; 10 steps
    }

    [Fact]
    public void Damped_steps_stay_within_the_drift_tolerance_by_default()
    {
        using var folder = new TemporaryFolder();

        var report = Cli.Json(Damped(folder));

        Assert.InRange(report["reconstruction_error"]!.GetValue<double>(), 0, DriftToleranceOfFloat32);
        Assert.True(report["snapshots"]!.GetValue<long>() > 0);
    }

    [Fact]
    public void A_drift_is_a_failure_that_says_what_to_do_and_writes_the_gradients_all_the_same()
    {
        using var folder = new TemporaryFolder();

        var result = Cli.Run([.. Damped(folder), "--snapshot-interval", "none", "--json"]);

        Assert.Equal(1, result.ExitCode);
        Assert.Equal("drift", result.Json["status"]!.ToString());
        Assert.Equal(1, result.Number("reached"));
        Assert.Equal(result.Json["message"]!.ToString(), result.Json["error"]!.ToString());
        Assert.All((string[])["--snapshot-interval auto", "--reversal exact", "--drift-tolerance", folder["out.safetensors"]],
            words => Assert.Contains(words, result.Error, StringComparison.Ordinal));
        Assert.Contains("grad.z", Names(folder["out.safetensors"]));
    }

    [Fact]
    public void A_drift_below_a_larger_tolerance_is_fine()
    {
        using var folder = new TemporaryFolder();
        var arguments = Vectors.Named("mlp_damped").Arguments(folder["out.safetensors"]);

        // Ten steps expand rounding by 0.6^-10 = 165 at least, to well above 1e-15 and far below 1e-9.
        Assert.Equal(1, Cli.Run([.. arguments, "--snapshot-interval", "none", "--drift-tolerance", "1e-16"]).ExitCode);
        Assert.Equal(0, Cli.Run([.. arguments, "--snapshot-interval", "none", "--drift-tolerance", "1e-9"]).ExitCode);
    }

    [Fact]
    public void Too_few_steps_allowed_is_a_failure_that_writes_the_state_reached()
    {
        using var folder = new TemporaryFolder();
        string[] arguments = Vectors.Named("mlp").Arguments(folder["out.safetensors"]);   // from 0.2 to 1.2
        string[] adaptive = [.. arguments.Where((_, i) => i != Array.IndexOf(arguments, "--step-size") && i != Array.IndexOf(arguments, "--step-size") + 1)];

        var result = Cli.Run([.. adaptive, "--rtol", "1e-8", "--atol", "1e-8", "--max-steps", "8", "--json"]);

        Assert.Equal(1, result.ExitCode);
        Assert.Equal("step_limit", result.Json["status"]!.ToString());
        Assert.InRange(result.Number("reached"), 0.2 + 1e-9, 1.2 - 1e-9);
        Assert.Equal(8, result.Json["steps_accepted"]!.GetValue<long>() + result.Json["steps_rejected"]!.GetValue<long>());
        Assert.Contains(folder["out.safetensors"], result.Error, StringComparison.Ordinal);
        Assert.Equal(["z"], Names(folder["out.safetensors"]));
    }

    [Fact]
    public void Too_few_fixed_steps_allowed_is_a_failure_before_the_first_one_that_writes_nothing()
    {
        using var folder = new TemporaryFolder();

        var result = Cli.Run([.. Vectors.Named("mlp").Arguments(folder["out.safetensors"]), "--max-steps", "3", "--json"]);

        Assert.Equal(1, result.ExitCode);
        Assert.Equal("step_limit", result.Json["status"]!.ToString());
        Assert.Equal(0.2, result.Number("reached"));
        Assert.False(File.Exists(folder["out.safetensors"]));
    }

    [Fact]
    public void Times_that_a_failed_solve_did_not_reach_are_NaN()
    {
        using var folder = new TemporaryFolder();

        Cli.Run([.. Vectors.Named("mlp_t_eval").Arguments(folder["out.safetensors"]), "--max-steps", "4"]);   // to 0.35 of 1; asked for are 0.25, 0.5, 1

        using var scope = new TensorScope();
        var finite = Safetensors.Load(folder["out.safetensors"])["z"].IsFinite();
        Assert.True(finite[0].ToArray<bool>().All(value => value));
        Assert.DoesNotContain(true, finite[1..].ToArray<bool>());
    }

    [Fact]
    public void A_state_that_overflows_is_a_failure_that_names_the_time()
    {
        using var folder = new TemporaryFolder();

        var result = Cli.Run("solve", "--dynamics", Vectors.Path("linear.pt"), "--z0", Vectors.Path("linear.z0.safetensors"), "--t0", "0", "--t1", "1e6",
            "--step-size", "100", "--out", folder["out.safetensors"], "--json");

        Assert.Equal(1, result.ExitCode);
        Assert.Equal("non_finite", result.Json["status"]!.ToString());
        Assert.InRange(result.Number("reached"), 100, 1e6 - 100);
        using var scope = new TensorScope();
        Assert.True(Safetensors.Load(folder["out.safetensors"])["z"].IsFinite().ToArray<bool>().All(value => value));
    }

    [Fact]
    public void A_state_that_leaves_the_lattice_is_a_failure_of_its_own()
    {
        using var folder = new TemporaryFolder();

        var result = Cli.Run("solve", "--dynamics", Vectors.Path("linear.pt"), "--z0", Vectors.Path("linear.z0.safetensors"), "--t0", "0", "--t1", "1e6",
            "--step-size", "100", "--reversal", "exact", "--out", folder["out.safetensors"], "--json");

        Assert.Equal(1, result.ExitCode);
        Assert.Equal("lattice_overflow", result.Json["status"]!.ToString());
    }

    [Fact]
    public void The_text_tells_drift_snapshots_and_steps_made_again()
    {
        using var folder = new TemporaryFolder();

        var result = Cli.Run([.. Vectors.Named("mlp").Arguments(folder["out.safetensors"]), "--reversal", "exact"]);

        Assert.Contains("known states reconstructed to the bit; no snapshot kept, no step made again", result.Output, StringComparison.Ordinal);
    }

    /// <summary>50 float32 steps with eta = 0.8, whose inverse expands rounding by 0.6^-50 = 1e11.</summary>
    private static string[] Damped(TemporaryFolder folder)
    {
        using var scope = new TensorScope();
        Safetensors.Save(folder["z0.safetensors"], [new("z", Safetensors.Load(Vectors.Path("mlp.z0.safetensors"))["z"].To(DType.Float32))]);
        return
        [
            "solve", "--dynamics", Vectors.Path("time_mlp.pt"), "--z0", folder["z0.safetensors"], "--t0", "0", "--t1", "1", "--step-size", "0.02",
            "--eta", "0.8", "--out", folder["out.safetensors"],
        ];
    }

    private static IEnumerable<string> Names(string file)
    {
        using var output = Safetensors.Load(file);
        return [.. output.Keys.Order()];
    }
}
