using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>Restores the recording of operations when disposed, on the thread that made it.</summary>
public ref struct GradModeScope : IDisposable
{
    private readonly int _previous;
    private bool _open;

    internal GradModeScope(int enabled)
    {
        NativeCall.Check(NativeMethods.neuralode_grad_mode_set(enabled, out _previous));
        _open = true;
    }

    /// <summary>Restores what was set before.</summary>
    public void Dispose()
    {
        if (!_open) return;
        _open = false;
        NativeCall.Check(NativeMethods.neuralode_grad_mode_set(_previous, out _));
    }
}
