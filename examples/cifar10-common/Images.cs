using NeuralOde;

namespace Cifar10;

/// <summary>The training and the test images of a run, read by threads of the library.</summary>
internal sealed class Images : IDisposable
{
    private const long Pixels = 32;
    private readonly ImageFolder _train;
    private readonly ImageFolder _test;

    public Images(Settings settings)
    {
        var root = settings.Data;
        if (root == "synthetic")
        {
            root = Path.Combine(settings.Run, "synthetic");
            Synthetic.Write(root, new() { ImageSize = (int)Pixels, TrainPerClass = 200, TestPerClass = 20 });
        }

        _train = ImageFolder.Open(root, "train");
        _test = ImageFolder.Open(root, "test");
        // Shuffled, for part of the test images to be a sample of all classes: the epoch is always 0, and so the order always the same.
        var options = new LoaderOptions { BatchSize = settings.BatchSize, ImageSize = Pixels, Shuffle = true, Seed = settings.Seed };
        Train = new DataLoader(_train, options with { Augmentation = Augmentation.PaddedCrop, DropLast = _train.Count >= settings.BatchSize });
        Test = new DataLoader(_test, options);
        TestCount = Math.Min(settings.TestImages ?? _test.Count, _test.Count);
    }

    public DataLoader Train { get; }

    public DataLoader Test { get; }

    /// <summary>How many images are tested on: whole batches, until there are as many.</summary>
    public long TestCount { get; }

    public long Classes => _train.ClassNames.Count;

    public void Dispose()
    {
        Train.Dispose();
        Test.Dispose();
        _train.Dispose();
        _test.Dispose();
    }
}
