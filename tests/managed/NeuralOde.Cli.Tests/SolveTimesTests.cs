namespace NeuralOde.Cli.Tests;

/// <summary><c>neuralode solve --dense-output</c> and <c>--per-sample</c>.</summary>
public sealed class SolveTimesTests
{
    [Fact]
    public void Interpolated_times_do_not_shorten_steps_and_are_as_near_as_the_tolerance()
    {
        using var folder = new TemporaryFolder();
        string[] Arguments(string output) => [.. CommandText.Adaptive(Without(Vectors.Named("mlp_t_eval").Arguments(output)), "1e-8"), "--solver", "dopri5"];

        var landing = Cli.Json(Arguments(folder["landing"]));
        var dense = Cli.Json([.. Arguments(folder["dense"]), "--dense-output"]);

        TensorFiles.AssertSame(folder["landing"], folder["dense"], 1e-5, name => !name.StartsWith("grad.t", StringComparison.Ordinal));   // the interpolant is of order 4
        Assert.True(dense["steps_accepted"]!.GetValue<long>() <= landing["steps_accepted"]!.GetValue<long>());
    }

    [Theory]
    [InlineData("alf")]
    [InlineData("dopri5")]
    public void Steps_of_each_sample_reach_the_joint_solution(string solver)
    {
        using var folder = new TemporaryFolder();
        string[] Arguments(string output) =>
            [.. CommandText.Adaptive(Without(Vectors.Named("mlp").Arguments(output)), "1e-7"), "--solver", solver, "--max-steps", "100000"];

        Cli.Json(Arguments(folder["joint"]));
        Cli.Json([.. Arguments(folder["samples"]), "--per-sample"]);

        TensorFiles.AssertSame(folder["joint"], folder["samples"], 1e-4, name => !name.StartsWith("grad.t", StringComparison.Ordinal));   // some hundred local errors of 1e-7
    }

    private static string[] Without(string[] arguments) => CommandText.Without("--eta", arguments);
}
