using System.Text.Json;

namespace NeuralOde;

/// <summary>The files of a training run.</summary>
public sealed class RunFolder
{
    /// <summary>A run folder at <paramref name="path"/>, which need not exist yet.</summary>
    public RunFolder(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        Path = System.IO.Path.GetFullPath(path);
    }

    /// <summary>The folder's full path.</summary>
    public string Path { get; }

    /// <summary>The options of the run, JSON.</summary>
    public string ConfigFile => File("config.json");

    /// <summary>The newest checkpoint: weights, optimiser, generator and position.</summary>
    public string CheckpointFile => File("checkpoint.pt");

    /// <summary>One JSON object a line: reports of steps and epochs, as <see cref="TrainingProgress"/>.</summary>
    public string LogFile => File("log.jsonl");

    /// <summary>The <see cref="TrainingResult"/>, written when the run has finished.</summary>
    public string ResultFile => File("result.json");

    /// <summary>The weights and running statistics of the finished run by name, for other programs.</summary>
    public string WeightsFile => File("weights.safetensors");

    /// <summary>Whether a run has begun here.</summary>
    public bool HasRun => System.IO.File.Exists(ConfigFile);

    /// <summary>Whether there is something to resume from.</summary>
    public bool HasCheckpoint => System.IO.File.Exists(CheckpointFile);

    /// <summary>Reads the run's options; throws <see cref="NeuralOdeException"/> if there are none or they cannot be read.</summary>
    public TrainerOptions ReadOptions()
    {
        if (!HasRun) throw new NeuralOdeException(Status.IoError, $"{Path}: no training run here (config.json is missing)");
        try
        {
            return JsonSerializer.Deserialize(System.IO.File.ReadAllText(ConfigFile), TrainingJson.Default.TrainerOptions)
                ?? throw new JsonException("empty");
        }
        catch (JsonException e)
        {
            throw new NeuralOdeException(Status.IoError, $"{ConfigFile}: not a run's options ({e.Message})");
        }
    }

    /// <summary>Reads the finished run's result, or null where the run has not finished.</summary>
    public TrainingResult? ReadResult() =>
        System.IO.File.Exists(ResultFile)
            ? JsonSerializer.Deserialize(System.IO.File.ReadAllText(ResultFile), TrainingJson.Default.TrainingResult)
            : null;

    /// <summary>Reads the log's lines; one that a kill cut short is left out.</summary>
    public IReadOnlyList<TrainingProgress> ReadLog() =>
        !System.IO.File.Exists(LogFile) ? [] : [.. System.IO.File.ReadLines(LogFile).Select(Parse).OfType<TrainingProgress>()];

    internal void WriteOptions(TrainerOptions options) =>
        WriteAtomically(ConfigFile, JsonSerializer.Serialize(options, TrainingJson.Default.TrainerOptions) + "\n");

    internal void WriteResult(TrainingResult result) =>
        WriteAtomically(ResultFile, JsonSerializer.Serialize(result, TrainingJson.Default.TrainingResult) + "\n");

    internal void Append(TrainingProgress line) =>
        System.IO.File.AppendAllText(LogFile, JsonSerializer.Serialize(line, TrainingJson.Line.TrainingProgress) + "\n");

    /// <summary>Drops what a run that goes on from <paramref name="step"/>, with <paramref name="epochs"/> ended, writes again; and a line cut short.</summary>
    internal void CutLog(long step, long epochs)
    {
        if (!System.IO.File.Exists(LogFile)) return;
        var kept = System.IO.File.ReadLines(LogFile).Where(line => Parse(line) is { } report
            && report.Step <= step && (report.Event != TrainingEvent.Epoch || report.Epoch <= epochs));
        WriteAtomically(LogFile, string.Concat(kept.Select(line => line + "\n")));
    }

    private static TrainingProgress? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, TrainingJson.Default.TrainingProgress);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static void WriteAtomically(string path, string text)
    {
        var temporary = path + ".tmp";
        using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            stream.Write(System.Text.Encoding.UTF8.GetBytes(text));
            stream.Flush(flushToDisk: true);
        }
        System.IO.File.Move(temporary, path, overwrite: true);
    }

    private string File(string name) => System.IO.Path.Combine(Path, name);
}
