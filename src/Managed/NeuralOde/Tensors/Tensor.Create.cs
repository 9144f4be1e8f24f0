using NeuralOde.Interop;

namespace NeuralOde;

public sealed unsafe partial class Tensor
{
    /// <summary>A CPU tensor with a copy of <paramref name="data"/>, row-major.</summary>
    /// <param name="data">The elements: byte, sbyte, short, int, long, Half, float, double or bool.</param>
    /// <param name="shape">The sizes, whose product is the number of elements; none gives one dimension.</param>
    /// <exception cref="ArgumentException">The shape does not hold the elements.</exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is no element type.</exception>
    public static Tensor FromArray<T>(ReadOnlySpan<T> data, params ReadOnlySpan<long> shape) where T : unmanaged
    {
        var type = DTypes.Of<T>();
        ReadOnlySpan<long> sizes = shape.Length > 0 ? shape : [data.Length];
        if (Shapes.Count(sizes) != data.Length)
        {
            throw new ArgumentException(
                $"shape: {Shapes.Text(sizes)} holds {Shapes.Count(sizes)} elements but data has {data.Length}; make the two equal.", nameof(shape));
        }

        fixed (T* elements = data)
        fixed (long* pointer = sizes)
        {
            NativeCall.Check(NativeMethods.neuralode_tensor_create((nint)elements, (int)type, pointer, sizes.Length, out var tensor));
            return Own(tensor);
        }
    }

    /// <summary>A tensor without dimensions, on the CPU.</summary>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is no element type.</exception>
    public static Tensor Scalar<T>(T value) where T : unmanaged
    {
        NativeCall.Check(NativeMethods.neuralode_tensor_create((nint)(&value), (int)DTypes.Of<T>(), null, 0, out var tensor));
        return Own(tensor);
    }

    /// <summary>A CPU tensor of zeros.</summary>
    public static Tensor Zeros(ReadOnlySpan<long> shape, DType dtype = DType.Float32)
    {
        _ = Shapes.Count(shape);
        fixed (long* sizes = shape)
        {
            NativeCall.Check(NativeMethods.neuralode_tensor_create(0, (int)dtype, sizes, shape.Length, out var tensor));
            return Own(tensor);
        }
    }

    /// <summary>A CPU tensor of ones.</summary>
    public static Tensor Ones(ReadOnlySpan<long> shape, DType dtype = DType.Float32) => Full(shape, 1, dtype);

    /// <summary>A CPU tensor whose elements all are <paramref name="value"/>.</summary>
    public static Tensor Full(ReadOnlySpan<long> shape, double value, DType dtype = DType.Float32)
    {
        var tensor = Zeros(shape, dtype);
        Op.Invoke("aten::fill_"u8, "Scalar"u8, tensor, value).Dispose();
        return tensor;
    }

    /// <summary>A CPU tensor of independent standard normal numbers from libtorch's generator; see <see cref="Library.ManualSeed"/>.</summary>
    public static Tensor Randn(ReadOnlySpan<long> shape, DType dtype = DType.Float32)
    {
        _ = Shapes.Count(shape);
        return Op.Invoke("aten::randn"u8, ""u8, shape.ToArray(), dtype);
    }

    /// <summary>A CPU tensor of independent numbers uniform in [0, 1) from libtorch's generator.</summary>
    public static Tensor Rand(ReadOnlySpan<long> shape, DType dtype = DType.Float32)
    {
        _ = Shapes.Count(shape);
        return Op.Invoke("aten::rand"u8, ""u8, shape.ToArray(), dtype);
    }

    /// <summary>The numbers start, start + step, ... below <paramref name="end"/>, on the CPU.</summary>
    public static Tensor Arange(double start, double end, double step = 1, DType dtype = DType.Float32) =>
        Op.Invoke("aten::arange"u8, "start_step"u8, start, end, step, dtype);

    /// <summary>The numbers 0, 1, ..., count - 1 as 64-bit integers, on the CPU.</summary>
    public static Tensor Arange(long count) => Op.Invoke("aten::arange"u8, ""u8, count, DType.Int64);

    /// <summary><paramref name="count"/> numbers from start to end inclusive, equally spaced, on the CPU.</summary>
    public static Tensor Linspace(double start, double end, long count, DType dtype = DType.Float32) =>
        Op.Invoke("aten::linspace"u8, ""u8, start, end, count, dtype);

    /// <summary>Zeros of this tensor's shape, type and device.</summary>
    public Tensor ZerosLike() => Op.Invoke("aten::zeros_like"u8, ""u8, this);

    /// <summary>Ones of this tensor's shape, type and device.</summary>
    public Tensor OnesLike() => Op.Invoke("aten::ones_like"u8, ""u8, this);
}
