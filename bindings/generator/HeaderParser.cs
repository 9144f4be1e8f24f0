using CppSharp;
using CppSharp.AST;
using CppSharp.Generators;

namespace NeuralOde.Generator;

/// <summary>Parses C99 headers with CppSharp's clang. None of CppSharp's passes runs: names, types and order stay the header's.</summary>
internal static class HeaderParser
{
    /// <summary>The syntax tree of each header, in the order given.</summary>
    /// <exception cref="HeaderException">Clang reports an error; what it says is on the console.</exception>
    public static IReadOnlyList<TranslationUnit> Parse(string folder, IReadOnlyList<string> fileNames)
    {
        var options = new DriverOptions { GeneratorKind = GeneratorKind.CSharp, Quiet = true };
        using var driver = new Driver(options);
        driver.ParserOptions.LanguageVersion = CppSharp.Parser.LanguageVersion.C99;
        var module = options.AddModule("neuralode");
        module.IncludeDirs.Add(folder);
        module.Headers.AddRange(fileNames);
        driver.Setup();
        if (!driver.ParseCode())
        {
            throw new HeaderException($"{folder}: clang could not parse the headers; see its messages above.");
        }

        var units = driver.Context.ASTContext.TranslationUnits.Where(unit => unit.IsValid).ToList();
        return [.. fileNames.Select(name => units.SingleOrDefault(unit => IsFile(unit, folder, name))
            ?? throw new HeaderException($"{name}: CppSharp returned no syntax tree for it."))];
    }

    // By path: CppSharp leaves IsSystemHeader unset for a header without declarations.
    private static bool IsFile(TranslationUnit unit, string folder, string name) =>
        Path.GetFullPath(unit.FilePath) == Path.Combine(folder, name);
}
