namespace NeuralOde.Generator;

/// <summary>A public header holds what the raw layer cannot express. The message is file(line): what, and what to write instead.</summary>
internal sealed class HeaderException : Exception
{
    public HeaderException(string file, int line, string message)
        : base($"{file}({line}): {message}")
    {
    }

    public HeaderException(string message)
        : base(message)
    {
    }
}
