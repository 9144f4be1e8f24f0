namespace NeuralOde.Tests.Data;

public sealed class DataLoaderTests(SyntheticImages images) : IClassFixture<SyntheticImages>, IDisposable
{
    private static readonly LoaderOptions Small = new() { BatchSize = 16, ImageSize = 32, Seed = 5 };
    private readonly TensorScope _scope = new();
    private readonly TestFolder _folder = new();

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void The_folder_lists_classes_and_images_in_order()
    {
        using var folder = ImageFolder.Open(images.Root, "train");

        Assert.Equal(60, folder.Count);
        Assert.Equal(10, folder.ClassNames.Count);
        Assert.Equal(folder.ClassNames.Order(StringComparer.Ordinal), folder.ClassNames);
        Assert.Equal(0, folder[0].Label);
        Assert.Equal(9, folder[59].Label);
        Assert.EndsWith(".jpg", folder[0].Path, StringComparison.Ordinal);
        Assert.True(File.Exists(folder[0].Path));
        Assert.Throws<ArgumentOutOfRangeException>(() => folder[60]);
    }

    [Fact]
    public void An_epoch_holds_every_image_once()
    {
        using var folder = ImageFolder.Open(images.Root, "train");
        using var loader = new DataLoader(folder, Small);

        var batches = Read(loader, 0);

        Assert.Equal(4, loader.Batches);
        Assert.Equal([16, 16, 16, 12], batches.Select(batch => batch.Labels.Length));
        Assert.Equal(Enumerable.Range(0, 60).Select(i => folder[i].Label), batches.SelectMany(batch => batch.Labels));
        Assert.Equal(60, loader.Statistics.Images);
        Assert.Empty(loader.BrokenImages);
    }

    [Fact]
    public void Batches_have_their_shapes_and_types()
    {
        using var folder = ImageFolder.Open(images.Root, "test");
        using var loader = new DataLoader(folder, Small with { ImageSize = 24 });
        using var batch = loader.Epoch(0).First();

        Assert.Equal([16, 3, 24, 24], batch.Images.Shape);
        Assert.Equal(DType.Float32, batch.Images.DType);
        Assert.Equal([16], batch.Labels.Shape);
        Assert.Equal(DType.Int64, batch.Labels.DType);
        Assert.True(batch.Images.IsFinite().ToArray<bool>().All(finite => finite));
    }

    [Fact]
    public void Pixels_that_travel_as_bytes_are_half_a_byte_from_those_that_do_not()
    {
        using var folder = ImageFolder.Open(images.Root, "train");
        var options = Small with { Augmentation = Augmentation.ResizedCrop };
        using var floats = new DataLoader(folder, options);
        using var bytes = new DataLoader(folder, options with { Transfer = PixelTransfer.UInt8 });
        bytes.To("cpu", channelsLast: true);
        using var expected = floats.Epoch(2).First();
        using var found = bytes.Epoch(2).First();

        Assert.Equal(expected.Labels.ToArray<long>(), found.Labels.ToArray<long>());
        var worst = (expected.Images - found.Images).Abs().Max().ToDouble();
        Assert.InRange(worst, 0, 0.5 / 255 / 0.224 * 1.001);   // half a byte, of the channel with the smallest deviation
    }

    [Fact]
    public void A_loader_that_went_elsewhere_starts_anew()
    {
        using var folder = ImageFolder.Open(images.Root, "train");
        using var loader = new DataLoader(folder, Small);
        using var epoch = loader.Epoch(0).GetEnumerator();
        Assert.True(epoch.MoveNext());
        epoch.Current.Dispose();

        loader.To("cpu");

        Assert.Throws<InvalidOperationException>(() => epoch.MoveNext());
        Assert.Equal(4, Read(loader, 0).Count);
        Assert.True(loader.Statistics.SecondsStalled >= 0);
        Assert.Equal(Status.Unsupported, Assert.Throws<NeuralOdeException>(() => loader.To("cuda:99")).Status);
    }

    [Fact]
    public void Batches_do_not_depend_on_the_number_of_workers()
    {
        using var folder = ImageFolder.Open(images.Root, "train");
        var options = Small with { Shuffle = true, Augmentation = Augmentation.ResizedCrop };
        using var one = new DataLoader(folder, options);
        using var three = new DataLoader(folder, options with { Workers = 3, Prefetch = 1 });

        Assert.Equal(Sums(one, 2), Sums(three, 2));
    }

    [Fact]
    public void Shuffled_epochs_differ_and_repeat()
    {
        using var folder = ImageFolder.Open(images.Root, "train");
        using var loader = new DataLoader(folder, Small with { Shuffle = true });
        var first = Read(loader, 0).SelectMany(batch => batch.Labels).ToArray();
        var second = Read(loader, 1).SelectMany(batch => batch.Labels).ToArray();

        Assert.NotEqual(first, second);
        Assert.Equal(first.Order(), second.Order());
        Assert.Equal(first, Read(loader, 0).SelectMany(batch => batch.Labels));
    }

