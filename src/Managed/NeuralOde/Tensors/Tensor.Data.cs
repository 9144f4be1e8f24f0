using System.Runtime.CompilerServices;
using NeuralOde.Interop;

namespace NeuralOde;

public sealed unsafe partial class Tensor
{
    /// <summary>A copy of the elements, row-major, from any device.</summary>
    /// <exception cref="ArgumentException"><typeparamref name="T"/> is not the type of the elements.</exception>
    public T[] ToArray<T>() where T : unmanaged
    {
        var info = Info();
        DTypes.Require<T>((DType)info.dtype);
        var elements = new T[info.count];
        Read<T>(elements);
        return elements;
    }

    /// <summary>Copies the elements, row-major, to the start of <paramref name="destination"/>.</summary>
    /// <exception cref="ArgumentException"><typeparamref name="T"/> is not the type of the elements, or the destination is too short.</exception>
    public void CopyTo<T>(Span<T> destination) where T : unmanaged
    {
        var info = Info();
        DTypes.Require<T>((DType)info.dtype);
        if (destination.Length < info.count)
        {
            throw new ArgumentException(
                $"destination: {destination.Length} elements do not hold the tensor's {info.count}; make it longer.", nameof(destination));
        }

        Read(destination[..(int)info.count]);
    }

    /// <summary>Replaces the elements in place, row-major; autograd counts it as a change of this tensor.</summary>
    /// <exception cref="ArgumentException"><typeparamref name="T"/> is not the type of the elements, or the counts differ.</exception>
    public void CopyFrom_<T>(ReadOnlySpan<T> source) where T : unmanaged
    {
        var info = Info();
        DTypes.Require<T>((DType)info.dtype);
        if (source.Length != info.count)
        {
            throw new ArgumentException($"source: {source.Length} elements, but the tensor has {info.count}; give as many.", nameof(source));
        }

        using var self = _handle.Lend();
        fixed (T* elements = source)
        {
            NativeCall.Check(NativeMethods.neuralode_tensor_write(self.Pointer, (nint)elements, (long)source.Length * Unsafe.SizeOf<T>()));
        }
    }

    /// <summary>Replaces the elements in place by those of <paramref name="source"/>, converted and broadcast to this tensor's type and shape.</summary>
    /// <returns>This tensor.</returns>
    public Tensor CopyFrom_(Tensor source)
    {
        Op.Invoke("aten::copy_"u8, ""u8, this, source).Dispose();
        return this;
    }

    /// <summary>The only element.</summary>
    /// <exception cref="ArgumentException"><typeparamref name="T"/> is not the type of the element.</exception>
    /// <exception cref="InvalidOperationException">There is not exactly one element.</exception>
    public T Item<T>() where T : unmanaged
    {
        var info = Info();
        if (info.count != 1)
        {
            throw new InvalidOperationException(
                $"Item: the tensor of shape {Shapes.Text(Sizes())} has {info.count} elements, not one; reduce or index it first.");
        }

        DTypes.Require<T>((DType)info.dtype);
        T element = default;
        Read(new Span<T>(ref element));
        return element;
    }

    /// <summary>The only element, whatever its type, as a double.</summary>
    public double ToDouble() => ItemAs<double>(DType.Float64);

    /// <summary>The only element, whatever its type, as a float.</summary>
    public float ToSingle() => ItemAs<float>(DType.Float32);

    /// <summary>The only element, whatever its type, as a 64-bit integer; fractions are cut off.</summary>
    public long ToInt64() => ItemAs<long>(DType.Int64);

    /// <summary>A tensor of another element type, recorded by autograd between floating-point types; itself shared when the type is the same.</summary>
    public Tensor To(DType dtype)
    {
        using var self = _handle.Lend();
        NativeCall.Check(NativeMethods.neuralode_tensor_to(self.Pointer, null, (int)dtype, out var converted));
        return Own(converted);
    }

    /// <summary>A tensor on another device: "cpu", "cuda:0", ...; itself shared when it is there already.</summary>
    public Tensor To(string device)
    {
        using var self = _handle.Lend();
        fixed (byte* name = NativeCall.Utf8(device, nameof(device)))
        {
            NativeCall.Check(NativeMethods.neuralode_tensor_to(self.Pointer, name, -1, out var moved));
            return Own(moved);
        }
    }

    /// <summary>A copy with memory of its own, recorded by autograd.</summary>
    public Tensor Clone() => Op.Invoke("aten::clone"u8, ""u8, this);

    /// <summary>This tensor, or a row-major copy where the elements are not stored so.</summary>
    public Tensor Contiguous() => Op.Invoke("aten::contiguous"u8, ""u8, this);

    private T ItemAs<T>(DType dtype) where T : unmanaged
    {
        if (DType == dtype) return Item<T>();
        using var converted = To(dtype);
        return converted.Item<T>();
    }

    private void Read<T>(Span<T> destination) where T : unmanaged
    {
        using var self = _handle.Lend();
        fixed (T* elements = destination)
        {
            NativeCall.Check(NativeMethods.neuralode_tensor_read(self.Pointer, (nint)elements, (long)destination.Length * Unsafe.SizeOf<T>()));
        }
    }
}
