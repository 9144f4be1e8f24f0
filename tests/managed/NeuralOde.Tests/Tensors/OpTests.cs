namespace NeuralOde.Tests.Tensors;

public sealed class OpTests : IDisposable
{
    private readonly TensorScope _scope = new();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void Operators_are_called_by_name_and_overload()
    {
        var a = Tensor.FromArray<float>([1, 2]);

        Assert.Equal([3f, 6f], Op.Call("aten::add", "Tensor", a, a, 2).ToArray<float>());
    }

    [Fact]
    public void Arguments_left_out_take_the_schemas_defaults() =>
        Assert.Equal([2f], Op.Call("aten::add", "Tensor", Tensor.Ones([1]), Tensor.Ones([1])).ToArray<float>());

    [Fact]
    public void Lists_strings_flags_and_types_are_arguments()
    {
        var a = Tensor.FromArray<double>([3, 4], 1, 2);

        Assert.Equal([5.0], Op.Call("aten::linalg_vector_norm", "", a, 2, new long[] { 1 }, false, OpArgument.None).ToArray<double>());
        Assert.Equal([12.0], Op.Call("aten::einsum", "", "ij,ij->i", new[] { a, Tensor.FromArray<double>([4, 0], 1, 2) }).ToArray<double>());
        Assert.Equal(DType.Int32, Op.Call("aten::zeros", "", new long[] { 2 }, DType.Int32).DType);
    }

    [Fact]
    public void Several_results_come_in_order()
    {
        var results = Op.CallMany("aten::topk", "", Tensor.FromArray<float>([1, 9, 5]), 2);

        Assert.Equal([9f, 5f], results[0]!.ToArray<float>());
        Assert.Equal([1L, 2L], results[1]!.ToArray<long>());
    }

    [Fact]
    public void Lists_of_tensors_come_one_after_another() => Assert.Equal(3, Op.CallMany("aten::unbind", "int", Tensor.Arange(3), 0).Count);

    [Fact]
    public void Flags_come_as_tensors() =>
        Assert.True(Op.CallMany("aten::equal", "", Tensor.Arange(3), Tensor.Arange(3))[0]!.Item<bool>());

    [Fact]
    public void Several_results_where_one_is_expected_leak_nothing()
    {
        var a = Tensor.FromArray<float>([1, 9, 5]);
        var before = NativeObjects.Settled();

        var error = Assert.Throws<InvalidOperationException>(() => Op.Call("aten::topk", "", a, 2));

        Assert.Contains("CallMany", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, Library.LiveObjects);
    }

    [Fact]
    public void An_unknown_operator_is_named() =>
        Assert.Contains("aten::no_such_thing", Assert.Throws<NeuralOdeException>(() => Op.Call("aten::no_such_thing", "")).Message, StringComparison.Ordinal);

    [Fact]
    public void Arguments_that_do_not_fit_the_schema_fail() =>
        Assert.Throws<NeuralOdeException>(() => Op.Call("aten::add", "Tensor", Tensor.Ones([1]), "one"));

    [Fact]
    public void Too_many_arguments_fail() => Assert.Throws<NeuralOdeException>(() => Op.Call("aten::tanh", "", Tensor.Ones([1]), 1, 2));

    [Fact]
    public void A_disposed_tensor_in_a_list_is_found_before_the_call()
    {
        var (a, b) = (Tensor.Ones([1]), Tensor.Ones([1]));
        b.Dispose();

        Assert.Throws<ObjectDisposedException>(() => Op.Call("aten::cat", "", new[] { a, b }, 0));
        Assert.Equal([1f], a.ToArray<float>());
    }
}
