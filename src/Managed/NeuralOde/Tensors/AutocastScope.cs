using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>Restores automatic casts of one type of device when disposed, on the thread that made it.</summary>
public ref struct AutocastScope : IDisposable
{
    private readonly string _device;
    private readonly int _previousEnabled;
    private readonly int _previousType;
    private bool _open;

    internal AutocastScope(string device, bool enabled, int type)
    {
        _device = device;
        Set(device, enabled ? 1 : 0, type, out _previousEnabled, out _previousType);
        _open = true;
    }

    /// <summary>Restores what was set before.</summary>
    public void Dispose()
    {
        if (!_open) return;
        _open = false;
        Set(_device, _previousEnabled, _previousType, out _, out _);
    }

    private static unsafe void Set(string device, int enabled, int type, out int previousEnabled, out int previousType)
    {
        fixed (byte* name = NativeCall.Utf8(device, nameof(device)))
        {
            NativeCall.Check(NativeMethods.neuralode_autocast_set(name, enabled, type, out previousEnabled, out previousType));
        }
    }
}
