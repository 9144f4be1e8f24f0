using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>An n-dimensional array of libtorch: elements of one <see cref="DType"/> on one device, recorded by autograd.</summary>
/// <remarks>Owns native memory: dispose it, or make it inside a <see cref="TensorScope"/>. Operations return new tensors and leave
/// their inputs alone, but for those whose names end in an underscore. One thread at a time may use a tensor. What is not here is
/// reached by name with <see cref="Op.Call(string, string, ReadOnlySpan{OpArgument})"/>.</remarks>
public sealed unsafe partial class Tensor : IDisposable
{
    private readonly TensorHandle _handle;

    private Tensor(TensorHandle handle) => _handle = handle;

    internal TensorHandle Handle => _handle;

    /// <summary>The scope that disposes this tensor; null when its maker does.</summary>
    internal TensorScope? Scope { get; set; }

    internal bool IsDisposed => _handle.IsClosed;

    /// <summary>The sizes of the dimensions; empty for a scalar.</summary>
    public IReadOnlyList<long> Shape => Sizes();

    /// <summary>The number of dimensions; 0 for a scalar.</summary>
    public int Dimensions => (int)Info().dims;

    /// <summary>The number of elements.</summary>
    public long ElementCount => Info().count;

    /// <summary>The type of the elements.</summary>
    public DType DType => (DType)Info().dtype;

    /// <summary>Where the elements are: "cpu", "cuda:0", ...</summary>
    public string Device
    {
        get
        {
            var info = Info();
            return info.is_cuda == 0 ? "cpu" : $"cuda:{info.device_index}";
        }
    }

    /// <summary>The size of dimension <paramref name="dimension"/>, which counts from the end when negative.</summary>
    public long Size(int dimension)
    {
        var sizes = Sizes();
        var index = dimension < 0 ? dimension + sizes.Length : dimension;
        if (index < 0 || index >= sizes.Length)
        {
            throw new ArgumentOutOfRangeException(nameof(dimension), dimension,
                $"dimension: {dimension} is not in [{-sizes.Length}, {sizes.Length - 1}] for shape {Shapes.Text(sizes)}.");
        }

        return sizes[index];
    }

    /// <summary>Frees the native handle. The elements live on while another tensor or a recorded graph shares them.</summary>
    public void Dispose() => _handle.Dispose();

    /// <summary>Takes this tensor out of its <see cref="TensorScope"/>; the caller disposes it.</summary>
    /// <returns>This tensor.</returns>
    public Tensor DetachFromScope()
    {
        Scope = null;
        return this;
    }

    /// <summary>Element type, shape and device.</summary>
    public override string ToString() => IsDisposed ? "Tensor (disposed)" : $"Tensor {DType} {Shapes.Text(Sizes())} {Device}";

    /// <summary>Takes over a native handle, as a member of the current scope.</summary>
    internal static Tensor Own(nint pointer)
    {
        var tensor = new Tensor(new TensorHandle(pointer));
        TensorScope.Current?.Add(tensor);
        return tensor;
    }

    /// <summary>Takes over a native handle outside every scope; the caller disposes it.</summary>
    internal static Tensor OwnUnscoped(nint pointer) => new(new TensorHandle(pointer));

    /// <summary>A second handle to the tensor behind a borrowed pointer, as a member of the current scope.</summary>
    internal static Tensor Share(nint borrowed)
    {
        NativeCall.Check(NativeMethods.neuralode_tensor_share(borrowed, out var shared));
        return Own(shared);
    }

    /// <summary>A second native handle to this tensor, which whoever receives it destroys.</summary>
    internal nint ShareHandle()
    {
        using var self = _handle.Lend();
        NativeCall.Check(NativeMethods.neuralode_tensor_share(self.Pointer, out var shared));
        return shared;
    }

    internal long[] Sizes()
    {
        using var self = _handle.Lend();
        NativeCall.Check(NativeMethods.neuralode_tensor_get_info(self.Pointer, (uint)sizeof(neuralode_tensor_info), out var info));
        var sizes = new long[info.dims];
        fixed (long* pointer = sizes) NativeCall.Check(NativeMethods.neuralode_tensor_get_sizes(self.Pointer, pointer, sizes.Length));
        return sizes;
    }

    private neuralode_tensor_info Info()
    {
        using var self = _handle.Lend();
        NativeCall.Check(NativeMethods.neuralode_tensor_get_info(self.Pointer, (uint)sizeof(neuralode_tensor_info), out var info));
        return info;
    }
}
