using System.Collections;
using System.Diagnostics.CodeAnalysis;
using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>Tensors by name, in the order of their owner. Disposing it disposes them.</summary>
public sealed unsafe class TensorDictionary : IReadOnlyDictionary<string, Tensor>, IDisposable
{
    private readonly OrderedDictionary<string, Tensor> _tensors;

    private TensorDictionary(OrderedDictionary<string, Tensor> tensors) => _tensors = tensors;

    /// <inheritdoc/>
    public int Count => _tensors.Count;

    /// <inheritdoc/>
    public IEnumerable<string> Keys => _tensors.Keys;

    /// <inheritdoc/>
    public IEnumerable<Tensor> Values => _tensors.Values;

    /// <summary>The tensor of that name.</summary>
    /// <exception cref="KeyNotFoundException">There is none; the message lists the names there are.</exception>
    public Tensor this[string key] => _tensors.TryGetValue(key, out var tensor) ? tensor : throw new KeyNotFoundException(
        $"key: there is no tensor named '{key}'; there are {(Count == 0 ? "none" : string.Join(", ", _tensors.Keys))}.");

    /// <inheritdoc/>
    public bool ContainsKey(string key) => _tensors.ContainsKey(key);

    /// <inheritdoc/>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out Tensor value) => _tensors.TryGetValue(key, out value);

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, Tensor>> GetEnumerator() => _tensors.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in _tensors.Values) tensor.Dispose();
    }

    /// <summary>The tensors of a native collection, which is destroyed.</summary>
    /// <param name="pointer">Owned by this call.</param>
    /// <param name="scoped">Whether the tensors belong to the current scope.</param>
    internal static TensorDictionary Take(nint pointer, bool scoped)
    {
        using var handle = new TensorMapHandle(pointer);
        NativeCall.Check(NativeMethods.neuralode_tensor_map_count(pointer, out var count));
        var tensors = new OrderedDictionary<string, Tensor>((int)count, StringComparer.Ordinal);
        for (var i = 0L; i < count; i++)
        {
            NativeCall.Check(NativeMethods.neuralode_tensor_map_name(pointer, i, out var name));
            NativeCall.Check(NativeMethods.neuralode_tensor_map_get(pointer, i, out var tensor));
            tensors.Add(NativeCall.Text(name), scoped ? Tensor.Own(tensor) : Tensor.OwnUnscoped(tensor));
        }

        return new TensorDictionary(tensors);
    }
}
