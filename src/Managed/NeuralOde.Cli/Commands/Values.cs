using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace NeuralOde.Cli.Commands;

/// <summary>Reading and checking the values of options.</summary>
internal static class Values
{
    /// <summary>An option whose value is a number, written as in C: 0.5, 1e-3, -2.</summary>
    public static Option<double?> Number(string name, string description) =>
        new(name) { Description = description, HelpName = "x", CustomParser = result => Parsed(result, name, Parse, "is not a finite number; write one as 0.5, 1e-3 or -2") };

    /// <summary>An option whose value is a whole number.</summary>
    public static Option<long?> Count(string name, string description) =>
        new(name) { Description = description, HelpName = "n", CustomParser = result => Parsed(result, name, ParseCount, "is not a whole number below 2^63; write one as 12") };

    /// <summary>An option whose value is text.</summary>
    public static Option<string?> Text(string name, string description, string helpName) => new(name) { Description = description, HelpName = helpName };

    /// <summary>The same option, that must be given.</summary>
    public static Option<T> Needed<T>(this Option<T> option)
    {
        option.Required = true;
        return option;
    }

    /// <summary>Throws a <see cref="UsageException"/> unless the value is absent or holds the condition.</summary>
    public static T? Check<T>(this T? value, Func<T, bool> condition, string name, string range) where T : struct =>
        value is not { } given || condition(given) ? value : throw new UsageException($"{name}: {given} is outside {range}");

    /// <summary>Numbers separated by commas.</summary>
    public static double[] List(string text, string name) =>
        [.. text.Split(',', StringSplitOptions.TrimEntries).Select(part => Parse(part) ?? throw new UsageException($"{name}: '{part}' is not a number; write numbers with commas between them, as 0.25,0.5,1"))];

    /// <summary>The member of <paramref name="names"/> that is <paramref name="value"/>; else an error that lists them.</summary>
    public static string OneOf(string value, string name, IReadOnlyList<string> names) =>
        names.Contains(value) ? value : throw new UsageException($"{name}: '{value}' is not supported by this build; supported: {string.Join(", ", names)}");

    private static T? Parsed<T>(ArgumentResult result, string name, Func<string, T?> parse, string complaint) where T : struct
    {
        var text = result.Tokens[^1].Value;
        if (parse(text) is { } value) return value;
        result.AddError($"{name}: '{text}' {complaint}");
        return null;
    }

    private static long? ParseCount(string text) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : null;

    private static double? Parse(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) ? value : null;
}
