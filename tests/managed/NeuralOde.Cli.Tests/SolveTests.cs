namespace NeuralOde.Cli.Tests;

public sealed class SolveTests
{
    private static readonly string[] Keys =
    [
        "status", "steps_accepted", "steps_rejected", "nfe_forward", "nfe_backward", "seconds_forward", "seconds_backward", "peak_bytes_forward",
        "peak_bytes_backward", "reconstruction_error", "snapshots", "snapshot_bytes", "steps_replayed", "newton_iterations", "newton_failures", "jacobian_products", "jacobian_products_backward",
        "graphs_forward", "graphs_backward", "message",
    ];

    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (var vectors in Vectors.All)
            {
                cases.Add(vectors.Name, "mali");
                cases.Add(vectors.Name, "backprop");
            }
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Gradients_agree_with_backprop_in_PyTorch(string name, string gradient)
    {
        using var folder = new TemporaryFolder();
        var vectors = Vectors.Named(name);

        var report = Cli.Json([.. vectors.Arguments(folder["out.safetensors"]), "--gradient", gradient]);

        // Float64 rounding (1e-16) times its growth in the damped inverse, at most 2^10 a step count of 10: far below 1e-9.
        vectors.AssertAnswer(folder["out.safetensors"], 1e-9);
        Assert.Equal(Keys, report.Select(pair => pair.Key));
        Assert.Equal("success", report["status"]!.ToString());
        Assert.Equal(vectors.Steps, report["steps_accepted"]!.GetValue<long>());
        Assert.Equal(vectors.Steps + 1, report["nfe_forward"]!.GetValue<long>());
        Assert.InRange(report["nfe_backward"]!.GetValue<long>(), 0, vectors.Steps + 1);
        Assert.Equal("", report["message"]!.ToString());
    }

