using System.Text.Json;
using System.Text.Json.Serialization;

namespace NeuralOde;

/// <summary>How the files of a run are written as JSON: snake_case names, enums and snapshot intervals by name.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true, WriteIndented = true,
    Converters = [typeof(SnapshotIntervalConverter)])]
[JsonSerializable(typeof(TrainerOptions))]
[JsonSerializable(typeof(TrainingProgress))]
[JsonSerializable(typeof(TrainingResult))]
[JsonSerializable(typeof(TrainingPosition))]
internal sealed partial class TrainingJson : JsonSerializerContext
{
    /// <summary>The same on one line.</summary>
    public static TrainingJson Line => field ??= new(new JsonSerializerOptions(Default.Options) { WriteIndented = false });
}
