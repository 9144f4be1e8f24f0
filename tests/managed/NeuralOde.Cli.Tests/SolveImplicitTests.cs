namespace NeuralOde.Cli.Tests;

/// <summary><c>neuralode solve</c> with steps that solve equations.</summary>
public sealed class SolveImplicitTests
{
    private static readonly string[] Figures = ["newton_iterations", "newton_failures", "jacobian_products", "jacobian_products_backward"];

    [Theory]
    [InlineData("backward-euler")]
    [InlineData("crank-nicolson")]
    [InlineData("trbdf2")]
    [InlineData("kencarp3")]
    public void The_report_tells_what_the_equations_took(string solver)
    {
        using var folder = new TemporaryFolder();

        var report = Cli.Json([.. Vectors.Named("mlp").Arguments(folder["out"]), "--solver", solver]);
        var text = Cli.Run([.. Vectors.Named("mlp").Arguments(folder["out"]), "--solver", solver]);

        Assert.True(report["newton_iterations"]!.GetValue<long>() >= report["steps_accepted"]!.GetValue<long>());
        Assert.Equal(0, report["newton_failures"]!.GetValue<long>());
        Assert.Contains("Newton iterations", text.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_report_of_explicit_steps_has_the_same_names_and_no_equations()
    {
        using var folder = new TemporaryFolder();

        var result = Cli.Run([.. Vectors.Named("mlp").Arguments(folder["out"]), "--solver", "rk4", "--json"]);

        Assert.All(Figures, name => Assert.Equal(0, result.Json[name]!.GetValue<long>()));
    }

    [Theory]
    [InlineData("trbdf2")]
    [InlineData("kencarp3")]
    public void Products_and_factorised_jacobians_give_the_same_answer(string solver)
    {
        using var folder = new TemporaryFolder();
        string[] Arguments(string output) => [.. Vectors.Named("mlp").Arguments(output), "--solver", solver, "--newton-tolerance", "1e-12"];

        Cli.Json([.. Arguments(folder["formed"]), "--dense-jacobian-limit", "1000"]);
        var report = Cli.Json([.. Arguments(folder["products"]), "--dense-jacobian-limit", "1", "--krylov-dimension", "20"]);

        TensorFiles.AssertSame(folder["formed"], folder["products"], 1e-9);   // equations solved to 1e-12 over 20 steps
        Assert.True(report["jacobian_products"]!.GetValue<long>() > 0);
        Assert.True(report["jacobian_products_backward"]!.GetValue<long>() > 0);
    }

    [Theory]
    [InlineData("--gradient", "pnode", "--checkpoint-stages")]
    [InlineData("--gradient", "pnode", "--checkpoint-stages", "--checkpoints", "2")]
    public void Kept_stages_change_no_gradient(params string[] method)
    {
        using var folder = new TemporaryFolder();
        string[] Arguments(string output) => [.. CommandText.Adaptive(Vectors.Named("mlp_t_eval").Arguments(output), "1e-5"), "--solver", "trbdf2"];

        Cli.Json([.. Arguments(folder["backprop"]), "--gradient", "backprop"]);
        Cli.Json([.. Arguments(folder["actual"]), .. method]);

        TensorFiles.AssertSame(folder["backprop"], folder["actual"], 1e-9);
    }

    [Fact]
    public void One_iteration_that_does_not_converge_fails_with_what_to_do()
    {
        using var folder = new TemporaryFolder();

        var result = Cli.Run(
            [.. Vectors.Named("mlp").Arguments(folder["out"]), "--solver", "backward-euler", "--max-newton-iterations", "1", "--newton-tolerance", "1e-15", "--json"]);

        Assert.Equal(1, result.ExitCode);
        Assert.Equal("no_convergence", result.Json["status"]!.ToString());
        Assert.NotEmpty(result.Json["error"]!.ToString());
    }

    [Fact]
    public void Two_parts_of_the_dynamics_are_stepped_as_their_sum()
    {
        using var folder = new TemporaryFolder();

        Step(folder["parts"], "0.05", "--explicit-dynamics", Vectors.Path("time_mlp.pt"));
        Step(folder["whole"], "0.1");

        // z + h (f + f)(t0, z) = z + 2 h f(t0, z), and its gradient: each part's parameters get half of it, under a name of their own.
        using var scope = new TensorScope();
        var (parts, one) = (Safetensors.Load(folder["parts"]), Safetensors.Load(folder["whole"]));
        Assert.Equal(0, (parts["z"] - one["z"]).Abs().Max().ToDouble(), 1e-14);
        Assert.Equal(0, (parts["grad.z"] - one["grad.z"]).Abs().Max().ToDouble(), 1e-14);
        foreach (var part in (string[])["explicit", "implicit"])
            Assert.Equal(0, (2 * parts[$"grad.{part}.bias"] - one["grad.bias"]).Abs().Max().ToDouble(), 1e-14);
    }

    [Fact]
    public void An_explicit_part_that_is_not_there_is_named()
    {
        using var folder = new TemporaryFolder();

        var result = Cli.Run([.. Vectors.Named("mlp").Arguments(folder["out"]), "--solver", "kencarp3", "--explicit-dynamics", folder["g.pt"]]);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains(folder["g.pt"], result.Error, StringComparison.Ordinal);
    }

    /// <summary>One step of Euler's method from 0.</summary>
    private static void Step(string output, string length, params string[] more) => Cli.Json(
    [
        "solve", "--dynamics", Vectors.Path("time_mlp.pt"), "--z0", Vectors.Path("mlp.z0.safetensors"), "--t0", "0", "--t1", length, "--step-size", length,
        "--solver", "euler", "--out", output, .. more,
    ]);
}
