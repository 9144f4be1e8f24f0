namespace NeuralOde.Cli.Solving;

/// <summary>States in safetensors files: one tensor z, or a tuple z0, z1, ...</summary>
internal static class StateFile
{
    /// <summary>The names of a state of <paramref name="count"/> tensors.</summary>
    public static string Name(int index, int count, bool isTuple) => isTuple || count > 1 ? $"z{index}" : "z";

    /// <summary>Reads a state: float32 or float64, one type.</summary>
    public static (IReadOnlyList<Tensor> Tensors, bool IsTuple) Read(string path)
    {
        var file = Load(path);
        var isTuple = !file.ContainsKey("z");
        var names = isTuple ? [.. Enumerable.Range(0, file.Count).Select(i => $"z{i}")] : (string[])["z"];
        if (file.Count != names.Length || !names.All(file.ContainsKey) || names.Length == 0)
            throw Bad(path, $"holds {Listed(file.Keys)}; a state is one tensor z, or z0, z1, ...");
        Tensor[] tensors = [.. names.Select(name => file[name])];
        foreach (var (name, tensor) in names.Zip(tensors))
        {
            if (tensor.DType is not (DType.Float32 or DType.Float64)) throw Bad(path, $"{name} is {tensor.DType}; float32 or float64 is needed");
            if (tensor.DType != tensors[0].DType) throw Bad(path, $"{name} is {tensor.DType} and {names[0]} is {tensors[0].DType}; one type is needed");
        }
        return (tensors, isTuple);
    }

    /// <summary>Reads the cotangent of <paramref name="outputs"/>, which has their names and shapes, in their type.</summary>
    public static IReadOnlyList<Tensor> ReadCotangent(string path, IReadOnlyList<(string Name, IReadOnlyList<long> Shape)> outputs, DType type)
    {
        var file = Load(path);
        if (file.Count != outputs.Count || !outputs.All(output => file.ContainsKey(output.Name)))
            throw Bad(path, $"holds {Listed(file.Keys)}; the output's names are needed: {Listed(outputs.Select(output => output.Name))}");
        foreach (var (name, shape) in outputs)
        {
            if (!file[name].Shape.SequenceEqual(shape))
                throw Bad(path, $"{name} has the shape ({string.Join(", ", file[name].Shape)}); the output's is needed: ({string.Join(", ", shape)})");
        }
        return [.. outputs.Select(output => file[output.Name].To(type))];
    }

    private static TensorDictionary Load(string path)
    {
        if (!File.Exists(path)) throw Bad(path, "no such file");
        return Safetensors.Load(path);
    }

    private static NeuralOdeException Bad(string path, string what) => new(Status.IoError, $"{path}: {what}");

    private static string Listed(IEnumerable<string> names) => names.DefaultIfEmpty("nothing").Aggregate((a, b) => $"{a}, {b}");
}
