using System.Runtime.InteropServices;

namespace NeuralOde.Interop;

/// <summary>A file that may be the native library.</summary>
/// <param name="Path">Full path of the file.</param>
/// <param name="Origin">Where the path comes from, for error messages.</param>
internal readonly record struct LibraryCandidate(string Path, string Origin)
{
    internal const string EnvironmentVariable = "NEURALODE_LIBRARY";

    /// <summary>The library's file name on this platform.</summary>
    internal static string FileName =>
        OperatingSystem.IsWindows() ? "neuralode.dll" : OperatingSystem.IsMacOS() ? "libneuralode.dylib" : "libneuralode.so";

    /// <summary>The portable runtime identifier, such as linux-x64, that packages name their native folders by.</summary>
    internal static string RuntimeIdentifier
    {
        get
        {
            var system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
            return $"{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
        }
    }

    /// <summary>The paths to try, first to last: what the program set, or else the user, alone; without those, the program's own folders.</summary>
    /// <param name="explicitPath">Set through the API; null or empty if it was not.</param>
    /// <param name="environmentPath">The value of NEURALODE_LIBRARY; null or empty if it is not set.</param>
    /// <param name="baseDirectory">The folder of the program.</param>
    /// <param name="packageFolders">The folders of native libraries that the host found the program's packages to have.</param>
    internal static IReadOnlyList<LibraryCandidate> List(
        string? explicitPath, string? environmentPath, string baseDirectory, IReadOnlyList<string>? packageFolders = null)
    {
        if (Named(explicitPath, environmentPath) is { } named)
        {
            return [named];
        }

        var candidates = new List<LibraryCandidate>
        {
            new(System.IO.Path.Combine(baseDirectory, FileName), "next to the program"),
            new(System.IO.Path.Combine(baseDirectory, "runtimes", RuntimeIdentifier, "native", FileName), "package folder"),
        };
        foreach (var folder in packageFolders ?? [])
        {
            var path = System.IO.Path.Combine(folder, FileName);
            if (File.Exists(path) && candidates.TrueForAll(candidate => candidate.Path != path))
            {
                candidates.Add(new(path, "package folder"));
            }
        }

        return candidates;
    }

    /// <summary>The file that the program or else the user names, which is then the only one that will do; null where neither does.</summary>
    internal static LibraryCandidate? Named(string? explicitPath, string? environmentPath) =>
        !string.IsNullOrEmpty(explicitPath) ? new(System.IO.Path.GetFullPath(explicitPath), "set by the program")
        : !string.IsNullOrEmpty(environmentPath) ? new(System.IO.Path.GetFullPath(environmentPath), EnvironmentVariable)
        : null;

    /// <summary>The folders of native libraries of the program's packages, as the host that started it says.</summary>
    internal static IReadOnlyList<string> PackageFolders() =>
        AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") is string folders
            ? folders.Split(System.IO.Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            : [];
}
