namespace NeuralOde.Tests.Tensors;

public sealed class TensorShapeTests : IDisposable
{
    private readonly TensorScope _scope = new();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void Indexing_selects_from_the_first_dimension()
    {
        var a = Tensor.Arange(6).Reshape(3, 2);

        Assert.Equal([2L, 3L], a[1].ToArray<long>());
        Assert.Equal([4L, 5L], a[-1].ToArray<long>());
        Assert.Equal([4L, 5L], a[^1].ToArray<long>());
        Assert.Equal(3, a[1, 1].ToInt64());
        Assert.Equal([2L, 3L, 4L, 5L], a[1..].ToArray<long>());
        Assert.Equal([1, 2], a[..^2].Shape);
    }

    [Fact]
    public void An_index_out_of_range_fails() => Assert.Throws<NeuralOdeException>(() => Tensor.Arange(3)[3]);

    [Fact]
    public void A_selection_shares_memory_with_its_tensor()
    {
        var a = Tensor.Zeros([2, 2]);
        a[1].CopyFrom_<float>([1, 2]);

        Assert.Equal([0f, 0f, 1f, 2f], a.ToArray<float>());
    }

    [Fact]
    public void Slices_step() => Assert.Equal([1L, 3L], Tensor.Arange(6).Slice(0, 1, 5, 2).ToArray<long>());

    [Fact]
    public void IndexSelect_gathers() =>
        Assert.Equal([2L, 0L], Tensor.Arange(3).IndexSelect(0, Tensor.FromArray<long>([2, 0])).ToArray<long>());

    [Fact]
    public void Tensors_are_joined()
    {
        var (a, b) = (Tensor.Arange(2), Tensor.Arange(2));

        Assert.Equal([4], Tensor.Cat([a, b]).Shape);
        Assert.Equal([2, 2], Tensor.Stack([a, b]).Shape);
        Assert.Equal([0L, 0L, 1L, 1L], Tensor.Stack([a, b], 1).ToArray<long>());
    }

    [Fact]
    public void Shapes_change_without_changing_elements()
    {
        var a = Tensor.Zeros([2, 3, 4]);

        Assert.Equal([6, 4], a.Reshape(-1, 4).Shape);
        Assert.Equal([2, 4, 3], a.Transpose().Shape);
        Assert.Equal([4, 2, 3], a.Permute(2, 0, 1).Shape);
        Assert.Equal([2, 12], a.Flatten(1).Shape);
        Assert.Equal([2, 1, 3, 4], a.Unsqueeze(1).Shape);
        Assert.Equal([2, 3, 4], a.Unsqueeze(1).Squeeze(1).Shape);
        Assert.Equal([5, 3], Tensor.Zeros([1, 3]).Expand(5, -1).Shape);
        Assert.Equal(4, a.Size(-1));
    }
}
