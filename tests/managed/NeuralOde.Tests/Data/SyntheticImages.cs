namespace NeuralOde.Tests.Data;

/// <summary>A small synthetic set, written once for the tests that read it.</summary>
public sealed class SyntheticImages : IDisposable
{
    public static readonly SyntheticOptions Options = new() { TrainPerClass = 6, TestPerClass = 2, Seed = 3 };
    private readonly TestFolder _folder = new();

    public SyntheticImages() => Synthetic.Write(Root, Options);

    public string Root => _folder.File("synthetic");

    public void Dispose() => _folder.Dispose();
}
