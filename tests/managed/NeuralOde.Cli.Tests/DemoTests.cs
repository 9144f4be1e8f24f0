using System.Text.Json.Nodes;

namespace NeuralOde.Cli.Tests;

public sealed class DemoTests
{
    [Fact]
    public void The_demo_writes_numbers_table_and_pictures()
    {
        using var folder = new TemporaryFolder();

        var report = Cli.Json("demo", "--run", folder.Path, "--epochs", "1", "--threads", "1");

        Assert.All((string[])["results.json", "report.md", "training.svg", "memory.svg"], file => Assert.True(File.Exists(folder[file]), file));
        Assert.NotNull(report["test_accuracy"]);
        var memory = JsonNode.Parse(File.ReadAllText(folder["results.json"]))!["memory"]!.AsArray();
        Assert.Equal([4, 8, 16, 32, 64, 128, 256], memory.Select(row => row!["steps"]!.GetValue<long>()));
        Assert.All(memory, row => Assert.InRange(row!["mali_ratio"]!.GetValue<double>(), 0.99, 1.01));
    }
}
