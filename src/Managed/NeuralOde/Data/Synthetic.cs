using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>An image set that needs no download: ten classes of rendered shapes with jitter and noise.</summary>
public static unsafe class Synthetic
{
    /// <summary>Writes root/{train,test}/&lt;class&gt;/NNNNN.jpg. Does nothing when root already holds what the same options wrote.</summary>
    /// <exception cref="NeuralOdeException">The root holds anything else, or cannot be written.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static void Write(string root, SyntheticOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var native = options.ToNative();
        fixed (byte* rootPointer = NativeCall.Utf8(root, nameof(root))) NativeCall.Check(NativeMethods.neuralode_synthetic_write(rootPointer, &native));
    }
}
