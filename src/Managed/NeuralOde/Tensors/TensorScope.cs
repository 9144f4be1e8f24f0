namespace NeuralOde;

/// <summary>Disposes at its end every tensor made in it on its thread, so that intermediate results of expressions do not leak.</summary>
/// <remarks>Scopes nest; a tensor belongs to the innermost one that was open when it was made. What must outlive the scope is named
/// with <see cref="Keep(Tensor)"/>. The library opens one around every callback.
/// <code>
/// using var scope = new TensorScope();
/// var loss = (a * b + 1).Sum();
/// return scope.Keep(loss);
/// </code></remarks>
public sealed class TensorScope : IDisposable
{
    private const int FirstSweep = 256;

    [ThreadStatic]
    private static TensorScope? _current;

    private readonly TensorScope? _outer;
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private readonly List<Tensor> _tensors = [];
    private int _nextSweep = FirstSweep;
    private bool _closed;

    /// <summary>Opens a scope on the calling thread.</summary>
    public TensorScope()
    {
        _outer = _current;
        _current = this;
    }

    /// <summary>The innermost open scope of the calling thread.</summary>
    internal static TensorScope? Current => _current;

    /// <summary>How many tensors this scope holds that are not disposed.</summary>
    public int Count => _tensors.Count(Owns);

    /// <summary>Moves <paramref name="tensor"/> to the enclosing scope, or out of all scopes when there is none; the caller then disposes it.</summary>
    /// <returns>The same tensor.</returns>
    public Tensor Keep(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (tensor.Scope == this)
        {
            tensor.Scope = null;
            _outer?.Add(tensor);
        }

        return tensor;
    }

    /// <summary>As <see cref="Keep(Tensor)"/> for each.</summary>
    /// <returns>The same list.</returns>
    public IReadOnlyList<Tensor> Keep(IReadOnlyList<Tensor> tensors)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        foreach (var tensor in tensors) Keep(tensor);
        return tensors;
    }

    /// <summary>Disposes the scope's tensors and closes it, with the scopes opened in it that are still open.</summary>
    /// <exception cref="InvalidOperationException">The scope was opened on another thread.</exception>
    public void Dispose()
    {
        if (_closed) return;
        if (Environment.CurrentManagedThreadId != _thread)
        {
            throw new InvalidOperationException($"The tensor scope was opened on thread {_thread}; close it there.");
        }

        for (var inner = _current; inner != this; inner = inner._outer) inner!.Close();
        Close();
        _current = _outer;
    }

    internal void Add(Tensor tensor)
    {
        if (_tensors.Count >= _nextSweep)
        {
            _tensors.RemoveAll(held => !Owns(held));
            _nextSweep = Math.Max(FirstSweep, 2 * _tensors.Count);
        }

        tensor.Scope = this;
        _tensors.Add(tensor);
    }

    private void Close()
    {
        _closed = true;
        foreach (var tensor in _tensors)
        {
            if (Owns(tensor)) tensor.Dispose();
        }

        _tensors.Clear();
    }

    private bool Owns(Tensor tensor) => tensor.Scope == this && !tensor.IsDisposed;
}
