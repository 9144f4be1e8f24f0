using System.Text.Json;
using System.Text.Json.Nodes;

namespace NeuralOde;

/// <summary>
/// Trains a <see cref="Model"/> on a folder of images, into a run folder: options, log, checkpoints and result.
/// </summary>
/// <remarks>
/// Checkpoints are atomic and hold weights, optimiser, generator, position and schedule: a run that was stopped or killed goes on
/// with <see cref="Resume"/> and, on a CPU with the same number of threads, gives the weights of an uninterrupted run bit for bit.
/// (A run that is bounded by <see cref="TrainerOptions.MaxTime"/> lays its schedule over the time that it measures, so two of
/// those agree only in the steps between two revisions of the schedule.)
/// </remarks>
/// <example><code>
/// var trainer = new Trainer(new() { Data = "cifar10", Model = new() { Name = "odenet-small", Classes = 10, ImageSize = 32 }, Epochs = 10 }, "runs/first");
/// TrainingResult result = trainer.Run();
/// </code></example>
public sealed class Trainer
{
    private readonly TrainerOptions _options;
    private readonly RunFolder _folder;

    /// <summary>A trainer with <paramref name="options"/>, which are checked here, in <paramref name="runDirectory"/>.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public Trainer(TrainerOptions options, string runDirectory)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _folder = new RunFolder(runDirectory);
    }

    /// <summary>Starts a run and trains until a bound is reached or <paramref name="cancellation"/> asks to stop, after which it can be resumed.</summary>
    /// <exception cref="NeuralOdeException">The folder holds a run already, the data cannot be read, or training failed.</exception>
    public TrainingResult Run(IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        if (_folder.HasRun)
            throw new NeuralOdeException(Status.InvalidArgument, $"{_folder.Path}: holds a training run already; resume it, or choose another folder");
        using var session = new TrainingSession(_options, _folder);
        Directory.CreateDirectory(_folder.Path);
        _folder.WriteOptions(_options);
        session.Begin();
        return session.Run(progress, cancellation);
    }

    /// <summary>Goes on from the folder's newest checkpoint, or from the start where the run was ended before its first one.</summary>
    /// <remarks>Bounds, data folder, device, workers and the intervals of reports, checkpoints and evaluations may differ from the run's; nothing else.</remarks>
    /// <exception cref="NeuralOdeException">There is no run, its checkpoint is damaged, or other options were given.</exception>
    public TrainingResult Resume(IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        var before = _folder.ReadOptions();
        if (Difference(before, _options) is { } difference)
            throw new NeuralOdeException(Status.InvalidArgument,
                $"{_folder.Path}: cannot resume with other options ({difference}); leave them out, or start another run");
        using var session = new TrainingSession(_options, _folder);
        _folder.WriteOptions(_options);
        if (_folder.HasCheckpoint) session.Restore();
        else session.Begin();
        return session.Run(progress, cancellation);
    }

    /// <summary>The first option that a resumed run may not change and that differs, as text; null if there is none.</summary>
    internal static string? Difference(TrainerOptions before, TrainerOptions now)
    {
        var (a, b) = (Json(before), Json(now));
        return a.Select(pair => Compare(pair.Key, pair.Value, b[pair.Key])).FirstOrDefault(text => text is not null);

        static JsonObject Json(TrainerOptions options) =>
            JsonSerializer.SerializeToNode(options.WithoutResumable(), TrainingJson.Default.TrainerOptions)!.AsObject();

        static string? Compare(string name, JsonNode? before, JsonNode? now)
        {
            if (before is JsonObject x && now is JsonObject y)
                return x.Select(pair => Compare($"{name}.{pair.Key}", pair.Value, y[pair.Key])).FirstOrDefault(text => text is not null);
            return JsonNode.DeepEquals(before, now) ? null : $"{name}: {before?.ToJsonString() ?? "none"} in the run, {now?.ToJsonString() ?? "none"} now";
        }
    }
}
