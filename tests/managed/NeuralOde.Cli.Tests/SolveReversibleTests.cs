namespace NeuralOde.Cli.Tests;

/// <summary><c>neuralode solve --gradient reversible</c>: undone steps of other solvers than alf.</summary>
public sealed class SolveReversibleTests
{
    [Theory]
    [InlineData("mlp", "reversible-heun")]
    [InlineData("mlp_t_eval", "reversible-heun")]
    [InlineData("mlp_backward_in_time", "reversible-heun")]
    [InlineData("pair", "reversible-heun")]
    [InlineData("mlp", "rk4", "--coupling", "0.999")]
    [InlineData("mlp_t_eval", "euler", "--coupling", "0.999")]
    [InlineData("mlp_t_eval", "dopri5", "--coupling", "0.9")]
    [InlineData("pair", "bosh3", "--coupling", "1")]
    public void Gradients_are_those_of_backprop(string name, string solver, params string[] coupling)
    {
        using var folder = new TemporaryFolder();
        string[] Arguments(string output) => [.. Undamped(Vectors.Named(name).Arguments(output)), "--solver", solver, .. coupling];

        Cli.Json([.. Arguments(folder["backprop"]), "--gradient", "backprop"]);
        var report = Cli.Json([.. Arguments(folder["actual"]), "--gradient", "reversible"]);

        TensorFiles.AssertSame(folder["backprop"], folder["actual"], 1e-9);   // float64 rounding, reconstructed over 20 steps
        Assert.InRange(report["reconstruction_error"]!.GetValue<double>(), 0, 1e-9);
    }

    [Fact]
    public void The_coupling_of_reversible_gradients_is_0_999_until_it_is_given()
    {
        using var folder = new TemporaryFolder();
        string[] Arguments(string output) => [.. Vectors.Named("mlp").Arguments(output), "--solver", "rk4", "--gradient", "reversible"];

        Cli.Json(Arguments(folder["chosen"]));
        Cli.Json([.. Arguments(folder["given"]), "--coupling", "0.999"]);
        Cli.Json([.. Arguments(folder["other"]), "--coupling", "0.9"]);

        Assert.Equal(File.ReadAllBytes(folder["given"]), File.ReadAllBytes(folder["chosen"]));
        Assert.NotEqual(File.ReadAllBytes(folder["other"]), File.ReadAllBytes(folder["chosen"]));
    }

    [Fact]
    public void Snapshots_every_few_steps_are_kept()
    {
        using var folder = new TemporaryFolder();
        var arguments = Vectors.Named("mlp").Arguments(folder["out"]);

        var report = Cli.Json([.. arguments, "--solver", "rk4", "--gradient", "reversible", "--snapshot-interval", "5", "--drift-tolerance", "1e-6"]);

        Assert.Equal((report["steps_accepted"]!.GetValue<long>() - 1) / 5, report["snapshots"]!.GetValue<long>());
    }

    [Fact]
    public void Coupled_steps_go_with_every_method_of_the_steps()
    {
        using var folder = new TemporaryFolder();
        string[] Arguments(string output) => [.. Vectors.Named("mlp").Arguments(output), "--solver", "bosh3", "--coupling", "0.999"];
        Cli.Json([.. Arguments(folder["backprop"]), "--gradient", "backprop"]);

        foreach (var method in (string[])["aca", "anode", "pnode --checkpoints 2"])
        {
            Cli.Json([.. Arguments(folder[method]), .. $"--gradient {method}".Split(' ')]);
            TensorFiles.AssertSame(folder["backprop"], folder[method], 1e-9);
        }
    }

    private static string[] Undamped(string[] arguments) => CommandText.Without("--eta", arguments);
}
