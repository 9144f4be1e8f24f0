namespace NeuralOde;

public sealed unsafe partial class Tensor
{
    /// <summary>Matrix product: (..., n, k) by (..., k, m) gives (..., n, m); vectors as in libtorch.</summary>
    public Tensor MatMul(Tensor other) => Op.Invoke("aten::matmul"u8, ""u8, this, other);

    /// <summary>Elementwise hyperbolic tangent.</summary>
    public Tensor Tanh() => Op.Invoke("aten::tanh"u8, ""u8, this);

    /// <summary>Elementwise max(x, 0).</summary>
    public Tensor Relu() => Op.Invoke("aten::relu"u8, ""u8, this);

    /// <summary>Elementwise 1 / (1 + exp(-x)).</summary>
    public Tensor Sigmoid() => Op.Invoke("aten::sigmoid"u8, ""u8, this);

    /// <summary>Elementwise ln(1 + exp(x)).</summary>
    public Tensor Softplus() => Op.Invoke("aten::softplus"u8, ""u8, this);

    /// <summary>Elementwise exponential.</summary>
    public Tensor Exp() => Op.Invoke("aten::exp"u8, ""u8, this);

    /// <summary>Elementwise natural logarithm.</summary>
    public Tensor Log() => Op.Invoke("aten::log"u8, ""u8, this);

    /// <summary>Elementwise sine.</summary>
    public Tensor Sin() => Op.Invoke("aten::sin"u8, ""u8, this);

    /// <summary>Elementwise cosine.</summary>
    public Tensor Cos() => Op.Invoke("aten::cos"u8, ""u8, this);

    /// <summary>Elementwise power with a fixed exponent.</summary>
    public Tensor Pow(double exponent) => Op.Invoke("aten::pow"u8, "Tensor_Scalar"u8, this, exponent);

    /// <summary>Elementwise absolute value.</summary>
    public Tensor Abs() => Op.Invoke("aten::abs"u8, ""u8, this);

    /// <summary>Elementwise square root.</summary>
    public Tensor Sqrt() => Op.Invoke("aten::sqrt"u8, ""u8, this);

    /// <summary>Elementwise x * x.</summary>
    public Tensor Square() => Op.Invoke("aten::square"u8, ""u8, this);

    /// <summary>Elementwise restriction to [minimum, maximum].</summary>
    public Tensor Clamp(double minimum, double maximum) => Op.Invoke("aten::clamp"u8, ""u8, this, minimum, maximum);

    /// <summary>Elementwise: true where the element is neither infinite nor not a number.</summary>
    public Tensor IsFinite() => Op.Invoke("aten::isfinite"u8, ""u8, this);

    /// <summary>The sum of all elements, without dimensions. Integers and flags are summed as 64-bit integers.</summary>
    public Tensor Sum() => Op.Invoke("aten::sum"u8, ""u8, this);

    /// <summary>The sums along one dimension.</summary>
    public Tensor Sum(long dimension, bool keepDimension = false) =>
        Op.Invoke("aten::sum"u8, "dim_IntList"u8, this, new[] { dimension }, keepDimension);

    /// <summary>The mean of all elements, without dimensions. Floating point only.</summary>
    public Tensor Mean() => Op.Invoke("aten::mean"u8, ""u8, this);

    /// <summary>The means along one dimension. Floating point only.</summary>
    public Tensor Mean(long dimension, bool keepDimension = false) =>
        Op.Invoke("aten::mean"u8, "dim"u8, this, new[] { dimension }, keepDimension);

    /// <summary>The largest element, without dimensions.</summary>
    public Tensor Max() => Op.Invoke("aten::max"u8, ""u8, this);

    /// <summary>The smallest element, without dimensions.</summary>
    public Tensor Min() => Op.Invoke("aten::min"u8, ""u8, this);

    /// <summary>Where the largest element along a dimension is: an Int64 tensor.</summary>
    public Tensor ArgMax(long dimension) => Op.Invoke("aten::argmax"u8, ""u8, this, dimension);

    /// <summary>The square root of the sum of squares of all elements, without dimensions.</summary>
    public Tensor Norm() => Op.Invoke("aten::norm"u8, "Scalar"u8, this);
}
