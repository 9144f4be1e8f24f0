using System.Security;
using CppSharp.AST;

namespace NeuralOde.Generator;

/// <summary>Turns a header's /** comment */ into the lines of an XML summary.</summary>
internal static class DocComment
{
    /// <summary>The lines, without the leading slashes; none if the declaration has no documentation comment.</summary>
    public static IReadOnlyList<string> Lines(Declaration declaration)
    {
        if (declaration.Comment is not { IsDocumentation: true } comment)
        {
            return [];
        }

        var lines = comment.Text.Split('\n').Select(Strip).SkipWhile(line => line.Length == 0).ToList();
        while (lines.Count > 0 && lines[^1].Length == 0)
        {
            lines.RemoveAt(lines.Count - 1);
        }

        if (lines.Count == 0)
        {
            return [];
        }

        lines[0] = "<summary>" + lines[0];
        lines[^1] += "</summary>";
        return lines;
    }

    private static string Strip(string line)
    {
        var text = line.Trim();
        if (text.EndsWith("*/", StringComparison.Ordinal))
        {
            text = text[..^2].TrimEnd();
        }

        foreach (var opening in (ReadOnlySpan<string>)["/**<", "/**", "*"])
        {
            if (text.StartsWith(opening, StringComparison.Ordinal))
            {
                text = text[opening.Length..].TrimStart();
                break;
            }
        }

        // Text content, not an attribute: quotes may stay.
        return SecurityElement.Escape(text)
            .Replace("&apos;", "'", StringComparison.Ordinal)
            .Replace("&quot;", "\"", StringComparison.Ordinal);
    }
}
