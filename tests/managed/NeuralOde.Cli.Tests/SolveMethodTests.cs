using System.Text.Json.Nodes;

namespace NeuralOde.Cli.Tests;

/// <summary><c>neuralode solve</c> with each solver and gradient method: the same answer as the same command with backprop gives.</summary>
public sealed class SolveMethodTests
{
    private static readonly string[] Solvers =
    [
        "alf", "euler", "midpoint", "heun", "heun-euler", "bosh3", "rk4", "dopri5", "tsit5", "dopri8", "reversible-heun", "backward-euler", "crank-nicolson",
        "trbdf2", "kencarp3",
    ];

    public static TheoryData<string, string> SolversAndMethods
    {
        get
        {
            var pairs = new TheoryData<string, string>();
            foreach (var solver in Solvers)
                foreach (var method in (string[])["aca", "anode", "pnode", "pnode --checkpoints 2"]) pairs.Add(solver, method);
            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(SolversAndMethods))]
    public void Gradients_are_those_of_backprop(string solver, string method)
    {
        using var folder = new TemporaryFolder();
        var arguments = Vectors.Named("mlp").Arguments;

        var expected = Cli.Json([.. arguments(folder["backprop"]), "--solver", solver, "--gradient", "backprop"]);
        var actual = Cli.Json([.. arguments(folder["actual"]), "--solver", solver, .. $"--gradient {method}".Split(' ')]);

        TensorFiles.AssertSame(folder["backprop"], folder["actual"], 1e-9);   // float64 rounding over 20 steps
        Assert.Equal(expected["steps_accepted"]!.GetValue<long>(), actual["steps_accepted"]!.GetValue<long>());
        Assert.Equal(expected.Select(pair => pair.Key), actual.Select(pair => pair.Key));
    }

    [Theory]
    [InlineData("mlp_t_eval")]
    [InlineData("mlp_t_eval_inside", "--eta", "1")]
    [InlineData("mlp_backward_in_time")]
    [InlineData("pair")]
    public void Dopri5_with_checkpoints_serves_times_asked_for_time_backward_and_tuples(string name, params string[] changed)
    {
        using var folder = new TemporaryFolder();
        string[] Arguments(string output) => Replaced([.. Vectors.Named(name).Arguments(output), "--solver", "dopri5"], changed);

        Cli.Json([.. Arguments(folder["backprop"]), "--gradient", "backprop"]);
        var report = Cli.Json([.. Arguments(folder["actual"]), "--gradient", "pnode", "--checkpoints", "3"]);

        TensorFiles.AssertSame(folder["backprop"], folder["actual"], 1e-9);
        Assert.Equal(3, report["snapshots"]!.GetValue<long>());
        Assert.True(report["steps_replayed"]!.GetValue<long>() > 0);
        Assert.Equal((6 * report["steps_accepted"]!.GetValue<long>()) + 1, report["nfe_forward"]!.GetValue<long>());
    }

    [Theory]
    [InlineData("i")]
    [InlineData("pi")]
    [InlineData("pid")]
    public void Adaptive_steps_with_any_controller_agree_with_backprop(string controller)
    {
        using var folder = new TemporaryFolder();
        string[] Arguments(string output) =>
            [.. CommandText.Adaptive(Vectors.Named("mlp").Arguments(output), "1e-7"), "--solver", "tsit5", "--controller", controller];

        Cli.Json([.. Arguments(folder["backprop"]), "--gradient", "backprop"]);
        Cli.Json([.. Arguments(folder["actual"]), "--checkpoints", "2"]);   // pnode is the default

        TensorFiles.AssertSame(folder["backprop"], folder["actual"], 1e-9);
    }

    [Fact]
    public void A_controller_alone_asks_for_adaptive_steps()
    {
        using var folder = new TemporaryFolder();
        var arguments = CommandText.Without("--step-size", Vectors.Named("mlp").Arguments(folder["out"]));

        var first = Cli.Json([.. arguments, "--solver", "heun-euler", "--controller", "i"]);
        var second = Cli.Json([.. arguments, "--solver", "heun-euler"]);

        Assert.NotEqual(first["nfe_forward"]!.GetValue<long>(), second["nfe_forward"]!.GetValue<long>());   // pi is the default
    }

