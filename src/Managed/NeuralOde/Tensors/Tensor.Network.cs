namespace NeuralOde;

public sealed unsafe partial class Tensor
{
    /// <summary>this * weight^T + bias: (..., in) by weight (out, in) and bias (out,) gives (..., out).</summary>
    public Tensor Linear(Tensor weight, Tensor? bias = null) => Op.Invoke("aten::linear"u8, ""u8, this, weight, bias);

    /// <summary>Convolution of (batch, in, height, width) with weight (out, in / groups, kernel, kernel) and bias (out,).</summary>
    public Tensor Conv2d(Tensor weight, Tensor? bias = null, long stride = 1, long padding = 0, long dilation = 1, long groups = 1) =>
        Op.Invoke("aten::conv2d"u8, ""u8, this, weight, bias, new[] { stride, stride }, new[] { padding, padding }, new[] { dilation, dilation }, groups);

    /// <summary>Batch normalisation over all but dimension 1, of size c. In training the batch's statistics are used, and the running ones
    /// are updated in place; else the running ones are used.</summary>
    /// <param name="weight">Scale (c,), or null.</param>
    /// <param name="bias">Shift (c,), or null.</param>
    /// <param name="runningMean">(c,), or null.</param>
    /// <param name="runningVariance">(c,), or null.</param>
    /// <param name="training">Whether to use and track the batch's statistics.</param>
    /// <param name="momentum">Share of the new statistics in the running ones.</param>
    /// <param name="epsilon">Added to the variance.</param>
    public Tensor BatchNorm(
        Tensor? weight, Tensor? bias, Tensor? runningMean, Tensor? runningVariance, bool training, double momentum = 0.1, double epsilon = 1e-5) =>
        Op.Invoke("aten::batch_norm"u8, ""u8, this, weight, bias, runningMean, runningVariance, training, momentum, epsilon, false);

    /// <summary>Average pooling of (batch, channels, height, width) to (batch, channels, size, size).</summary>
    public Tensor AdaptiveAveragePool2d(long size = 1) => Op.Invoke("aten::adaptive_avg_pool2d"u8, ""u8, this, new[] { size, size });

    /// <summary>Maxima of (batch, channels, height, width) over windows.</summary>
    public Tensor MaxPool2d(long window, long stride, long padding = 0) =>
        Op.Invoke("aten::max_pool2d"u8, ""u8, this, new[] { window, window }, new[] { stride, stride }, new[] { padding, padding });

    /// <summary>Elements zeroed with the given probability and the others scaled by 1 / (1 - probability), if training.</summary>
    public Tensor Dropout(double probability, bool training) => Op.Invoke("aten::dropout"u8, ""u8, this, probability, training);

    /// <summary>exp(x) / sum of exp(x) along a dimension.</summary>
    public Tensor Softmax(long dimension) => Op.Invoke("aten::softmax"u8, "int"u8, this, dimension);

    /// <summary>Logarithm of <see cref="Softmax"/>.</summary>
    public Tensor LogSoftmax(long dimension) => Op.Invoke("aten::log_softmax"u8, "int"u8, this, dimension);

    /// <summary>Mean over the batch of -log softmax(this)[label], of logits (batch, classes) and labels (batch,) in Int64.</summary>
    public Tensor CrossEntropy(Tensor labels) => Op.Invoke("aten::cross_entropy_loss"u8, ""u8, this, labels);

    /// <summary>As <see cref="CrossEntropy(Tensor)"/> with a share of each target spread evenly over all classes.</summary>
    /// <param name="labels">(batch,) in Int64.</param>
    /// <param name="labelSmoothing">In [0, 1].</param>
    public Tensor CrossEntropy(Tensor labels, double labelSmoothing) =>
        Op.Invoke("aten::cross_entropy_loss"u8, ""u8, this, labels, OpArgument.None, 1L, -100L, labelSmoothing);

    /// <summary>Mean of (this - target)^2.</summary>
    public Tensor MseLoss(Tensor target) => Op.Invoke("aten::mse_loss"u8, ""u8, this, target);
}
