namespace NeuralOde;

// Shapes are broadcast and element types promoted as in libtorch. A number beside an integer tensor makes the result floating point.
public sealed unsafe partial class Tensor
{
    /// <summary>Elementwise sum.</summary>
    public static Tensor operator +(Tensor left, Tensor right) => Op.Invoke("aten::add"u8, "Tensor"u8, left, right);

    /// <summary>Adds a number to every element.</summary>
    public static Tensor operator +(Tensor left, double right) => Op.Invoke("aten::add"u8, "Scalar"u8, left, right);

    /// <summary>Adds a number to every element.</summary>
    public static Tensor operator +(double left, Tensor right) => right + left;

    /// <summary>Elementwise difference.</summary>
    public static Tensor operator -(Tensor left, Tensor right) => Op.Invoke("aten::sub"u8, "Tensor"u8, left, right);

    /// <summary>Subtracts a number from every element.</summary>
    public static Tensor operator -(Tensor left, double right) => Op.Invoke("aten::sub"u8, "Scalar"u8, left, right);

    /// <summary>Subtracts every element from a number.</summary>
    public static Tensor operator -(double left, Tensor right) => Op.Invoke("aten::rsub"u8, "Scalar"u8, right, left);

    /// <summary>Elementwise product; for matrices see <see cref="MatMul"/>.</summary>
    public static Tensor operator *(Tensor left, Tensor right) => Op.Invoke("aten::mul"u8, "Tensor"u8, left, right);

    /// <summary>Multiplies every element by a number.</summary>
    public static Tensor operator *(Tensor left, double right) => Op.Invoke("aten::mul"u8, "Scalar"u8, left, right);

    /// <summary>Multiplies every element by a number.</summary>
    public static Tensor operator *(double left, Tensor right) => right * left;

    /// <summary>Elementwise quotient, in floating point.</summary>
    public static Tensor operator /(Tensor left, Tensor right) => Op.Invoke("aten::div"u8, "Tensor"u8, left, right);

    /// <summary>Divides every element by a number, in floating point.</summary>
    public static Tensor operator /(Tensor left, double right) => Op.Invoke("aten::div"u8, "Scalar"u8, left, right);

    /// <summary>Divides a number by every element.</summary>
    public static Tensor operator /(double left, Tensor right)
    {
        using var inverse = Op.Invoke("aten::reciprocal"u8, ""u8, right);
        return inverse * left;
    }

    /// <summary>Changes the sign of every element.</summary>
    public static Tensor operator -(Tensor tensor) => Op.Invoke("aten::neg"u8, ""u8, tensor);

    /// <summary>Elementwise comparison: a Bool tensor.</summary>
    public static Tensor operator <(Tensor left, Tensor right) => Op.Invoke("aten::lt"u8, "Tensor"u8, left, right);

    /// <summary>Elementwise comparison: a Bool tensor.</summary>
    public static Tensor operator >(Tensor left, Tensor right) => Op.Invoke("aten::gt"u8, "Tensor"u8, left, right);

    /// <summary>Elementwise comparison with a number: a Bool tensor.</summary>
    public static Tensor operator <(Tensor left, double right) => Op.Invoke("aten::lt"u8, "Scalar"u8, left, right);

    /// <summary>Elementwise comparison with a number: a Bool tensor.</summary>
    public static Tensor operator >(Tensor left, double right) => Op.Invoke("aten::gt"u8, "Scalar"u8, left, right);

    /// <summary>Elementwise equality: a Bool tensor.</summary>
    public Tensor EqualTo(Tensor other) => Op.Invoke("aten::eq"u8, "Tensor"u8, this, other);

    /// <summary>Adds in place: this += alpha * other, broadcast to this tensor's shape.</summary>
    /// <returns>This tensor.</returns>
    public Tensor Add_(Tensor other, double alpha = 1)
    {
        Op.Invoke("aten::add_"u8, "Tensor"u8, this, other, alpha).Dispose();
        return this;
    }

    /// <summary>Multiplies in place by a number.</summary>
    /// <returns>This tensor.</returns>
    public Tensor Mul_(double factor)
    {
        Op.Invoke("aten::mul_"u8, "Scalar"u8, this, factor).Dispose();
        return this;
    }

    /// <summary>Sets every element to zero in place.</summary>
    /// <returns>This tensor.</returns>
    public Tensor Zero_()
    {
        Op.Invoke("aten::zero_"u8, ""u8, this).Dispose();
        return this;
    }
}
