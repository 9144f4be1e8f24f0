namespace NeuralOde.Cli.Tests;

/// <summary>A synthetic set of 80 training and 20 test images of 16 pixels, written once for the tests of a class.</summary>
public sealed class TinyImages : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TinyImages()
    {
        HostProcess.Prepare();
        Synthetic.Write(Root, new() { ImageSize = 16, TrainPerClass = 8, TestPerClass = 2 });
    }

    public string Root => _folder["images"];

    public void Dispose() => _folder.Dispose();

    /// <summary>Training of a few steps into <paramref name="run"/>, two epochs unless <paramref name="more"/> says otherwise.</summary>
    internal string[] Train(string run, params string[] more) =>
    [
        "train", "--data", Root, "--model", "odenet-small", "--batch-size", "16", "--step-size", "0.5", "--threads", "1", "--run", run, .. more,
    ];
}
