using System.Text.Json.Nodes;

namespace NeuralOde.Cli.Tests;

/// <summary>A theory that is skipped, with the reason, where there is no GPU.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class GpuTheoryAttribute : TheoryAttribute
{
    public GpuTheoryAttribute()
    {
        if (!HasGpu()) Skip = "needs a GPU: this build or this machine has none";
    }

    private static bool HasGpu() => JsonNode.Parse(Library.Info)?["gpus"] is { } gpus && gpus.GetValue<int>() > 0;
}
