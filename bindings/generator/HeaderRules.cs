using System.Text.RegularExpressions;
using CppSharp.AST;

namespace NeuralOde.Generator;

/// <summary>What a public header may not hold, because C# would need marshalling for it, or because parsers drop it in silence.
/// Types are checked where they are named, in <see cref="TypeNames"/>.</summary>
internal static partial class HeaderRules
{
    /// <summary>Checks the declarations of one header.</summary>
    /// <param name="unit">The parsed header.</param>
    /// <param name="text">The header's text.</param>
    /// <exception cref="HeaderException">The first declaration that breaks a rule.</exception>
    public static void Check(TranslationUnit unit, string text)
    {
        foreach (var variable in unit.Variables)
        {
            Fail(variable, $"global variable {variable.Name}: export a function that returns it");
        }

        foreach (var structure in unit.Classes.Where(c => !c.IsIncomplete))
        {
            CheckStruct(structure);
        }

        foreach (var enumeration in unit.Enums)
        {
            CheckEnum(enumeration);
        }

        foreach (var function in unit.Functions)
        {
            CheckFunction(function);
        }

        CheckNothingWasDropped(unit, text);
    }

    public static void Fail(Declaration declaration, string message) =>
        throw new HeaderException(declaration.TranslationUnit.FileName, declaration.LineNumberStart, message);

    private static void CheckStruct(Class structure)
    {
        if (structure.IsUnion)
        {
            Fail(structure, $"union {structure.Name}: use a struct with one field a case");
        }

        if (string.IsNullOrEmpty(structure.Name) || structure.Classes.Any() || structure.Enums.Any())
        {
            Fail(structure, $"struct {structure.Name}: unnamed and nested types have no C# name; declare each at file level with a name");
        }

        if (structure.Fields.Count == 0)
        {
            Fail(structure, $"struct {structure.Name}: no fields; its size differs between C and C++");
        }

        foreach (var field in structure.Fields.Where(f => f.IsBitField))
        {
            Fail(structure, $"bit-field {structure.Name}.{field.Name}: use an int32_t field of its own");
        }
    }

    private static void CheckEnum(Enumeration enumeration)
    {
        if (string.IsNullOrEmpty(enumeration.Name))
        {
            Fail(enumeration, "enum without a name: give it one");
        }

        // A C enum constant is an int; clang reports enums without negative constants as unsigned.
        foreach (var item in enumeration.Items.Where(i => (long)i.Value is > int.MaxValue or < int.MinValue))
        {
            Fail(enumeration, $"{item.Name}: the constants of an enum must fit int32_t");
        }
    }

    private static void CheckFunction(Function function)
    {
        if (function.IsVariadic)
        {
            Fail(function, $"variadic function {function.Name}: take a pointer and a count");
        }

        if (function.IsInline || !string.IsNullOrEmpty(function.Body))
        {
            Fail(function, $"inline function {function.Name}: the library does not export it; move its body into a source file");
        }

        foreach (var parameter in function.Parameters.Where(p => string.IsNullOrEmpty(p.Name)))
        {
            Fail(function, $"{function.Name}: a parameter has no name");
        }
    }

    private static void CheckNothingWasDropped(TranslationUnit unit, string text)
    {
        var code = Comment().Replace(text, "");
        if (FunctionBody().IsMatch(code))
        {
            throw new HeaderException(
                $"{unit.FileName}: a function has a body: the library does not export it; move the body into a source file");
        }

        var declared = ExportedDeclaration().Count(code);
        var seen = unit.Functions.Count();
        if (declared != seen)
        {
            throw new HeaderException(
                $"{unit.FileName}: {declared} declarations begin with NEURALODE_API, but {seen} functions came out of the parser. " +
                "Declare each function once, begin its line with NEURALODE_API, and use no type that clang cannot resolve.");
        }
    }

    [GeneratedRegex(@"/\*.*?\*/|//[^\n]*", RegexOptions.Singleline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\)\s*\{")]
    private static partial Regex FunctionBody();

    [GeneratedRegex(@"^\s*NEURALODE_API\b", RegexOptions.Multiline)]
    private static partial Regex ExportedDeclaration();
}
