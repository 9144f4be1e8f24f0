using System.Buffers.Binary;
using System.Text;

namespace NeuralOde.Tests.Tensors;

public sealed class SafetensorsTests : IDisposable
{
    private readonly TensorScope _scope = new();
    private readonly TestFolder _folder = new();

    private string FilePath => _folder.File("tensors.safetensors");

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void What_was_saved_is_loaded()
    {
        Safetensors.Save(FilePath, new Dictionary<string, Tensor>
        {
            ["weight"] = Tensor.FromArray<float>([1, 2, 3, 4, 5, 6], 2, 3),
            ["counts"] = Tensor.FromArray<long>([-1, long.MaxValue]),
            ["scalar"] = Tensor.Scalar(0.1),
            ["flags"] = Tensor.FromArray<bool>([true, false]),
            ["half"] = Tensor.Ones([2], DType.BFloat16),
            ["empty"] = Tensor.Zeros([0, 3]),
            ["größe/µ"] = Tensor.FromArray<byte>([7]),
        });

        using var loaded = Safetensors.Load(FilePath);

        Assert.Equal(7, loaded.Count);
        Assert.Equal([2, 3], loaded["weight"].Shape);
        Assert.Equal([1f, 2, 3, 4, 5, 6], loaded["weight"].ToArray<float>());
        Assert.Equal([-1, long.MaxValue], loaded["counts"].ToArray<long>());
        Assert.Equal(0.1, loaded["scalar"].Item<double>());
        Assert.Equal([true, false], loaded["flags"].ToArray<bool>());
        Assert.Equal(DType.BFloat16, loaded["half"].DType);
        Assert.Equal([0, 3], loaded["empty"].Shape);
        Assert.Equal([(byte)7], loaded["größe/µ"].ToArray<byte>());
    }

    [Fact]
    public void A_view_is_saved_row_major()
    {
        Safetensors.Save(FilePath, [new("t", Tensor.FromArray<int>([1, 2, 3, 4], 2, 2).Transpose())]);

        Assert.Equal([1, 3, 2, 4], Safetensors.Load(FilePath)["t"].ToArray<int>());
    }

    [Fact]
    public void A_file_written_by_hand_is_read()
    {
        Write("""{"__metadata__":{"format":"pt"},"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", [0, 0, 128, 63, 0, 0, 0, 64]);

        Assert.Equal([1f, 2f], Safetensors.Load(FilePath)["x"].ToArray<float>());
    }

    [Fact]
    public void Saving_replaces_an_old_file()
    {
        Safetensors.Save(FilePath, [new("old", Tensor.Zeros([100]))]);
        Safetensors.Save(FilePath, [new("new", Tensor.Zeros([1]))]);

        Assert.Equal(["new"], Safetensors.Load(FilePath).Keys);
    }

    [Fact]
    public void An_unknown_name_is_answered_with_the_names_there_are()
    {
        Safetensors.Save(FilePath, [new("weight", Tensor.Zeros([1]))]);
        using var loaded = Safetensors.Load(FilePath);

        var error = Assert.Throws<KeyNotFoundException>(() => loaded["wieght"]);

        Assert.Contains("weight", error.Message, StringComparison.Ordinal);
        Assert.False(loaded.TryGetValue("wieght", out _));
    }

    [Theory]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}""")]        // no end
    [InlineData("""{"x":{"dtype":"F99","shape":[2],"data_offsets":[0,8]}}""")]       // no such type
    [InlineData("""{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""")]       // shape and bytes differ
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,800]}}""")]     // beyond the end
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""")]       // backward
    [InlineData("""{"x":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""")]      // negative size
    [InlineData("""{"x":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}""")]   // overflow
    [InlineData("""[1,2]""")]
    public void A_broken_header_is_an_io_error_that_names_the_file(string header)
    {
        Write(header, new byte[8]);

        var error = Assert.Throws<NeuralOdeException>(() => Safetensors.Load(FilePath));

        Assert.Equal(Status.IoError, error.Status);
        Assert.Contains(FilePath, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(20)]
    [InlineData(-1)]
    public void A_truncated_file_is_an_io_error(int length)
    {
        Safetensors.Save(FilePath, [new("x", Tensor.Zeros([16]))]);
        var bytes = File.ReadAllBytes(FilePath);
        File.WriteAllBytes(FilePath, bytes[..(length < 0 ? bytes.Length + length : length)]);

        Assert.Equal(Status.IoError, Assert.Throws<NeuralOdeException>(() => Safetensors.Load(FilePath)).Status);
    }

    [Fact]
    public void A_missing_file_is_an_io_error_that_names_it()
    {
        var error = Assert.Throws<NeuralOdeException>(() => Safetensors.Load(FilePath));

        Assert.Equal(Status.IoError, error.Status);
        Assert.Contains(FilePath, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_does_not_exist_cannot_be_saved_to()
    {
        var path = Path.Combine(_folder.File("missing"), "x.safetensors");

        Assert.Equal(Status.IoError, Assert.Throws<NeuralOdeException>(() => Safetensors.Save(path, [new("x", Tensor.Zeros([1]))])).Status);
    }

    [Fact]
    public void Loading_and_disposing_leaves_nothing_behind()
    {
        Safetensors.Save(FilePath, [new("a", Tensor.Zeros([1])), new("b", Tensor.Zeros([1]))]);
        var before = NativeObjects.Settled();

        Safetensors.Load(FilePath).Dispose();

        Assert.Equal(before, Library.LiveObjects);
    }

    private void Write(string header, byte[] data)
    {
        var text = Encoding.UTF8.GetBytes(header);
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        File.WriteAllBytes(FilePath, [.. length, .. text, .. data]);
    }
}
