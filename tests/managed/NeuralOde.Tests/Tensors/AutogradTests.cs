namespace NeuralOde.Tests.Tensors;

public sealed class AutogradTests : IDisposable
{
    private readonly TensorScope _scope = new();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void Backward_accumulates_into_leaves()
    {
        var x = Tensor.FromArray<double>([1, 2]).WithGrad();

        x.Square().Sum().Backward();
        x.Square().Sum().Backward();

        Assert.Equal([4, 8], x.Grad!.ToArray<double>());   // 2x twice
    }

    [Fact]
    public void Backward_of_several_elements_takes_a_cotangent()
    {
        var x = Tensor.FromArray<double>([1, 2]).WithGrad();

        x.Square().Backward(Tensor.FromArray<double>([10, 100]));

        Assert.Equal([20, 400], x.Grad!.ToArray<double>());
    }

    [Fact]
    public void Backward_of_several_elements_without_a_cotangent_fails() =>
        Assert.Throws<NeuralOdeException>(() => Tensor.FromArray<double>([1, 2]).WithGrad().Square().Backward());

    [Fact]
    public void A_graph_serves_a_second_backward_only_if_retained()
    {
        var x = Tensor.Scalar(3.0).WithGrad();
        var y = x.Square();
        y.Backward(retainGraph: true);
        y.Backward();

        Assert.Equal(12, x.Grad!.ToDouble());
        Assert.Throws<NeuralOdeException>(() => y.Backward());
    }

    [Fact]
    public void A_gradient_can_be_set_and_cleared()
    {
        var x = Tensor.Scalar(1.0).WithGrad();
        Assert.Null(x.Grad);

        x.Grad = Tensor.Scalar(5.0);
        Assert.Equal(5, x.Grad!.ToDouble());

        x.Grad = null;
        Assert.Null(x.Grad);
    }

    [Fact]
    public void NoGrad_stops_recording_and_restores_it()
    {
        var x = Tensor.Scalar(1.0).WithGrad();
        using (Autograd.NoGrad())
        {
            Assert.False((x * 2).RequiresGrad);
            using (Autograd.EnableGrad()) Assert.True((x * 2).RequiresGrad);
            Assert.False((x * 2).RequiresGrad);
        }

        Assert.True((x * 2).RequiresGrad);
    }

    [Fact]
    public void Detached_tensors_are_leaves_without_gradients()
    {
        var y = Tensor.Scalar(1.0).WithGrad() * 2;

        Assert.False(y.IsLeaf);
        Assert.True(y.Detach().IsLeaf);
        Assert.False(y.Detach().RequiresGrad);
    }

    [Fact]
    public void Grad_returns_derivatives_and_leaves_the_leaves_alone()
    {
        var (x, y, unused) = (Tensor.Scalar(2.0).WithGrad(), Tensor.Scalar(5.0).WithGrad(), Tensor.Scalar(1.0).WithGrad());

        var gradients = Autograd.Grad([x * y], [x, y, unused]);

        Assert.Equal(5, gradients[0]!.ToDouble());
        Assert.Equal(2, gradients[1]!.ToDouble());
        Assert.Null(gradients[2]);
        Assert.Null(x.Grad);
    }

    [Fact]
    public void Grad_weighs_outputs_by_cotangents()
    {
        var x = Tensor.FromArray<double>([1, 2]).WithGrad();

        var gradient = Autograd.Grad([x.Square(), x.Sum()], [x], [Tensor.FromArray<double>([1, 10]), null])[0];

        Assert.Equal([3, 41], gradient!.ToArray<double>());   // 2x times (1, 10), plus 1
    }

    [Fact]
    public void Second_derivatives_come_from_a_recorded_gradient()
    {
        var x = Tensor.Scalar(2.0).WithGrad();
        var first = Autograd.Grad([x.Pow(3)], [x], createGraph: true)[0]!;

        Assert.Equal(12, Autograd.Grad(first, x)!.ToDouble());   // 6x
    }

    [Fact]
    public void Cotangents_must_be_as_many_as_outputs()
    {
        var x = Tensor.Scalar(2.0).WithGrad();

        Assert.Contains("2 for 1", Assert.Throws<ArgumentException>(() => Autograd.Grad([x * 2], [x], [null, null])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Autocast_computes_products_in_bfloat16()
    {
        var a = Tensor.Ones([4, 4]);
        using (Autograd.Autocast()) Assert.Equal(DType.BFloat16, a.MatMul(a).DType);

        Assert.Equal(DType.Float32, a.MatMul(a).DType);
    }

    [Fact]
    public void Autocast_can_be_left_inside_and_comes_back()
    {
        var a = Tensor.Ones([4, 4]);
        using var outer = Autograd.Autocast();
        using (Autograd.NoAutocast()) Assert.Equal(DType.Float32, a.MatMul(a).DType);

        Assert.Equal(DType.BFloat16, a.MatMul(a).DType);
    }

    [Theory]
    [InlineData(DType.Float32, "cpu", "NEURALODE_BFLOAT16")]
    [InlineData(DType.BFloat16, "tpu", "'tpu'")]
    public void Autocast_to_another_type_or_device_is_refused(DType type, string device, string named)
    {
        var error = Assert.Throws<NeuralOdeException>(() => { using var scope = Autograd.Autocast(type, device); });

        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tf32_is_what_was_set()
    {
        var before = Library.Tf32;
        Library.Tf32 = Tf32.MatrixProducts;

        Assert.Equal(Tf32.MatrixProducts, Library.Tf32);

        Library.Tf32 = before;
    }
}
