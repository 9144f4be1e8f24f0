using System.Globalization;
using System.Text.Json.Nodes;

namespace NeuralOde.Cli.Tests;

/// <summary>The cases of tests/vectors, which PyTorch computed.</summary>
internal sealed record Vectors(JsonObject Case)
{
    private static readonly string Folder = System.IO.Path.Combine(AppContext.BaseDirectory, "vectors");

    public string Name => Case["name"]!.ToString();

    public long Steps => Case["steps"]!.GetValue<long>();

    public static IReadOnlyList<Vectors> All =>
        [.. JsonNode.Parse(File.ReadAllText(Path("cases.json")))!.AsArray().Select(node => new Vectors(node!.AsObject()))];

    public static Vectors Named(string name) => All.Single(vectors => vectors.Name == name);

    public static string Path(string file) => System.IO.Path.Combine(Folder, file);

    /// <summary>The command line that solves the case into <paramref name="output"/>.</summary>
    public string[] Arguments(string output) =>
    [
        "solve", "--dynamics", Path($"{Case["dynamics"]}.pt"), "--z0", Path($"{Name}.z0.safetensors"), "--t0", Text("t0"), "--t1", Text("t1"),
        "--step-size", Text("step_size"), "--eta", Text("eta"), "--out", output,
        .. Case["cotangent"]!.GetValue<bool>() ? (string[])["--cotangent", Path($"{Name}.cotangent.safetensors")] : [],
        .. Case["t_eval"] is JsonArray times ? (string[])["--t-eval", string.Join(',', times.Select(time => time!.GetValue<double>().ToString(CultureInfo.InvariantCulture)))] : [],
    ];

    /// <summary>Compares a written file with what PyTorch computed: every name, every number to <paramref name="tolerance"/> of the largest.</summary>
    public void AssertAnswer(string file, double tolerance)
    {
        using var scope = new TensorScope();
        var expected = Safetensors.Load(Path($"{Name}.expected.safetensors"));
        var actual = Safetensors.Load(file);
        Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
        foreach (var (name, tensor) in expected)
        {
            Assert.Equal(tensor.Shape, actual[name].Shape);
            var scale = Math.Max(1, tensor.Abs().Max().ToDouble());
            var difference = (actual[name].To(DType.Float64) - tensor).Abs().Max().ToDouble();
            Assert.True(difference <= tolerance * scale, $"{name} differs by {difference}");
        }
    }

    private string Text(string key) => Case[key]!.ToJsonString();
}
