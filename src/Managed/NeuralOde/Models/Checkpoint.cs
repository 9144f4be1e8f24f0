using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>A saved model, optimiser and random generator, read and verified.</summary>
public sealed unsafe class Checkpoint : IDisposable
{
    private readonly CheckpointHandle _handle;

    private Checkpoint(nint pointer, string metadata)
    {
        _handle = new CheckpointHandle(pointer);
        Metadata = metadata;
    }

    /// <summary>The text that was saved with it.</summary>
    public string Metadata { get; }

    /// <summary>Writes the model's parameters and buffers, the optimiser's and the scaler's state, libtorch's CPU generator and a text to a
    /// file, atomically: a failure, or the end of the process, at any moment leaves the old file or the new one whole.</summary>
    /// <exception cref="NeuralOdeException">With <see cref="Status.IoError"/>: the file cannot be written.</exception>
    public static void Save(string path, Model model, Optimizer optimizer, string metadata = "", GradientScaler? scaler = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(optimizer);
        using var modelLease = model.Handle.Lend();
        using var optimizerLease = optimizer.Handle.Lend();
        using var scalerLease = new Lease(scaler?.Handle);
        fixed (byte* pathPointer = NativeCall.Utf8(path, nameof(path)), metadataPointer = NativeCall.Utf8(metadata, nameof(metadata)))
        {
            NativeCall.Check(NativeMethods.neuralode_checkpoint_save(pathPointer, modelLease.Pointer, optimizerLease.Pointer, scalerLease.Pointer, metadataPointer));
        }
    }

    /// <summary>Reads and verifies a whole checkpoint.</summary>
    /// <exception cref="NeuralOdeException">With <see cref="Status.IoError"/>: missing, truncated or damaged.</exception>
    public static Checkpoint Open(string path)
    {
        fixed (byte* pathPointer = NativeCall.Utf8(path, nameof(path)))
        {
            NativeCall.Check(NativeMethods.neuralode_checkpoint_open(pathPointer, out var pointer));
            var status = NativeMethods.neuralode_checkpoint_metadata(pointer, out var metadata);
            if (status != 0) _ = NativeMethods.neuralode_checkpoint_destroy(pointer);
            NativeCall.Check(status);
            return new Checkpoint(pointer, NativeCall.Text(metadata));
        }
    }

    /// <summary>Restores into a model and an optimiser of the same structure; on a mismatch nothing is changed.</summary>
    /// <param name="model">Receives parameters and buffers.</param>
    /// <param name="optimizer">Receives its state; null leaves it, and the random generator, alone.</param>
    /// <param name="scaler">Receives its state; null leaves it alone.</param>
    /// <exception cref="NeuralOdeException">The structure differs, or there is no scaler in it; the message names the first difference.</exception>
    public void Restore(Model model, Optimizer? optimizer = null, GradientScaler? scaler = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var self = _handle.Lend();
        using var modelLease = model.Handle.Lend();
        using var optimizerLease = new Lease(optimizer?.Handle);
        using var scalerLease = new Lease(scaler?.Handle);
        NativeCall.Check(NativeMethods.neuralode_checkpoint_restore(self.Pointer, modelLease.Pointer, optimizerLease.Pointer, scalerLease.Pointer));
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();
}
