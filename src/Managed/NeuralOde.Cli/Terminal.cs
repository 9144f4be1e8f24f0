using System.Text.Json;
using System.Text.Json.Nodes;

namespace NeuralOde.Cli;

/// <summary>Where a command writes: its result to stdout, as text or as one JSON object; everything else to stderr.</summary>
internal sealed class Terminal(TextWriter output, TextWriter error, bool json)
{
    /// <summary>Whether the result is a JSON object.</summary>
    public bool Json { get; } = json;

    /// <summary>stderr.</summary>
    public TextWriter Error { get; } = error;

    /// <summary>Whether stderr is a person's terminal, which can show a progress bar.</summary>
    public bool IsInteractive => ReferenceEquals(Error, Console.Error) && !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "dumb");

    /// <summary>A line of the log.</summary>
    public void Log(string line) => Error.WriteLine(line);

    /// <summary>The command's result: <paramref name="json"/> with --json, else <paramref name="text"/>.</summary>
    public void Result(JsonObject json, string text)
    {
        output.WriteLine(Json ? json.ToJsonString() : text.TrimEnd());
        output.Flush();
    }

    /// <summary>Reports a failure and returns <paramref name="exitCode"/>.</summary>
    public int Fail(int exitCode, string status, string message) =>
        Fail(exitCode, message, new JsonObject { ["status"] = status, ["error"] = message });

    /// <summary>Reports a failure of which there are figures, <paramref name="json"/> with --json, and returns <paramref name="exitCode"/>.</summary>
    public int Fail(int exitCode, string message, JsonObject json)
    {
        Error.WriteLine($"neuralode: {message}");
        if (Json) Result(json, "");
        return exitCode;
    }

    /// <summary>A status as the command line writes it: step_limit.</summary>
    public static string Name(Status status) => JsonNamingPolicy.SnakeCaseLower.ConvertName(status.ToString());

    /// <summary>A JSON number; null for what JSON cannot say (NaN and infinities).</summary>
    public static JsonNode? Number(double? value) => value is { } number && double.IsFinite(number) ? JsonValue.Create(number) : null;
}
