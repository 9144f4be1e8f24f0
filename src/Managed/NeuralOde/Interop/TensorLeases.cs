namespace NeuralOde.Interop;

/// <summary>Native pointers of a list of tensors, valid until this is disposed.</summary>
internal ref struct TensorLeases : IDisposable
{
    private readonly IReadOnlyList<Tensor?> _tensors;
    private int _held;

    public TensorLeases(IReadOnlyList<Tensor?> tensors)
    {
        _tensors = tensors;
        var pointers = new nint[tensors.Count];
        Pointers = pointers;
        try
        {
            for (; _held < pointers.Length; _held++)
            {
                if (tensors[_held] is not { } tensor) continue;
                var taken = false;
                tensor.Handle.DangerousAddRef(ref taken);
                pointers[_held] = tensor.Handle.DangerousGetHandle();
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>One pointer a tensor; zero where the tensor is null.</summary>
    public ReadOnlySpan<nint> Pointers { get; }

    public void Dispose()
    {
        while (_held > 0) _tensors[--_held]?.Handle.DangerousRelease();
    }
}
