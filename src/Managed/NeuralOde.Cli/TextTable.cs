using System.Text;

namespace NeuralOde.Cli;

/// <summary>A table that reads well as it is and as Markdown: the first column to the left, the others to the right.</summary>
internal static class TextTable
{
    public static string Render(IReadOnlyList<string> heads, IEnumerable<IReadOnlyList<string>> rows)
    {
        var body = rows.ToList();
        int[] widths = [.. heads.Select((head, i) => body.Select(row => row[i].Length).Append(head.Length).Append(3).Max())];
        var text = new StringBuilder();
        Append(text, heads, widths);
        text.Append('|').AppendJoin('|', widths.Select((width, i) => i == 0 ? new string('-', width + 2) : new string('-', width + 1) + ":")).Append("|\n");
        foreach (var row in body) Append(text, row, widths);
        return text.ToString();
    }

    private static void Append(StringBuilder text, IReadOnlyList<string> cells, int[] widths) =>
        text.Append("| ").AppendJoin(" | ", cells.Select((cell, i) => i == 0 ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i]))).Append(" |\n");
}
