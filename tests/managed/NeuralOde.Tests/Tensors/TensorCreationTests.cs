namespace NeuralOde.Tests.Tensors;

public sealed class TensorCreationTests : IDisposable
{
    private readonly TensorScope _scope = new();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void FromArray_keeps_elements_shape_and_type()
    {
        var tensor = Tensor.FromArray<float>([1, 2, 3, 4, 5, 6], 2, 3);

        Assert.Equal([2, 3], tensor.Shape);
        Assert.Equal(DType.Float32, tensor.DType);
        Assert.Equal("cpu", tensor.Device);
        Assert.Equal(6, tensor.ElementCount);
        Assert.Equal(2, tensor.Dimensions);
        Assert.Equal([1, 2, 3, 4, 5, 6], tensor.ToArray<float>());
    }

    [Fact]
    public void FromArray_without_sizes_has_one_dimension() => Assert.Equal([3], Tensor.FromArray<double>([1, 2, 3]).Shape);

    [Fact]
    public void FromArray_of_no_elements_is_empty() => Assert.Empty(Tensor.FromArray<long>([], 0).ToArray<long>());

    [Fact]
    public void Every_element_type_survives_the_round_trip()
    {
        RoundTrip<byte>(DType.UInt8, 1, 255);
        RoundTrip<sbyte>(DType.Int8, -128, 127);
        RoundTrip<short>(DType.Int16, short.MinValue, short.MaxValue);
        RoundTrip(DType.Int32, int.MinValue, int.MaxValue);
        RoundTrip(DType.Int64, long.MinValue, long.MaxValue);
        RoundTrip(DType.Float16, Half.MinValue, Half.Epsilon);
        RoundTrip(DType.Float32, float.MinValue, float.Epsilon);
        RoundTrip(DType.Float64, double.MinValue, double.Epsilon);
        RoundTrip(DType.Bool, true, false);
    }

    [Fact]
    public void Scalar_has_no_dimensions()
    {
        var scalar = Tensor.Scalar(2.5);

        Assert.Empty(scalar.Shape);
        Assert.Equal(2.5, scalar.Item<double>());
    }

    [Fact]
    public void Filled_tensors_have_their_values_and_types()
    {
        Assert.Equal([0f, 0f], Tensor.Zeros([2]).ToArray<float>());
        Assert.Equal([1L, 1L], Tensor.Ones([2], DType.Int64).ToArray<long>());
        Assert.Equal([2.5, 2.5], Tensor.Full([2], 2.5, DType.Float64).ToArray<double>());
        Assert.Equal([0L, 1L, 2L], Tensor.Arange(3).ToArray<long>());
        Assert.Equal([1f, 3f], Tensor.Arange(1, 5, 2).ToArray<float>());
        Assert.Equal([0.0, 0.5, 1.0], Tensor.Linspace(0, 1, 3, DType.Float64).ToArray<double>());
    }

    [Fact]
    public void Random_tensors_repeat_under_a_seed()
    {
        Library.ManualSeed(7);
        var first = Tensor.Randn([5], DType.Float64).ToArray<double>();
        Library.ManualSeed(7);

        Assert.Equal(first, Tensor.Randn([5], DType.Float64).ToArray<double>());
        Assert.NotEqual(first, Tensor.Randn([5], DType.Float64).ToArray<double>());
    }

    [Fact]
    public void CopyFrom_replaces_the_elements_in_place()
    {
        var tensor = Tensor.Zeros([2, 2]);
        tensor.CopyFrom_<float>([1, 2, 3, 4]);

        Assert.Equal([1f, 2f, 3f, 4f], tensor.ToArray<float>());
    }

    [Fact]
    public void Elements_of_a_view_are_read_row_major()
    {
        var transposed = Tensor.FromArray<int>([1, 2, 3, 4, 5, 6], 2, 3).Transpose();

        Assert.Equal([1, 4, 2, 5, 3, 6], transposed.ToArray<int>());
    }

    [Fact]
    public void Elements_are_written_to_a_view_row_major()
    {
        var tensor = Tensor.Zeros([2, 3], DType.Int32);
        tensor.Transpose().CopyFrom_<int>([1, 4, 2, 5, 3, 6]);

        Assert.Equal([1, 2, 3, 4, 5, 6], tensor.ToArray<int>());
    }

    [Fact]
    public void CopyTo_fills_the_start_of_a_longer_span()
    {
        var destination = new float[3];
        Tensor.FromArray<float>([1, 2]).CopyTo<float>(destination);

        Assert.Equal([1f, 2f, 0f], destination);
    }

    [Fact]
    public void To_converts_the_elements() => Assert.Equal([1L, -2L], Tensor.FromArray<float>([1.9f, -2.9f]).To(DType.Int64).ToArray<long>());

    [Fact]
    public void Single_elements_convert_to_numbers()
    {
        var three = Tensor.Scalar(3L);

        Assert.Equal(3.0, three.ToDouble());
        Assert.Equal(3f, three.ToSingle());
        Assert.Equal(3, three.ToInt64());
    }

    private static void RoundTrip<T>(DType type, params T[] elements) where T : unmanaged
    {
        var tensor = Tensor.FromArray<T>(elements);
        Assert.Equal(type, tensor.DType);
        Assert.Equal(elements, tensor.ToArray<T>());
    }
}
