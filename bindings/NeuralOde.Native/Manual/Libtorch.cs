using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace NeuralOde.Interop;

/// <summary>The libtorch that the native library shares with the rest of the process. It comes with neither of NeuralOde's packages: it is the one
/// in the process already (TorchSharp's), else one that lies with the program or its packages, else the system's. Two in a process end
/// it, and another minor version than the library's own is undefined behaviour, so both are refused before anything is loaded where the files tell.</summary>
internal static partial class Libtorch
{
    internal const string SkipVariable = "NEURALODE_SKIP_TORCH_CHECK";

    private const string MainLibrary = "libtorch_cpu.so";

    /// <summary>What to do when the library does not load.</summary>
    internal static string Remedy =>
        $"Remedy: reference the package NeuralOde.Native.runtime.{LibraryCandidate.RuntimeIdentifier}, or build the library (./build.sh build writes it " +
        $"to out/lib) and set {LibraryCandidate.EnvironmentVariable} to the full path of the file. A file that exists but does not load lacks a " +
        "library that it needs, which the reason names. If that is libtorch or libc10: install the system's (Debian, Ubuntu: apt-get install libtorch-dev), " +
        "reference TorchSharp-cpu or a TorchSharp-cuda package with the libtorch that the library was built for, or put a libtorch's folder on " +
        "LD_LIBRARY_PATH before the program starts. If it is libturbojpeg or libpng: apt-get install libturbojpeg0 libpng16-16. " +
        "If it is an undefined symbol, the libtorch there is of another version, or of another C++ string ABI (TorchSharp up to 0.101), than the library was " +
        "built for.";

    private static bool CheckIsOff => Environment.GetEnvironmentVariable(SkipVariable) == "1";

    /// <summary>Before a library is loaded: loads the libtorch beside the program that it needs, unless one is in the process.</summary>
    /// <exception cref="NotSupportedException">The libtorch of the process or the program is not the one that the library was built for.</exception>
    internal static void Prepare(string libraryPath)
    {
        if (!OperatingSystem.IsLinux() || ElfFile.TryRead(libraryPath) is not { } library ||
            library.Needed.FirstOrDefault(name => name.StartsWith(MainLibrary, StringComparison.Ordinal)) is not { } needed)
        {
            return; // nothing to prepare: loading it says what is wrong
        }

        var loaded = LoadedFile();
        var folders = new List<string> { Path.GetDirectoryName(libraryPath)!, AppContext.BaseDirectory };
        folders.Add(Path.Combine(AppContext.BaseDirectory, "runtimes", LibraryCandidate.RuntimeIdentifier, "native"));
        folders.AddRange(LibraryCandidate.PackageFolders());
        if ((loaded ?? FindFile(folders, needed)) is { } file)
        {
            Check(libraryPath, library, needed, file, loaded is not null);
            if (loaded is null)
            {
                Preload(library, Path.GetDirectoryName(file)!);
            }
        }
    }

    /// <summary>After a library was loaded: compares the libtorch that it was compiled with and the one that answers.</summary>
    /// <exception cref="NotSupportedException">They differ in more than the patch version.</exception>
    internal static unsafe void CheckLoaded(nint library, string path)
    {
        nint json;
        if (CheckIsOff || !NativeLibrary.TryGetExport(library, "neuralode_build_info", out var export) ||
            ((delegate* unmanaged[Cdecl]<nint*, int>)export)(&json) != 0)
        {
            return;
        }

        var info = Marshal.PtrToStringUTF8(json)!;
        CheckVersions(path, CompiledVersion().Match(info).Groups[1].Value, LoadedVersion().Match(info).Groups[1].Value);
    }

    /// <exception cref="NotSupportedException">Both versions are known, and differ in more than the patch version.</exception>
    internal static void CheckVersions(string path, string compiled, string loaded)
    {
        if (compiled.Length > 0 && loaded.Length > 0 && Minor(compiled) != Minor(loaded))
        {
            throw new NotSupportedException(
                $"{path} was built for libtorch {compiled}, but the process has libtorch {loaded}. {MismatchRemedy(compiled)}");
        }
    }

