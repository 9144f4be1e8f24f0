using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace NeuralOde.Tests.Bindings;

/// <summary>The committed raw layer belongs to the headers beside it.</summary>
public sealed partial class HeaderHashTests
{
    public static TheoryData<string> HeadersWithFunctions { get; } = [.. Directory.EnumerateFiles(RepositoryFiles.Headers, "*.h")
        .Where(path => ExportedFunction().IsMatch(File.ReadAllText(path)))
        .Select(path => Path.GetFileName(path))
        .Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(HeadersWithFunctions))]
    public void Generated_file_records_the_hash_of_its_header(string header)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(RepositoryFiles.Headers, header))));

        Assert.True(GeneratedFrom(header) is { } file && RecordedHash().Match(File.ReadAllText(file)).Groups["hash"].Value == hash,
            $"The raw layer was not made from {header} as it is now (SHA-256 {hash}): run bindings/generate.sh and commit what it writes.");
    }

    [Fact]
    public void Every_generated_file_names_a_header_that_exists()
    {
        var headers = Directory.EnumerateFiles(RepositoryFiles.Generated, "*.g.cs").Select(HeaderOf);

        Assert.All(headers, header => Assert.True(File.Exists(Path.Combine(RepositoryFiles.Root, header)), $"'{header}' does not exist."));
    }

    private static string? GeneratedFrom(string header) =>
        Directory.EnumerateFiles(RepositoryFiles.Generated, "*.g.cs")
            .SingleOrDefault(path => HeaderOf(path) == $"native/include/neuralode/{header}");

    private static string HeaderOf(string generated) => RecordedHeader().Match(File.ReadAllText(generated)).Groups["header"].Value;

    [GeneratedRegex(@"^NEURALODE_API ", RegexOptions.Multiline)]
    private static partial Regex ExportedFunction();

    [GeneratedRegex(@"^//     Made by bindings/generator from (?<header>\S+);", RegexOptions.Multiline)]
    private static partial Regex RecordedHeader();

    [GeneratedRegex(@"^//     Header SHA-256: (?<hash>[0-9a-f]{64})$", RegexOptions.Multiline)]
    private static partial Regex RecordedHash();
}
