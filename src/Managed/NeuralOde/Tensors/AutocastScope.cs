using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>Restores automatic casts to bfloat16 when disposed, on the thread that made it.</summary>
public ref struct AutocastScope : IDisposable
{
    private readonly int _previous;
    private bool _open;

    internal AutocastScope(int enabled)
    {
        NativeCall.Check(NativeMethods.neuralode_autocast_set(enabled, out _previous));
        _open = true;
    }

    /// <summary>Restores what was set before.</summary>
    public void Dispose()
    {
        if (!_open) return;
        _open = false;
        NativeCall.Check(NativeMethods.neuralode_autocast_set(_previous, out _));
    }
}
