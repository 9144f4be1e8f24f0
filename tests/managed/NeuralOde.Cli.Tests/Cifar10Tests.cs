using Cifar10;

namespace NeuralOde.Cli.Tests;

/// <summary>examples/cifar10.</summary>
public sealed class Cifar10Tests
{
    [Fact]
    public void It_trains_two_steps_goes_on_where_it_stopped_and_refuses_another_order()
    {
        using var folder = new TemporaryFolder();
        HostProcess.Prepare();
        Synthetic.Write(folder["images"], new() { TrainPerClass = 1, TestPerClass = 1 });

        var first = Run(folder, "--max-steps", "1");
        var second = Run(folder, "--max-steps", "2");
        var refused = Run(folder, "--seed", "5");

        Assert.Contains("step     1  loss 2.", first.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("step     1", second.Output, StringComparison.Ordinal);
        Assert.Contains("step     2  loss ", second.Output, StringComparison.Ordinal);
        Assert.Contains("neuralode: 11173962 parameters, 2 steps, 4 images", second.Output, StringComparison.Ordinal);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("--batch-size 2 --seed 0", refused.Error, StringComparison.Ordinal);
    }

    private static CliResult Run(TemporaryFolder folder, params string[] more)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var (outBefore, errorBefore) = (Console.Out, Console.Error);
        Console.SetOut(output);
        Console.SetError(error);
        try
        {
            string[] args =
            [
                "--data", folder["images"], "--run", folder["run"], "--batch-size", "2", "--step-size", "1", "--test-images", "2", "--threads", "1",
                "--report-every", "1", .. more,
            ];
            var exitCode = Settings.RunWith("", args, Cifar10.Program.Train);
            return new(exitCode, output.ToString(), error.ToString());
        }
        finally
        {
            Console.SetOut(outBefore);
            Console.SetError(errorBefore);
        }
    }
}
