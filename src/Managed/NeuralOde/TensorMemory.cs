using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>Counts the bytes of tensors at libtorch's allocators, in the whole process: on GPUs always, on the CPU once tracking is on.</summary>
public static class TensorMemory
{
    /// <summary>Bytes of counted tensors alive now.</summary>
    public static long LiveBytes => Get().Live;

    /// <summary>The most bytes alive since the last <see cref="ResetPeak"/>: the sum of the devices' peaks.</summary>
    public static long PeakBytes => Get().Peak;

    /// <summary>Counts CPU tensors allocated from now on. Calling it again does nothing; it cannot be undone.</summary>
    public static void EnableTracking() => NativeCall.Check(NativeMethods.neuralode_memory_tracking_enable());

    /// <summary>Sets the peak to what is alive now.</summary>
    public static void ResetPeak() => NativeCall.Check(NativeMethods.neuralode_memory_reset_peak());

    private static (long Live, long Peak) Get()
    {
        NativeCall.Check(NativeMethods.neuralode_memory_get(out var live, out var peak));
        return (live, peak);
    }
}
