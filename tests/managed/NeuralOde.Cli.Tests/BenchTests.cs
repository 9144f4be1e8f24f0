namespace NeuralOde.Cli.Tests;

public sealed class BenchTests
{
    [Theory]
    [InlineData("conv")]
    [InlineData("odenet-small")]
    public void Memory_of_mali_is_flat_and_that_of_backprop_grows(string model)
    {
        var report = Cli.Json("bench", "memory", "--model", model, "--max-steps", "32", "--batch-size", "2", "--threads", "1");

        var rows = report["rows"]!.AsArray();
        Assert.Equal([4, 8, 16, 32], rows.Select(row => row!["steps"]!.GetValue<long>()));
        Assert.All(rows, row => Assert.InRange(row!["mali_ratio"]!.GetValue<double>(), 0.99, 1.01));
        Assert.True(rows[^1]!["backprop_ratio"]!.GetValue<double>() > 2);
    }

    [Fact]
    public void The_table_shows_each_number_of_steps()
    {
        var result = Cli.Run("bench", "memory", "--max-steps", "8", "--threads", "1");

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("| 8 ", result.Output, StringComparison.Ordinal);
    }
}
