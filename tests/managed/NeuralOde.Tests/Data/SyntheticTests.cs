namespace NeuralOde.Tests.Data;

public sealed class SyntheticTests(SyntheticImages images) : IClassFixture<SyntheticImages>, IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly TensorScope _scope = new();

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Writing_again_with_the_same_options_does_nothing()
    {
        var file = Directory.GetFiles(images.Root, "*.jpg", SearchOption.AllDirectories)[0];
        var time = File.GetLastWriteTimeUtc(file);
        Synthetic.Write(images.Root, SyntheticImages.Options);

        Assert.Equal(time, File.GetLastWriteTimeUtc(file));
    }

    [Fact]
    public void The_same_options_write_the_same_bytes()
    {
        Synthetic.Write(_folder.File("again"), SyntheticImages.Options with { Threads = 2 });

        foreach (var path in Directory.GetFiles(images.Root, "*.jpg", SearchOption.AllDirectories))
        {
            Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(Path.Combine(_folder.File("again"), Path.GetRelativePath(images.Root, path))));
        }
    }

    [Fact]
    public void A_folder_that_holds_something_else_is_refused()
    {
        Directory.CreateDirectory(_folder.File("mine"));
        File.WriteAllText(Path.Combine(_folder.File("mine"), "thesis.txt"), "");

        Assert.Throws<NeuralOdeException>(() => Synthetic.Write(_folder.File("mine"), SyntheticImages.Options));
    }

    [Fact]
    public void An_image_is_read_as_pixels_between_zero_and_one()
    {
        var file = Directory.GetFiles(images.Root, "*.jpg", SearchOption.AllDirectories)[0];
        var image = Image.Read(file, 20);

        Assert.Equal([3, 20, 20], image.Shape);
        Assert.InRange(image.Min().ToSingle(), 0, 1);
        Assert.InRange(image.Max().ToSingle(), 0, 1);
    }

    [Fact]
    public void A_file_that_is_no_image_is_an_io_error_that_names_it()
    {
        var path = _folder.File("text.jpg");
        File.WriteAllText(path, "no image");

        var error = Assert.Throws<NeuralOdeException>(() => Image.Read(path, 8));

        Assert.Equal(Status.IoError, error.Status);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_option_out_of_range_is_named_with_its_value()
    {
        Check(new() { ImageSize = 8 }, "ImageSize: 8 ");
        Check(new() { Quality = 101 }, "Quality: 101 ");
        Check(new() { TrainPerClass = 0 }, "TrainPerClass: 0 ");
        Check(new() { TestPerClass = 0 }, "TestPerClass: 0 ");
        Check(new() { Threads = 0 }, "Threads: 0 ");
        Assert.Throws<ArgumentOutOfRangeException>(() => Image.Read("x.jpg", 0));

        void Check(SyntheticOptions options, string expected)
        {
            var error = Assert.Throws<ArgumentOutOfRangeException>(() => Synthetic.Write(_folder.File("x"), options));
            Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        }
    }
}
