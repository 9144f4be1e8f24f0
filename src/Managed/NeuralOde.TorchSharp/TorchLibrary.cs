using System.Text.Json;
using TorchSharp;

namespace NeuralOde.TorchSharp;

/// <summary>Sees to it that TorchSharp and the native library use one libtorch.</summary>
internal static class TorchLibrary
{
    private const string SkipVariable = "NEURALODE_SKIP_TORCH_CHECK";
    private static readonly Lazy<string?> Mismatch = new(Load);

    /// <summary>Loads both at the first call.</summary>
    /// <exception cref="NotSupportedException">Their versions differ.</exception>
    public static void EnsureMatch()
    {
        if (Mismatch.Value is { } message) throw new NotSupportedException(message);
    }

    /// <summary>Null where versions agree in major and minor, else what to do.</summary>
    internal static string? Compare(string torchSharps, string librarys)
    {
        static string Minor(string version) => string.Join('.', version.Split('.', '+', '-', 'a').Take(2));
        return Minor(torchSharps) == Minor(librarys) ? null
            : $"TorchSharp was made for libtorch {torchSharps}, but the native library neuralode for libtorch {librarys}, and a process can have only one. "
            + $"Take the TorchSharp whose libtorch is {Minor(librarys)}, or build neuralode against libtorch {Minor(torchSharps)} (CMAKE_PREFIX_PATH). "
            + $"{SkipVariable}=1 skips this check.";
    }

    private static string? Load()
    {
        torch.InitializeDeviceType(DeviceType.CPU);   // TorchSharp's libtorch first: the native library then finds it loaded
        using var info = JsonDocument.Parse(Library.Info);
        return Environment.GetEnvironmentVariable(SkipVariable) == "1" ? null
            : Compare(torch.__version__, info.RootElement.GetProperty("libtorch").GetString() ?? "");
    }
}
