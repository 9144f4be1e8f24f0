using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace NeuralOde.Interop;

/// <summary>Loads the native library at the first call into it. <see cref="ExplicitPath"/>, or else the environment variable
/// NEURALODE_LIBRARY, names the only one that will do; without either the order is: next to the program, runtimes/&lt;rid&gt;/native, the folders of packages, the runtime's default probing. The first
/// that loads with the libtorch at hand (<see cref="Libtorch"/>) is taken, and must have the ABI version of the generated layer.</summary>
internal static class NativeLibraryLoader
{
    private static readonly Lock Gate = new();
    private static string? _explicitPath;
    private static nint _handle;

    /// <summary>The file to load, to be set before the first call into the library; null leaves the choice to the search.</summary>
    /// <exception cref="InvalidOperationException">Another library is loaded already.</exception>
    internal static string? ExplicitPath
    {
        get
        {
            lock (Gate)
            {
                return _explicitPath;
            }
        }

        set
        {
            lock (Gate)
            {
                if (_handle != 0 && value != _explicitPath)
                {
                    throw new InvalidOperationException(
                        $"The library path cannot become '{value}': {LoadedPath} is loaded already. " +
                        "Set the path before the first use of NeuralOde.");
                }

                _explicitPath = value;
            }
        }
    }

    /// <summary>The file that was loaded; null before the first call into the library. A bare name if default probing found it.</summary>
    internal static string? LoadedPath { get; private set; }

    /// <summary>Loads the first candidate that loads, else what default probing, if any, finds.</summary>
    /// <exception cref="DllNotFoundException">Nothing loads; the message lists each path tried with the loader's reason.</exception>
    /// <exception cref="NotSupportedException">A candidate is for another libtorch than the one at hand.</exception>
    internal static (nint Handle, string Path) Load(IReadOnlyList<LibraryCandidate> candidates, Func<nint>? probeDefault)
    {
        var tried = new StringBuilder();
        foreach (var candidate in candidates)
        {
            if (TryLoad(() => LoadWithLibtorch(candidate.Path), out var loaded, out var reason))
            {
                return (loaded, candidate.Path);
            }

            tried.Append("\n  ").Append(candidate.Path).Append(" (").Append(candidate.Origin).Append("): ")
                .Append(reason.Replace(candidate.Path + ": ", "", StringComparison.Ordinal));
        }

        if (probeDefault is not null)
        {
            if (TryLoad(probeDefault, out var probed, out var probeReason))
            {
                return (probed, LibraryCandidate.FileName);
            }

            tried.Append("\n  default probing of the runtime: ").Append(probeReason);
        }

        throw new DllNotFoundException(
            $"The native library {LibraryCandidate.FileName} could not be loaded. Tried, in this order:{tried}\n{Libtorch.Remedy}");
    }

    private static nint LoadWithLibtorch(string path)
    {
        Libtorch.Prepare(path);
        return NativeLibrary.Load(path);
    }

    // Imports are resolved by this assembly's resolver only, which must be there before the first of them runs.
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "The resolver must be registered before any import of this assembly, and once.")]
    internal static void Register() => NativeLibrary.SetDllImportResolver(typeof(NativeMethods).Assembly, Resolve);

    private static nint Resolve(string libraryName, Assembly assembly, DllImportSearchPath? searchPath)
    {
        if (libraryName != "neuralode")
        {
            return 0;
        }

        lock (Gate)
        {
            if (_handle == 0)
            {
                var environmentPath = Environment.GetEnvironmentVariable(LibraryCandidate.EnvironmentVariable);
                var candidates = LibraryCandidate.List(
                    _explicitPath, environmentPath, AppContext.BaseDirectory, LibraryCandidate.PackageFolders());
                var named = LibraryCandidate.Named(_explicitPath, environmentPath) is not null;
                var (loaded, path) = Load(candidates, named ? null : () => NativeLibrary.Load(libraryName, assembly, searchPath));
                AbiVersion.CheckLibrary(loaded, path);
                Libtorch.CheckLoaded(loaded, path);
                LoadedPath = path;
                _handle = loaded;
            }

            return _handle;
        }
    }

    private static bool TryLoad(Func<nint> load, out nint loaded, out string reason)
    {
        try
        {
            loaded = load();
            reason = "";
            return true;
        }
        catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException)
        {
            loaded = 0;
            reason = LoaderReason(exception.Message);
            return false;
        }
    }

    // On Unix the runtime's message is a line of general advice and then one line from dlopen for each name it tried.
    private static string LoaderReason(string message)
    {
        var lines = message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines.Length > 1 ? string.Join("; ", lines.Skip(1)) : message;
    }
}
