using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace NeuralOde.Cli.Commands;

/// <summary>The option that says where to compute.</summary>
internal sealed class DeviceArgument
{
    public Option<string?> Option { get; } = Values.Text("--device", "Where to compute: cpu, or cuda:0 where the build and the machine have a GPU.", "name");

    /// <summary>The device's name; refuses a GPU that the build cannot use.</summary>
    public string Read(ParseResult parsed, string otherwise = "cpu")
    {
        var device = parsed.GetValue(Option) ?? otherwise;
        if (device == "cpu") return device;
        if (device != "cuda" && !(device.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(device.AsSpan(5), out var index) && index >= 0))
            throw new UsageException($"--device: '{device}' is not known; supported: cpu, cuda:0");
        if (!HasCuda()) throw new UsageException($"--device: '{device}' needs a build with CUDA and a GPU, and there is none here; supported: cpu");
        return device;
    }

    private static bool HasCuda() => JsonNode.Parse(Library.Info)?["gpus"] is { } gpus && gpus.GetValue<int>() > 0;
}