    [Fact]
    public void Graphs_say_why_there_are_none_and_fail_where_they_are_required()
    {
        using var folder = new TemporaryFolder();
        var arguments = Vectors.Named("mlp").Arguments(folder["out.safetensors"]);

        Assert.Equal("the state is on the CPU", Cli.Json([.. arguments, "--graphs", "auto"])["graphs_forward"]!.ToString());
        Assert.Equal("graphs: off", Cli.Json([.. arguments])["graphs_backward"]!.ToString());
        var required = Cli.Run([.. arguments, "--graphs", "required"]);
        Assert.Equal(1, required.ExitCode);
        Assert.Contains("graphs: required, but the state is on the CPU", required.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Reconstruction_error_is_a_number_with_mali_and_null_without_a_reverse_sweep()
    {
        using var folder = new TemporaryFolder();
        var arguments = Vectors.Named("mlp").Arguments(folder["out.safetensors"]);

        Assert.InRange(Cli.Json([.. arguments])["reconstruction_error"]!.GetValue<double>(), 0, 1e-9);
        Assert.Null(Cli.Json([.. arguments, "--gradient", "backprop"])["reconstruction_error"]);
    }

    [Fact]
    public void Without_gradients_only_the_output_is_written()
    {
        using var folder = new TemporaryFolder();

        var report = Cli.Json([.. CommandText.Without("--cotangent", Vectors.Named("pair").Arguments(folder["out.safetensors"])), "--gradient", "none"]);

        using var output = Safetensors.Load(folder["out.safetensors"]);
        Assert.Equal(["z0", "z1"], output.Keys.Order());
        Assert.Equal(0, report["nfe_backward"]!.GetValue<long>());
    }

    [Fact]
    public void Peak_memory_of_mali_does_not_grow_with_steps()
    {
        using var folder = new TemporaryFolder();
        long Peak(string step, string gradient)
        {
            var report = Cli.Json("solve", "--dynamics", Vectors.Path("time_mlp.pt"), "--z0", Vectors.Path("mlp.z0.safetensors"), "--t0", "0", "--t1", "1",
                "--step-size", step, "--gradient", gradient, "--repeat", "1", "--out", folder["out.safetensors"]);
            return Math.Max(report["peak_bytes_forward"]!.GetValue<long>(), report["peak_bytes_backward"]!.GetValue<long>());
        }

        var few = Peak("0.1", "mali");

        Assert.InRange(Peak("0.005", "mali"), 1, (long)(1.01 * few));
        Assert.True(Peak("0.005", "backprop") > 5 * Peak("0.1", "backprop"));
    }

    [Fact]
    public void Dynamics_are_cast_to_the_type_of_the_state_and_that_is_said()
    {
        using var folder = new TemporaryFolder();
        var vectors = Vectors.Named("mlp");
        using (var scope = new TensorScope())
        {
            var z0 = Safetensors.Load(Vectors.Path("mlp.z0.safetensors"));
            Safetensors.Save(folder["z0.safetensors"], [new("z", z0["z"].To(DType.Float32))]);
        }

        var result = Cli.Run([.. vectors.Arguments(folder["out.safetensors"]), "--z0", folder["z0.safetensors"]]);

        // A second --z0 is refused by the parser, so that no option is silently overridden.
        Assert.Equal(2, result.ExitCode);
        string[] arguments = [.. vectors.Arguments(folder["out.safetensors"]).Select(a => a == Vectors.Path("mlp.z0.safetensors") ? folder["z0.safetensors"] : a)];
        var fine = Cli.Run(arguments);
        Assert.Equal(0, fine.ExitCode);
        Assert.Contains("cast from Float64", fine.Error, StringComparison.Ordinal);
        vectors.AssertAnswer(folder["out.safetensors"], 1e-4);   // float32 rounding over 20 steps
    }

    [Fact]
    public void Times_may_begin_at_t0()
    {
        using var folder = new TemporaryFolder();
        Cli.Json("solve", "--dynamics", Vectors.Path("linear.pt"), "--z0", Vectors.Path("linear.z0.safetensors"), "--t0", "0", "--t1", "1",
            "--t-eval", "0,0.5,1", "--step-size", "0.1", "--out", folder["out.safetensors"]);

        using var scope = new TensorScope();
        var z0 = Safetensors.Load(Vectors.Path("linear.z0.safetensors"))["z"];
        var output = Safetensors.Load(folder["out.safetensors"]);
        Assert.Equal([3, .. z0.Shape], output["z"].Shape);
        Assert.Equal(z0.ToArray<double>(), output["z"].Select(0, 0).Contiguous().ToArray<double>());
        Assert.Equal([3], output["grad.t_eval"].Shape);
    }

    [Fact]
    public void Adaptive_steps_meet_the_tolerance()
    {
        using var folder = new TemporaryFolder();
        var arguments = Vectors.Named("linear").Arguments(folder["out.safetensors"]);
        string[] Adaptive(string rtol) => [.. arguments.Where(a => a is not ("--step-size" or "0.1")), "--rtol", rtol, "--atol", rtol];

        var loose = Cli.Json(Adaptive("1e-2"));
        var tight = Cli.Json(Adaptive("1e-6"));

        Assert.True(tight["steps_accepted"]!.GetValue<long>() > loose["steps_accepted"]!.GetValue<long>());
    }

    [Fact]
    public void Repeated_runs_give_the_same_answer()
    {
        using var folder = new TemporaryFolder();
        var vectors = Vectors.Named("pair");

        var report = Cli.Json([.. vectors.Arguments(folder["out.safetensors"]), "--repeat", "3", "--threads", "1", "--seed", "7"]);

        vectors.AssertAnswer(folder["out.safetensors"], 1e-9);
        Assert.Equal(vectors.Steps + 1, report["nfe_forward"]!.GetValue<long>());
    }

    [Theory]
    [InlineData("--dynamics", "missing.pt")]
    [InlineData("--dynamics", "garbage")]
    [InlineData("--z0", "missing.safetensors")]
    [InlineData("--z0", "garbage")]
    [InlineData("--cotangent", "missing.safetensors")]
    [InlineData("--cotangent", "garbage")]
    public void A_bad_file_is_named(string option, string file)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["garbage"], "this is neither a tensor nor a program");
        var arguments = Vectors.Named("mlp").Arguments(folder["out.safetensors"]);
        arguments[Array.IndexOf(arguments, option) + 1] = folder[file];

        var result = Cli.Run([.. arguments, "--json"]);

        Assert.Equal(1, result.ExitCode);
        Assert.Equal("io_error", result.Json["status"]!.ToString());
        Assert.Contains(folder[file], result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cotangent_with_other_names_or_shapes_is_refused()
    {
        using var folder = new TemporaryFolder();
        var arguments = Vectors.Named("mlp").Arguments(folder["out.safetensors"]);
        var at = Array.IndexOf(arguments, "--cotangent") + 1;

        arguments[at] = Vectors.Path("pair.cotangent.safetensors");
        Assert.Contains("z0, z1", Cli.Run(arguments).Error, StringComparison.Ordinal);
        arguments[at] = Vectors.Path("linear_not_dividing.cotangent.safetensors");
        Assert.Contains("shape", Cli.Run(arguments).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_state_file_without_z_is_refused()
    {
        using var folder = new TemporaryFolder();
        var arguments = Vectors.Named("mlp").Arguments(folder["out.safetensors"]);
        arguments[Array.IndexOf(arguments, "--z0") + 1] = Vectors.Path("mlp.expected.safetensors");

        var result = Cli.Run(arguments);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("z0, z1", result.Error, StringComparison.Ordinal);
    }
}
