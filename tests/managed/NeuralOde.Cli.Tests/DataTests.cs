namespace NeuralOde.Cli.Tests;

public sealed class DataTests
{
    [Fact]
    public void Synthetic_images_are_written_once_and_counted()
    {
        using var folder = new TemporaryFolder();
        string[] arguments = ["data", "synthetic", "--out", folder["images"], "--image-size", "20", "--train-per-class", "3", "--test-per-class", "2"];

        var report = Cli.Json(arguments);
        Cli.Json(arguments);

        Assert.Equal(30, report["train"]!.GetValue<long>());
        Assert.Equal(20, report["test"]!.GetValue<long>());
        Assert.Equal(20, report["image_size"]!.GetValue<long>());
        Assert.Equal(10, report["classes"]!.AsArray().Count);
        Assert.Contains("30 images", Cli.Run("data", "info", "--data", folder["images"]).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_lists_broken_files_and_ends_with_1()
    {
        using var folder = new TemporaryFolder();
        Cli.Json("data", "synthetic", "--out", folder["images"], "--train-per-class", "2", "--test-per-class", "1");
        Assert.Equal(0, Cli.Run("data", "check", "--data", folder["images"]).ExitCode);
        var file = Directory.EnumerateFiles(folder["images"], "*.jpg", SearchOption.AllDirectories).First();
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..60]);

        var result = Cli.Run("data", "check", "--data", folder["images"], "--json");

        Assert.Equal(1, result.ExitCode);
        Assert.Equal(29, result.Json["images"]!.GetValue<long>());
        Assert.Contains(file, Assert.Single(result.Json["broken"]!.AsArray())!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_splits_is_a_failure()
    {
        using var folder = new TemporaryFolder();

        var result = Cli.Run("data", "info", "--data", folder.Path, "--json");

        Assert.Equal(1, result.ExitCode);
        Assert.Equal("io_error", result.Json["status"]!.ToString());
    }
}
