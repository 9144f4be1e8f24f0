using System.Runtime.InteropServices;

namespace NeuralOde.Cli.Tests;

public sealed class UsageTests
{
    private static readonly string[] Solve =
        ["solve", "--dynamics", "f.pt", "--z0", "z0.safetensors", "--t0", "0", "--t1", "1", "--out", "out.safetensors"];

    private const string Solvers = "alf, euler, midpoint, heun, heun-euler, bosh3, rk4, dopri5, tsit5, dopri8, reversible-heun, backward-euler, crank-nicolson, trbdf2, kencarp3";

    [Theory]
    [InlineData]
    [InlineData("fly")]
    [InlineData("info", "--colour", "blue")]
    [InlineData("solve")]
    [InlineData("solve", "--t0", "zero")]
    [InlineData("train")]
    [InlineData("bench")]
    [InlineData("bench", "speed")]
    [InlineData("data", "download")]
    public void Wrong_usage_ends_with_2_and_says_what_is_wrong(params string[] args)
    {
        var result = Cli.Run(args);

        Assert.Equal(2, result.ExitCode);
        Assert.Empty(result.Output);
        Assert.Contains("--help", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Native_library_that_does_not_match_ends_with_1_and_says_what_to_take()
    {
        var other = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "libSystem.Native.so");

        using var process = CliProcess.StartWith(other, "info");
        var result = process.Result();

        Assert.Equal(1, result.ExitCode);
        Assert.Contains($"{other} is not NeuralOde's native library", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--solver", "radau", Solvers)]
    [InlineData("--solver", "Dopri5", Solvers)]
    [InlineData("--gradient", "symplectic", "mali, backprop, adjoint, aca, anode, pnode, reversible, none")]
    [InlineData("--controller", "pd", "i, pi, pid")]
    [InlineData("--snapshot-interval", "often", "none, auto")]
    [InlineData("--snapshot-interval", "0", "a number of steps from 1")]
    [InlineData("--reversal", "bitwise", "float, exact")]
    [InlineData("--device", "tpu", "cpu")]
    [InlineData("--device", "cuda:x", "cpu")]
    public void What_this_build_does_not_support_is_refused_with_what_it_does(string option, string value, string supported)
    {
        var result = Cli.Run([.. Solve, option, value]);

        Assert.Equal(2, result.ExitCode);
        Assert.Contains(option, result.Error, StringComparison.Ordinal);
        Assert.Contains(supported, result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--eta", "0.5")]
    [InlineData("--eta", "0")]
    [InlineData("--eta", "1.1")]
    [InlineData("--step-size", "0")]
    [InlineData("--step-size", "-0.1")]
    [InlineData("--rtol", "0")]
    [InlineData("--drift-tolerance", "0")]
    [InlineData("--drift-tolerance", "-1e-3")]
    [InlineData("--checkpoints", "0")]
    [InlineData("--checkpoints", "-2")]
    [InlineData("--checkpoints", "few")]
    [InlineData("--coupling", "0")]
    [InlineData("--coupling", "1.01")]
    [InlineData("--newton-tolerance", "0")]
    [InlineData("--dense-jacobian-limit", "0")]
    [InlineData("--max-newton-iterations", "0")]
    [InlineData("--krylov-dimension", "4294967296")]
    [InlineData("--repeat", "0")]
    [InlineData("--threads", "0")]
    [InlineData("--t-eval", "0.5,0.25")]
    [InlineData("--t-eval", "0.5,2")]
    [InlineData("--t-eval", "0.5,0.5")]
    [InlineData("--t-eval", "0,0")]
    [InlineData("--initial-step-size", "0")]
    [InlineData("--step-size", "nan")]
    [InlineData("--rtol", "inf")]
    [InlineData("--checkpoints", "1.5")]
    [InlineData("--seed", "99999999999999999999")]
    [InlineData("--t-eval", "0.5,,1")]
    [InlineData("--t-eval", "half")]
    public void A_value_out_of_range_is_refused_and_named(string option, string value)
    {
        var result = Cli.Run([.. Solve, option, value]);

        Assert.Equal(2, result.ExitCode);
        Assert.StartsWith($"neuralode: {option}: ", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--initial-step-size", "0.1")]
    [InlineData("--rtol", "1e-3")]
    [InlineData("--atol", "1e-3")]
    [InlineData("--controller", "pi")]
    public void Fixed_and_adaptive_steps_at_once_are_refused(string option, string value) =>
        Assert.Equal(2, Cli.Run([.. Solve, "--step-size", "0.1", option, value]).ExitCode);

    [Theory]
    [InlineData("--eta 1", "--reversal", "exact", "--eta", "0.9")]
    [InlineData("--gradient mali", "--reversal", "exact", "--gradient", "backprop")]
    [InlineData("--gradient mali", "--snapshot-interval", "8", "--gradient", "backprop")]
    [InlineData("--gradient mali", "--snapshot-interval", "8", "--gradient", "none")]
    [InlineData("--gradient mali", "--drift-tolerance", "1e-3", "--gradient", "backprop")]
    [InlineData("--gradient mali", "--reversal", "exact", "--gradient", "aca")]
    [InlineData("--step-size", "--solver", "euler")]
    [InlineData("--step-size", "--solver", "midpoint")]
    [InlineData("--step-size", "--solver", "heun", "--rtol", "1e-3")]
    [InlineData("--solver dopri5", "--solver", "rk4")]
    [InlineData("--solver alf", "--eta", "0.9", "--solver", "dopri5")]
    [InlineData("--solver alf", "--reversal", "exact", "--solver", "dopri5")]
    [InlineData("--gradient pnode", "--gradient", "mali", "--solver", "dopri5")]
    [InlineData("--gradient mali", "--snapshot-interval", "8", "--solver", "dopri5")]
    [InlineData("--gradient mali", "--drift-tolerance", "1e-3", "--solver", "dopri5")]
    [InlineData("--gradient pnode", "--checkpoints", "4")]
    [InlineData("--gradient pnode", "--checkpoints", "4", "--solver", "dopri5", "--gradient", "aca")]
    [InlineData("--gradient adjoint", "--adjoint-seminorm", "--solver", "dopri5")]
    [InlineData("--rtol", "--adjoint-seminorm", "--solver", "dopri5", "--gradient", "adjoint", "--step-size", "0.1")]
    [InlineData("--step-size", "--solver", "backward-euler")]
    [InlineData("--solver trbdf2", "--solver", "crank-nicolson")]
    [InlineData("--solver rk4", "--coupling", "0.99")]
    [InlineData("--solver rk4", "--coupling", "0.99", "--solver", "trbdf2")]
    [InlineData("--gradient mali", "--gradient", "reversible")]
    [InlineData("--gradient pnode", "--gradient", "reversible", "--solver", "kencarp3")]
    [InlineData("--solver trbdf2", "--newton-tolerance", "1e-4")]
    [InlineData("--solver trbdf2", "--dense-jacobian-limit", "8", "--solver", "dopri5")]
    [InlineData("--solver trbdf2", "--max-newton-iterations", "4", "--solver", "dopri5")]
    [InlineData("--solver trbdf2", "--krylov-dimension", "4", "--solver", "dopri5")]
    [InlineData("--gradient pnode", "--checkpoint-stages", "--solver", "trbdf2", "--gradient", "aca")]
    [InlineData("--solver dopri5", "--per-sample", "--solver", "trbdf2")]
    [InlineData("--solver trbdf2", "--checkpoint-stages", "--solver", "dopri5")]
    [InlineData("--solver dopri5", "--dense-output", "--solver", "reversible-heun")]
    [InlineData("leave one of them out", "--dense-output", "--solver", "dopri5", "--coupling", "0.9")]
    [InlineData("--gradient pnode", "--dense-output", "--solver", "dopri5", "--gradient", "reversible")]
    [InlineData("--rtol", "--per-sample", "--solver", "dopri5", "--step-size", "0.1")]
    [InlineData("--gradient pnode", "--per-sample", "--solver", "dopri5", "--gradient", "adjoint")]
    [InlineData("--reversal float", "--per-sample", "--reversal", "exact")]
    [InlineData("leave out --dense-output", "--per-sample", "--solver", "dopri5", "--dense-output")]
    [InlineData("--t-eval", "--dense-output")]
    [InlineData("--gradient none", "--cotangent", "c.safetensors", "--gradient", "none")]
    [InlineData("--gradient mali", "--snapshot-interval", "none", "--solver", "dopri5")]
    [InlineData("--gradient mali", "--snapshot-interval", "auto", "--gradient", "aca")]
    public void Options_that_do_not_go_together_are_refused_with_what_to_give_instead(string remedy, params string[] options)
    {
        var result = Cli.Run([.. Solve, .. options]);

        Assert.Equal(2, result.ExitCode);
        Assert.Contains(options[0], result.Error, StringComparison.Ordinal);
        Assert.Contains(remedy, result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--t", "0")]
    [InlineData("--t", "soon")]
    [InlineData("--steps", "1.5")]
    [InlineData("--eta", "0.5")]
    [InlineData("--dtype", "float16")]
    public void A_wrong_value_of_the_drift_benchmark_is_refused_and_named(string option, string value)
    {
        var result = Cli.Run("bench", "drift", option, value);

        Assert.Equal(2, result.ExitCode);
        Assert.Contains(option, result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--t-eval", "0", 0)]
    [InlineData("--t-eval", "0.5", 2)]
    public void Where_t0_is_t1_it_is_the_only_time(string option, string value, int exitCode)
    {
        using var folder = new TemporaryFolder();

        var result = Cli.Run("solve", "--dynamics", Vectors.Path("linear.pt"), "--z0", Vectors.Path("linear.z0.safetensors"), "--t0", "0", "--t1", "0",
            "--out", folder["out"], option, value);

        Assert.Equal(exitCode, result.ExitCode);
    }

    [Fact]
    public void With_json_wrong_usage_is_one_object_on_stdout()
    {
        var result = Cli.Run("solve", "--json");

        Assert.Equal(2, result.ExitCode);
        Assert.Equal("usage_error", result.Json["status"]!.ToString());
        Assert.NotEmpty(result.Json["error"]!.ToString());
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("solve", "--help")]
    [InlineData("train", "--help")]
    [InlineData("bench", "memory", "--help")]
    [InlineData("bench", "drift", "--help")]
    [InlineData("bench", "precision", "--help")]
    [InlineData("bench", "adjoint", "--help")]
    [InlineData("--version")]
    public void Help_is_not_an_error(params string[] args) => Assert.Equal(0, Cli.Run(args).ExitCode);

    [Theory]
    [InlineData("solve", "1e-3 by default", "1e-6 by default", "1 by default", "1000000 by default", "float by default", "the default), none")]
    [InlineData("train", "0.5 by default", "1e-3 by default", "1e-6 by default", "float by default")]
    [InlineData("evaluate", "the run's by default")]
    public void Help_states_the_defaults_of_the_solver(string command, params string[] defaults)
    {
        var help = string.Join(' ', Cli.Run(command, "--help").Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

        Assert.All(defaults, text => Assert.Contains(text, help, StringComparison.Ordinal));
    }

    [Fact]
    public void Info_names_library_models_and_solvers()
    {
        var info = Cli.Json("info");

        Assert.Equal("success", info["status"]!.ToString());
        Assert.Contains("odenet-small", info["models"]!.AsArray().Select(name => name!.ToString()));
        Assert.Equal(Solvers, string.Join(", ", info["solvers"]!.AsArray()));
        Assert.NotNull(info["native"]!["libtorch"]);
        Assert.Contains("libtorch", Cli.Run("info").Output, StringComparison.Ordinal);
    }
}