    [Fact]
    public void The_length_of_the_first_adaptive_step_may_be_given()
    {
        using var folder = new TemporaryFolder();
        var arguments = CommandText.Without("--step-size", Vectors.Named("mlp").Arguments(folder["out"]));

        var shorter = Cli.Json([.. arguments, "--solver", "dopri5", "--initial-step-size", "1e-6"]);
        var chosen = Cli.Json([.. arguments, "--solver", "dopri5"]);

        Assert.True(shorter["steps_accepted"]!.GetValue<long>() > chosen["steps_accepted"]!.GetValue<long>());
    }

    [Theory]
    [InlineData("alf", "mali")]
    [InlineData("euler", "pnode")]
    [InlineData("dopri8", "pnode")]
    public void The_gradient_method_follows_the_solver_until_it_is_given(string solver, string method)
    {
        using var folder = new TemporaryFolder();
        var arguments = Vectors.Named("pair").Arguments;

        var chosen = Cli.Json([.. arguments(folder["chosen"]), "--solver", solver]);
        var given = Cli.Json([.. arguments(folder["given"]), "--solver", solver, "--gradient", method]);

        Assert.Equal(Figures(given), Figures(chosen));
        Assert.Equal(File.ReadAllBytes(folder["given"]), File.ReadAllBytes(folder["chosen"]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Adjoint_comes_near_backprop_as_its_tolerance_allows(bool seminorm)
    {
        using var folder = new TemporaryFolder();
        string[] Arguments(string output) => [.. CommandText.Adaptive(Vectors.Named("mlp_t_eval").Arguments(output), "1e-8"), "--solver", "dopri5"];

        Cli.Json([.. Arguments(folder["backprop"]), "--gradient", "backprop"]);
        Cli.Json([.. Arguments(folder["actual"]), "--gradient", "adjoint", .. seminorm ? (string[])["--adjoint-seminorm"] : []]);

        TensorFiles.AssertSame(folder["backprop"], folder["actual"], 1e-6);   // local errors of 1e-8 in both directions
    }

    [Theory]
    [InlineData]
    [InlineData("--repeat", "2")]
    public void A_reverse_sweep_that_fails_leaves_the_output(params string[] more)
    {
        using var folder = new TemporaryFolder();
        // 5 steps forward; backward, with the parameters' cotangents, more than 8.
        string[] Arguments(string output) =>
        [
            "solve", "--dynamics", Vectors.Path("time_mlp.pt"), "--z0", Vectors.Path("mlp.z0.safetensors"), "--t0", "0", "--t1", "1", "--solver", "dopri5",
            "--rtol", "1e-6", "--atol", "1e-9", "--max-steps", "8", "--out", output,
        ];

        Cli.Json([.. Arguments(folder["expected"]), "--gradient", "none"]);
        var result = Cli.Run([.. Arguments(folder["actual"]), "--gradient", "adjoint", .. more, "--json"]);

        TensorFiles.AssertSame(folder["expected"], folder["actual"], 0);
        Assert.Equal(1, result.ExitCode);
        Assert.Equal("step_limit", result.Json["status"]!.ToString());
        Assert.Equal(5, result.Number("steps_accepted"));
        Assert.Equal(1, result.Number("reached"));
        Assert.All((string[])["the adjoint ODE", folder["actual"], "without gradients"], text => Assert.Contains(text, result.Json["error"]!.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public void Reconstruction_error_is_null_where_nothing_is_reconstructed()
    {
        using var folder = new TemporaryFolder();
        var arguments = Vectors.Named("mlp").Arguments(folder["out"]);

        Assert.All((string[])["aca", "anode", "pnode", "adjoint"], method => Assert.Null(Cli.Json([.. arguments, "--gradient", method])["reconstruction_error"]));
    }

    private static IEnumerable<string?> Figures(JsonObject report) =>
        ((string[])["steps_accepted", "nfe_forward", "nfe_backward", "snapshots", "steps_replayed"]).Select(key => report[key]?.ToJsonString());

    /// <summary>With another value of the option changed[0].</summary>
    private static string[] Replaced(string[] arguments, string[] changed) => changed.Length == 0 ? arguments : [.. CommandText.Without(changed[0], arguments), .. changed];
}
