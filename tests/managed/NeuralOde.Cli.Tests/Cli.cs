using System.Text.Json.Nodes;
using NeuralOde.Cli;

[assembly: CollectionBehavior(DisableTestParallelization = true)]   // the library's memory figures are those of the process

namespace NeuralOde.Cli.Tests;

/// <summary>What a command line gave.</summary>
internal sealed record CliResult(int ExitCode, string Output, string Error)
{
    /// <summary>stdout, which must be one JSON object and nothing else.</summary>
    public JsonObject Json => JsonNode.Parse(Output)!.AsObject();

    public double Number(string key) => Json[key]!.GetValue<double>();
}

/// <summary>Runs command lines in this process.</summary>
internal static class Cli
{
    public static CliResult Run(params string[] args)
    {
        HostProcess.Prepare();
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exitCode = CommandLine.Run(args, output, error);
        return new(exitCode, output.ToString(), error.ToString());
    }

    /// <summary>Runs with --json and expects success.</summary>
    public static JsonObject Json(params string[] args)
    {
        var result = Run([.. args, "--json"]);
        Assert.True(result.ExitCode == 0, result.Error);
        return result.Json;
    }
}
