using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace NeuralOde.Cli.Commands;

/// <summary>Reading and checking the values of options.</summary>
internal static class Values
{
    /// <summary>An option whose value is a number, written as in C: 0.5, 1e-3, -2.</summary>
    public static Option<double?> Number(string name, string description) => new(name) { Description = description, HelpName = "x", CustomParser = ParseNumber };

    /// <summary>An option whose value is a whole number.</summary>
    public static Option<long?> Count(string name, string description) => new(name) { Description = description, HelpName = "n" };

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

    private static double? ParseNumber(ArgumentResult result)
    {
        var text = result.Tokens[^1].Value;
        if (Parse(text) is { } value) return value;
        result.AddError($"'{text}' is not a number.");
        return null;
    }

    private static double? Parse(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) ? value : null;
}
