using System.Runtime.InteropServices;

namespace NeuralOde.Cli;

/// <summary>Settings of the C runtime that suit this program and that a library must leave to its host.</summary>
internal static partial class HostProcess
{
    private const int TrimThreshold = -1;   // M_TRIM_THRESHOLD
    private const int MmapThreshold = -3;   // M_MMAP_THRESHOLD
    private const int LargestMmapThreshold = 32 << 20;   // glibc ignores more, and then keeps its 128 kB
    private const int KeptBytes = 1 << 30;

    /// <summary>Call before the native library is loaded. Does nothing but on Linux; what the user has set stays.</summary>
    public static void Prepare()
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            // OpenMP's threads spin while they wait; with decoding threads, or other programs, on the same processors that costs
            // most of the time (measured on two busy ones: 43 images/s spinning, 281 sleeping).
            _ = SetVariable("OMP_WAIT_POLICY", "passive", overwrite: 0);
            // glibc maps and unmaps large tensors at every allocation; the page faults are a fifth of a convolutional step.
            _ = SetAllocator(MmapThreshold, LargestMmapThreshold);
            _ = SetAllocator(TrimThreshold, KeptBytes);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // Another C library: slower, not wrong.
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetAllocator(int parameter, int value);
}
