using Microsoft.Win32.SafeHandles;

namespace NeuralOde.Interop;

/// <summary>Owner of one native object. Its finalizer is the last resort; every public type frees it in Dispose.</summary>
internal abstract class NativeHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    protected NativeHandle(nint pointer) : base(ownsHandle: true) => SetHandle(pointer);

    /// <summary>Keeps the object alive until the lease is disposed, even if another thread disposes the handle meanwhile.</summary>
    /// <exception cref="ObjectDisposedException">The handle was disposed before.</exception>
    public Lease Lend() => new(this);

    protected abstract int Destroy(nint pointer);

    protected sealed override bool ReleaseHandle() => Destroy(handle) == 0;
}

/// <summary>A native pointer that stays valid until this is disposed.</summary>
internal readonly ref struct Lease : IDisposable
{
    private readonly NativeHandle? _handle;

    public Lease(NativeHandle? handle)
    {
        if (handle is null) return;
        var held = false;
        handle.DangerousAddRef(ref held);
        _handle = handle;
        Pointer = handle.DangerousGetHandle();
    }

    /// <summary>The object; zero when there is none.</summary>
    public nint Pointer { get; }

    public void Dispose() => _handle?.DangerousRelease();
}
