using System.Runtime.InteropServices;

namespace NeuralOde.Interop;

/// <summary>Refuses a native library whose ABI differs from the one that the raw layer was generated for.</summary>
internal static class AbiVersion
{
    /// <summary>Checks a library that was just loaded.</summary>
    /// <exception cref="NotSupportedException">It is of another version, or not this library at all.</exception>
    internal static unsafe void CheckLibrary(nint library, string path)
    {
        if (!NativeLibrary.TryGetExport(library, "neuralode_abi_version", out var export))
        {
            throw new NotSupportedException(
                $"{path} is not NeuralOde's native library: it does not export neuralode_abi_version. " +
                $"Point {LibraryCandidate.EnvironmentVariable} at {LibraryCandidate.FileName}.");
        }

        Check(((delegate* unmanaged[Cdecl]<uint>)export)(), path);
    }

    /// <summary>Compares the version that the library at <paramref name="path"/> reports with the generated constant.</summary>
    /// <exception cref="NotSupportedException">They differ.</exception>
    internal static void Check(uint reported, string path)
    {
        if (reported != NativeMethods.NEURALODE_ABI_VERSION)
        {
            throw new NotSupportedException(
                $"The native library {path} has ABI version {reported}, but this program was built for ABI version " +
                $"{NativeMethods.NEURALODE_ABI_VERSION}. Take library and managed assemblies from the same build.");
        }
    }
}
