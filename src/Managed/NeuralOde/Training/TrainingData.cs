namespace NeuralOde;

/// <summary>The images of a run: train/ and, where there is one, test/ or val/.</summary>
internal sealed class TrainingData : IDisposable
{
    private readonly ImageFolder _trainFolder;
    private readonly ImageFolder? _testFolder;

    private TrainingData(TrainerOptions options, string? testSplit)
    {
        _trainFolder = ImageFolder.Open(options.Data, "train");
        Check(_trainFolder.ClassNames.Count == options.Model.Classes,
            $"{options.Data}: {_trainFolder.ClassNames.Count} classes, but the model has {options.Model.Classes}");
        _testFolder = testSplit is null ? null : ImageFolder.Open(options.Data, testSplit);
        Check(_testFolder is null || _testFolder.ClassNames.SequenceEqual(_trainFolder.ClassNames),
            $"{options.Data}: train/ and {testSplit}/ hold different classes");
        Train = new DataLoader(_trainFolder, Loader(options) with
        {
            Augmentation = options.Augmentation, Shuffle = true, DropLast = _trainFolder.Count >= options.BatchSize,
        });
        Test = _testFolder is null ? null : new DataLoader(_testFolder, Loader(options));
        Train.To(options.Device);
        Test?.To(options.Device);
    }

    public DataLoader Train { get; }

    public DataLoader? Test { get; }

    public long TrainImages => _trainFolder.Count;

    public IReadOnlyList<string> BrokenImages => [.. Train.BrokenImages, .. Test?.BrokenImages ?? []];

    public static TrainingData Open(TrainerOptions options) => new(options, TestSplit(options.Data));

    /// <summary>Name of the folder of test images below <paramref name="root"/>; null where there is none.</summary>
    public static string? TestSplit(string root) => new[] { "test", "val" }.FirstOrDefault(split => Directory.Exists(Path.Combine(root, split)));

    /// <summary>How images are read for testing.</summary>
    public static LoaderOptions Loader(TrainerOptions options) => new()
    {
        BatchSize = options.BatchSize, ImageSize = options.Model.ImageSize, Workers = options.Workers, Seed = options.Seed,
        FailOnError = options.FailOnBrokenImages,
    };

    public void Dispose()
    {
        Train.Dispose();
        Test?.Dispose();
        _trainFolder.Dispose();
        _testFolder?.Dispose();
    }

    private static void Check(bool holds, string message)
    {
        if (!holds) throw new NeuralOdeException(Status.InvalidArgument, message);
    }
}
