using System.Security.Cryptography;
using System.Text;
using NeuralOde.Generator;

if (args.Length != 2 || !Directory.Exists(args[0]))
{
    Console.Error.WriteLine(
        "Usage: neuralode-bindings HEADER_FOLDER OUTPUT_FOLDER (native/include/neuralode and bindings/NeuralOde.Native/Generated)");
    return 2;
}

try
{
    Generate(Path.TrimEndingDirectorySeparator(Path.GetFullPath(args[0])), Path.GetFullPath(args[1]));
    return 0;
}
catch (HeaderException exception)
{
    Console.Error.WriteLine(exception.Message);
    return 1;
}

// Everything is printed before anything is written, so that a failure leaves the old files whole.
static void Generate(string headerFolder, string outputFolder)
{
    var fileNames = Directory.EnumerateFiles(headerFolder, "*.h")
        .Select(path => Path.GetFileName(path))
        .Order(StringComparer.Ordinal)
        .ToList();
    var outputs = new OutputParameters();
    var sources = new SortedDictionary<string, string>(StringComparer.Ordinal);
    foreach (var unit in HeaderParser.Parse(headerFolder, fileNames))
    {
        var bytes = File.ReadAllBytes(Path.Combine(headerFolder, unit.FileName));
        HeaderRules.Check(unit, Encoding.UTF8.GetString(bytes));
        if (unit.Declarations.Any()) // the umbrella header declares nothing of its own
        {
            var source = new SourcePrinter(unit, Convert.ToHexStringLower(SHA256.HashData(bytes)), outputs).Print();
            sources.Add(FileName(unit.FileNameWithoutExtension), source);
        }
    }

    outputs.CheckTable();
    Directory.CreateDirectory(outputFolder);
    foreach (var path in Directory.EnumerateFiles(outputFolder, "*.g.cs"))
    {
        if (!sources.ContainsKey(Path.GetFileName(path)))
        {
            File.Delete(path); // its header is gone
        }
    }

    foreach (var (name, source) in sources)
    {
        File.WriteAllText(Path.Combine(outputFolder, name), source);
    }

    Console.WriteLine($"{sources.Count} files in {outputFolder}");
}

// status -> Status.g.cs, torch_ops -> TorchOps.g.cs
static string FileName(string header) =>
    string.Concat(header.Split('_').Select(word => char.ToUpperInvariant(word[0]) + word[1..])) + ".g.cs";
