namespace NeuralOde.Tests.Tensors;

public sealed class TensorErrorTests : IDisposable
{
    private readonly TensorScope _scope = new();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void A_wrong_element_type_is_named_with_the_right_one()
    {
        var tensor = Tensor.Zeros([2]);

        var error = Assert.Throws<ArgumentException>(() => tensor.ToArray<double>());

        Assert.Contains("Double", error.Message, StringComparison.Ordinal);
        Assert.Contains("Float32", error.Message, StringComparison.Ordinal);
        Assert.Contains("Single", error.Message, StringComparison.Ordinal);   // the remedy
    }

    [Fact]
    public void Element_types_are_checked_wherever_elements_go_in_or_out()
    {
        var tensor = Tensor.Zeros([1]);

        Assert.Throws<ArgumentException>(() => tensor.CopyTo<int>(new int[1]));
        Assert.Throws<ArgumentException>(() => tensor.CopyFrom_<int>([1]));
        Assert.Throws<ArgumentException>(() => tensor.Item<Half>());
        Assert.Throws<NotSupportedException>(() => Tensor.FromArray<char>(['a']));
    }

    [Fact]
    public void A_bfloat16_tensor_is_read_after_a_conversion()
    {
        var tensor = Tensor.Ones([1], DType.BFloat16);

        var error = Assert.Throws<ArgumentException>(() => tensor.ToArray<float>());

        Assert.Contains("BFloat16", error.Message, StringComparison.Ordinal);
        Assert.Equal([1f], tensor.To(DType.Float32).ToArray<float>());
    }

    [Fact]
    public void A_shape_that_does_not_hold_the_data_names_both_counts()
    {
        var error = Assert.Throws<ArgumentException>(() => Tensor.FromArray<float>([1, 2, 3], 2, 2));

        Assert.Contains("(2, 2) holds 4", error.Message, StringComparison.Ordinal);
        Assert.Contains("3", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Negative_sizes_are_rejected() =>
        Assert.Contains("(2, -1)", Assert.Throws<ArgumentOutOfRangeException>(() => Tensor.Zeros([2, -1])).Message, StringComparison.Ordinal);

    [Fact]
    public void Spans_of_another_length_are_rejected_with_both_counts()
    {
        var tensor = Tensor.Zeros([3]);

        Assert.Contains("2", Assert.Throws<ArgumentException>(() => tensor.CopyFrom_<float>([1, 2])).Message, StringComparison.Ordinal);
        Assert.Contains("3", Assert.Throws<ArgumentException>(() => tensor.CopyTo<float>(new float[2])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Item_of_several_elements_names_their_number() =>
        Assert.Contains("3 elements", Assert.Throws<InvalidOperationException>(() => Tensor.Zeros([3]).Item<float>()).Message, StringComparison.Ordinal);

    [Fact]
    public void A_dimension_out_of_range_is_named() =>
        Assert.Contains("5", Assert.Throws<ArgumentOutOfRangeException>(() => Tensor.Zeros([3]).Size(5)).Message, StringComparison.Ordinal);

    [Fact]
    public void Shapes_that_do_not_broadcast_fail_with_libtorchs_text()
    {
        var error = Assert.Throws<NeuralOdeException>(() => Tensor.Zeros([2]) + Tensor.Zeros([3]));

        Assert.Equal(Status.RuntimeError, error.Status);
        Assert.Contains("size of tensor", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_disposed_tensor_says_so()
    {
        var tensor = Tensor.Zeros([1]);
        tensor.Dispose();

        Assert.Throws<ObjectDisposedException>(() => tensor.Shape);
        Assert.Throws<ObjectDisposedException>(() => tensor + 1);
        Assert.Throws<ObjectDisposedException>(() => Tensor.Cat([tensor]));
        Assert.Contains("disposed", tensor.ToString(), StringComparison.Ordinal);
        tensor.Dispose();   // again: nothing happens
    }

    [Fact]
    public void An_unknown_device_fails() => Assert.Throws<NeuralOdeException>(() => Tensor.Zeros([1]).To("abacus:0"));

    [Fact]
    public void Integer_tensors_cannot_require_gradients() =>
        Assert.Throws<NeuralOdeException>(() => Tensor.Zeros([1], DType.Int64).RequiresGrad = true);

    [Fact]
    public void Text_with_a_zero_character_is_rejected() =>
        Assert.Throws<ArgumentException>(() => Tensor.Zeros([1]).To("cpu\0x"));
}
