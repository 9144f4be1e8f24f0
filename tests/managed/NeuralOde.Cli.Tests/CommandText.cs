namespace NeuralOde.Cli.Tests;

/// <summary>Command lines made from others.</summary>
internal static class CommandText
{
    /// <summary>With adaptive steps instead of fixed ones.</summary>
    public static string[] Adaptive(string[] arguments, string tolerance) => [.. Without("--step-size", arguments), "--rtol", tolerance, "--atol", tolerance];

    /// <summary>Without an option and its value.</summary>
    public static string[] Without(string option, string[] arguments)
    {
        var at = Array.IndexOf(arguments, option);
        return [.. arguments[..at], .. arguments[(at + 2)..]];
    }
}