    [Fact]
    public void An_epoch_can_be_entered_in_the_middle()
    {
        using var folder = ImageFolder.Open(images.Root, "train");
        using var loader = new DataLoader(folder, Small with { Shuffle = true, Augmentation = Augmentation.PaddedCrop });

        Assert.Equal(Sums(loader, 1).Skip(2), Sums(loader, 1, firstBatch: 2));
    }

    [Fact]
    public void An_incomplete_last_batch_can_be_left_out()
    {
        using var folder = ImageFolder.Open(images.Root, "train");
        using var loader = new DataLoader(folder, Small with { DropLast = true });

        Assert.Equal(3, loader.Batches);
        Assert.Equal(3, Read(loader, 0).Count);
    }

    [Fact]
    public void A_loader_outlives_its_folder()
    {
        var folder = ImageFolder.Open(images.Root, "test");
        using var loader = new DataLoader(folder, Small);
        folder.Dispose();

        Assert.Equal(20, Read(loader, 0).Sum(batch => batch.Labels.Length));
    }

    [Fact]
    public void An_epoch_that_another_replaced_cannot_go_on()
    {
        using var folder = ImageFolder.Open(images.Root, "train");
        using var loader = new DataLoader(folder, Small);
        using var first = loader.Epoch(0).GetEnumerator();
        first.MoveNext();
        first.Current.Dispose();
        Read(loader, 1);

        Assert.Throws<InvalidOperationException>(() => first.MoveNext());
    }

    [Fact]
    public void Reading_leaves_no_native_object_behind()
    {
        var before = NativeObjects.Settled();
        using (var folder = ImageFolder.Open(images.Root, "test"))
        using (var loader = new DataLoader(folder, Small with { Workers = 2 }))
        {
            Read(loader, 0);
            foreach (var batch in loader.Epoch(1))
            {
                batch.Dispose();
                break;
            }
        }

        Assert.Equal(before, Library.LiveObjects);
    }

    [Fact]
    public void A_broken_image_is_skipped_counted_and_named()
    {
        var broken = CopyWithBrokenImage();
        using var folder = ImageFolder.Open(_folder.File("copy"), "test");
        using var loader = new DataLoader(folder, Small);

        Assert.Equal(19, Read(loader, 0).Sum(batch => batch.Labels.Length));
        Assert.Equal(1, loader.Statistics.Broken);
        Assert.Contains(broken, Assert.Single(loader.BrokenImages), StringComparison.Ordinal);
    }

    [Fact]
    public void A_broken_image_ends_the_epoch_on_request()
    {
        var broken = CopyWithBrokenImage();
        using var folder = ImageFolder.Open(_folder.File("copy"), "test");
        using var loader = new DataLoader(folder, Small with { FailOnError = true });

        var error = Assert.Throws<NeuralOdeException>(() => Read(loader, 0));

        Assert.Equal(Status.IoError, error.Status);
        Assert.Contains(broken, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_folder_is_named()
    {
        var error = Assert.Throws<NeuralOdeException>(() => ImageFolder.Open(images.Root, "validation"));

        Assert.Contains("validation", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_option_out_of_range_is_named_with_its_value()
    {
        using var folder = ImageFolder.Open(images.Root, "test");
        Check(Small with { BatchSize = 0 }, "BatchSize: 0 ");
        Check(Small with { ImageSize = -3 }, "ImageSize: -3 ");
        Check(Small with { Workers = 0 }, "Workers: 0 ");
        Check(Small with { Prefetch = 0 }, "Prefetch: 0 ");
        Check(Small with { MinScale = 1.5 }, "MinScale: 1.5 ");
        Check(Small with { Deviation = new(0, 1, 1) }, "Deviation: 0 ");
        Check(Small with { Augmentation = (Augmentation)9 }, "Augmentation: 9 ");
        using var loader = new DataLoader(folder, Small);
        Assert.Throws<ArgumentOutOfRangeException>(() => loader.Epoch(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => loader.Epoch(0, -1));

        void Check(LoaderOptions options, string expected) =>
            Assert.Contains(expected, Assert.Throws<ArgumentOutOfRangeException>(() => new DataLoader(folder, options)).Message, StringComparison.Ordinal);
    }

    private static List<(long[] Labels, double Sum)> Read(DataLoader loader, long epoch, long firstBatch = 0)
    {
        var batches = new List<(long[], double)>();
        foreach (var batch in loader.Epoch(epoch, firstBatch))
        {
            using (batch)
            using (new TensorScope()) batches.Add((batch.Labels.ToArray<long>(), batch.Images.To(DType.Float64).Sum().ToDouble()));
        }

        return batches;
    }

    private static double[] Sums(DataLoader loader, long epoch, long firstBatch = 0) =>
        [.. Read(loader, epoch, firstBatch).Select(batch => batch.Sum)];

    private string CopyWithBrokenImage()
    {
        foreach (var path in Directory.GetFiles(Path.Combine(images.Root, "test"), "*.jpg", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(_folder.File("copy"), Path.GetRelativePath(images.Root, path));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(path, copy);
        }

        var broken = Directory.GetFiles(_folder.File("copy"), "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal).First();
        File.WriteAllBytes(broken, File.ReadAllBytes(broken)[..100]);
        return broken;
    }
}
