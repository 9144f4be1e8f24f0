using System.Runtime.InteropServices;

namespace NeuralOde.Cli;

/// <summary>How the C library's allocator treats large blocks in this process.</summary>
internal static partial class Allocator
{
    private const int TrimThreshold = -1;
    private const int MapThreshold = -3;
    private const int KeptBytes = 1 << 30;

    /// <summary>
    /// Keeps freed blocks of up to a gigabyte. glibc would hand each back to the system and map it anew, and the page faults
    /// cost a fifth of a step on convolutions. A library must not decide this; a program may. Elsewhere than on glibc: nothing.
    /// </summary>
    public static void KeepLargeBlocks()
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            _ = mallopt(MapThreshold, KeptBytes);
            _ = mallopt(TrimThreshold, KeptBytes);
        }
        catch (EntryPointNotFoundException) { }   // another C library than glibc
        catch (DllNotFoundException) { }
    }

    [LibraryImport("libc")]
    private static partial int mallopt(int parameter, int value);
}
