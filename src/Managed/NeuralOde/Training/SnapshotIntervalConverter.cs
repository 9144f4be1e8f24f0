using System.Text.Json;
using System.Text.Json.Serialization;

namespace NeuralOde;

/// <summary>Writes a <see cref="SnapshotInterval"/> as its text: "none", "auto" or a number of steps.</summary>
internal sealed class SnapshotIntervalConverter : JsonConverter<SnapshotInterval>
{
    public override SnapshotInterval Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        SnapshotInterval.TryParse(reader.GetString(), out var interval) ? interval
            : throw new JsonException($"snapshot_interval: '{reader.GetString()}' is not none, auto or a number of steps");

    public override void Write(Utf8JsonWriter writer, SnapshotInterval value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
