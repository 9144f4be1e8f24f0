namespace NeuralOde.Tests.Tensors;

public sealed class TensorNetworkTests : IDisposable
{
    private readonly TensorScope _scope = new();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void Linear_multiplies_by_the_transposed_weight_and_adds_the_bias()
    {
        var y = Tensor.FromArray<double>([1, 2], 1, 2).Linear(Tensor.FromArray<double>([3, 4, 5, 6], 2, 2), Tensor.FromArray<double>([10, 20]));

        Assert.Equal([21, 37], y.ToArray<double>());
    }

    [Fact]
    public void Conv2d_sums_windows()
    {
        var y = Tensor.Ones([1, 1, 3, 3]).Conv2d(Tensor.Ones([1, 1, 3, 3]), padding: 1);

        Assert.Equal([4f, 6, 4, 6, 9, 6, 4, 6, 4], y.ToArray<float>());   // neighbours inside the image
    }

    [Fact]
    public void Conv2d_strides() => Assert.Equal([1, 2, 2, 2], Tensor.Ones([1, 3, 4, 4]).Conv2d(Tensor.Ones([2, 3, 1, 1]), stride: 2).Shape);

    [Fact]
    public void BatchNorm_in_training_normalises_and_tracks()
    {
        var x = Tensor.FromArray<double>([1, 3], 2, 1);
        var (mean, variance) = (Tensor.Zeros([1], DType.Float64), Tensor.Ones([1], DType.Float64));

        var y = x.BatchNorm(null, null, mean, variance, training: true, momentum: 0.5, epsilon: 0);

        Assert.Equal([-1, 1], y.ToArray<double>());
        Assert.Equal(1, mean.ToDouble());          // half of 2
        Assert.Equal(1.5, variance.ToDouble());    // half of 1 and half of 2, the unbiased one
    }

    [Fact]
    public void Pools_reduce_windows()
    {
        var x = Tensor.Arange(16).To(DType.Float32).Reshape(1, 1, 4, 4);

        Assert.Equal([5f, 7, 13, 15], x.MaxPool2d(2, 2).ToArray<float>());
        Assert.Equal([7.5f], x.AdaptiveAveragePool2d().ToArray<float>());
    }

    [Fact]
    public void CrossEntropy_of_equal_logits_is_the_logarithm_of_the_number_of_classes()
    {
        var loss = Tensor.Zeros([3, 4], DType.Float64).CrossEntropy(Tensor.FromArray<long>([0, 1, 3]));

        Assert.Equal(Math.Log(4), loss.ToDouble(), 1e-15);
    }

    [Fact]
    public void Label_smoothing_mixes_the_label_with_all_classes()
    {
        var logits = Tensor.FromArray<double>([2, 0], 1, 2);
        var label = Tensor.FromArray<long>([0]);
        var (right, wrong) = (Math.Log(1 + Math.Exp(-2)), Math.Log(1 + Math.Exp(2)));

        // 0.1 of the target is spread over both classes
        Assert.Equal((0.95 * right) + (0.05 * wrong), logits.CrossEntropy(label, 0.1).ToDouble(), 1e-15);
    }

    [Fact]
    public void Softmax_sums_to_one()
    {
        var x = Tensor.FromArray<double>([1, 2, 3], 1, 3);

        Assert.Equal(1, x.Softmax(1).Sum().ToDouble(), 1e-15);
        Assert.Equal(1, x.LogSoftmax(1).Exp().Sum().ToDouble(), 1e-15);
    }

    [Fact]
    public void MseLoss_is_the_mean_square() =>
        Assert.Equal(2.5, Tensor.FromArray<double>([1, 2]).MseLoss(Tensor.Zeros([2], DType.Float64)).ToDouble());

    [Fact]
    public void Dropout_acts_in_training_only()
    {
        var x = Tensor.Ones([1000]);

        Assert.Equal(1000f, x.Dropout(0.5, training: false).Sum().ToSingle());
        Assert.All(x.Dropout(0.5, training: true).ToArray<float>(), value => Assert.True(value is 0f or 2f));
    }
}
