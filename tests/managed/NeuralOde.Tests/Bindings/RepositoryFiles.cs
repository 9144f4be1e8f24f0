namespace NeuralOde.Tests.Bindings;

/// <summary>The checkout that the tests run in.</summary>
internal static class RepositoryFiles
{
    public static string Root { get; } = FindRoot();

    public static string Headers => Path.Combine(Root, "native", "include", "neuralode");

    public static string Generated => Path.Combine(Root, "bindings", "NeuralOde.Native", "Generated");

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "NeuralOdeHybrid.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException(
            $"No folder above {AppContext.BaseDirectory} holds NeuralOdeHybrid.sln; run the tests inside a checkout.");
    }
}