    // Debian's libtorch is called libtorch_cpu.so.1.13, everybody else's libtorch_cpu.so.
    private static void Check(string libraryPath, ElfFile library, string needed, string file, bool isLoaded)
    {
        var name = ElfFile.TryRead(file)?.Name ?? Path.GetFileName(file);
        var built = library.Libtorch ?? VersionInName(needed);
        var found = VersionInName(name) ?? AskVersion(file);
        if (CheckIsOff || (name == needed && (built is null || found is null || Minor(built) == Minor(found))))
        {
            return;
        }

        throw new NotSupportedException(
            $"{libraryPath} was built for libtorch {built ?? "of an unknown version"} (it loads {needed}), but the {(isLoaded ? "process" : "program")} has " +
            $"libtorch {found ?? "of another build"} ({file}), and a process can have only one. {MismatchRemedy(built)}");
    }

    private static string MismatchRemedy(string? built) =>
        $"Take the packages of TorchSharp, or the system's libtorch, with libtorch {(built is null ? "of the library's version" : Minor(built))}, or a NeuralOde " +
        $"library built for the libtorch that is there (CMAKE_PREFIX_PATH=its folder ./build.sh build; {LibraryCandidate.EnvironmentVariable}). " +
        $"{SkipVariable}=1 turns this check off; what then happens is undefined.";

    private static string? LoadedFile() =>
        File.ReadLines("/proc/self/maps")
            .Select(line => line[(line.IndexOf('/', StringComparison.Ordinal) is >= 0 and var at ? at : line.Length)..])
            .FirstOrDefault(path => Path.GetFileName(path).StartsWith(MainLibrary, StringComparison.Ordinal));

    // What std::string at::show_config() says. Its caller passes where the result goes, in libstdc++'s layout: pointer, length, 16 bytes more.
    // Nobody frees the text: it is asked for once.
    private static unsafe string? AskVersion(string file)
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64 || !NativeLibrary.TryLoad(file, out var libtorch) ||
            !NativeLibrary.TryGetExport(libtorch, "_ZN2at11show_configB5cxx11Ev", out var showConfiguration))
        {
            return null;
        }

        var text = stackalloc nint[4];
        ((delegate* unmanaged[Cdecl]<nint*, nint*>)showConfiguration)(text);
        return LoadedVersion().Match(Marshal.PtrToStringUTF8(text[0], (int)text[1])) is { Success: true } match ? match.Groups[1].Value : null;
    }

    // The one that is needed wherever it lies, else any: TorchSharp would load it later, and find the other in the process.
    internal static string? FindFile(IReadOnlyList<string> folders, string needed) =>
        folders.Select(folder => Path.Combine(folder, needed)).FirstOrDefault(File.Exists)
        ?? folders.Where(Directory.Exists).SelectMany(folder => Directory.EnumerateFiles(folder, MainLibrary + "*")).FirstOrDefault();

    // A library that is in the process is found by its name from then on, wherever it lies.
    private static void Preload(ElfFile library, string folder)
    {
        foreach (var file in library.Needed.Where(name => name.StartsWith("libc10", StringComparison.Ordinal) ||
                     name.StartsWith("libtorch", StringComparison.Ordinal)).Select(name => Path.Combine(folder, name)).Where(File.Exists))
        {
            NativeLibrary.TryLoad(file, out _);
        }
    }

    private static string? VersionInName(string name) =>
        name.Length > MainLibrary.Length ? name[(MainLibrary.Length + 1)..] : null;

    private static string Minor(string version) => string.Join('.', version.Split('.').Take(2));

    [GeneratedRegex("\"libtorch\": *\"([0-9.]+)")]
    private static partial Regex CompiledVersion();

    [GeneratedRegex("TORCH_VERSION=([0-9.]+)")]
    private static partial Regex LoadedVersion();
}
