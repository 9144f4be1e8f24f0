using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>Reads and writes tensors by name in files of the safetensors format.</summary>
public static unsafe class Safetensors
{
    /// <summary>Reads every tensor of a file, to the CPU. Dispose the result, or read inside a <see cref="TensorScope"/>.</summary>
    /// <exception cref="NeuralOdeException">With <see cref="Status.IoError"/>: missing, truncated, or not of the format.</exception>
    public static TensorDictionary Load(string path)
    {
        fixed (byte* name = NativeCall.Utf8(path, nameof(path)))
        {
            NativeCall.Check(NativeMethods.neuralode_safetensors_load(name, out var map));
            return TensorDictionary.Take(map, scoped: true);
        }
    }

    /// <summary>Writes tensors to a file atomically: a reader sees the old file or the whole new one.</summary>
    /// <exception cref="NeuralOdeException">With <see cref="Status.IoError"/>: the file cannot be written.</exception>
    public static void Save(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        NativeCall.Check(NativeMethods.neuralode_tensor_map_create(out var pointer));
        using var map = new TensorMapHandle(pointer);
        foreach (var (key, tensor) in tensors)
        {
            ArgumentNullException.ThrowIfNull(tensor);
            using var lease = tensor.Handle.Lend();
            fixed (byte* name = NativeCall.Utf8(key, nameof(tensors)))
            {
                NativeCall.Check(NativeMethods.neuralode_tensor_map_set(pointer, name, lease.Pointer));
            }
        }

        fixed (byte* name = NativeCall.Utf8(path, nameof(path))) NativeCall.Check(NativeMethods.neuralode_safetensors_save(name, pointer));
    }
}
