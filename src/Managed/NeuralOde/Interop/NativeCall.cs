using System.Runtime.InteropServices;

namespace NeuralOde.Interop;

/// <summary>The one way from a native status to an exception.</summary>
internal static unsafe class NativeCall
{
    /// <summary>Throws unless <paramref name="status"/> is 0: what a callback threw inside the call, as itself, or else a
    /// <see cref="NeuralOdeException"/> with the library's text.</summary>
    public static void Check(int status)
    {
        if (status != 0) Throw(status);
    }

    private static void Throw(int status)
    {
        var text = Text(NativeMethods.neuralode_last_error());
        CallbackErrors.RethrowNamedIn(text);
        throw new NeuralOdeException((Status)status, text);
    }

    /// <summary>Copies a zero-terminated UTF-8 string.</summary>
    public static string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";

    /// <summary>Zero-terminated UTF-8 of <paramref name="text"/>.</summary>
    /// <exception cref="ArgumentException">It holds a zero character, which C would take for its end.</exception>
    public static byte[] Utf8(string text, string argument)
    {
        ArgumentNullException.ThrowIfNull(text, argument);
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException(
                $"{argument}: \"{text.Replace("\0", "\\0", StringComparison.Ordinal)}\" holds a zero character; leave it out.", argument);
        }

        var bytes = new byte[System.Text.Encoding.UTF8.GetByteCount(text) + 1];
        System.Text.Encoding.UTF8.GetBytes(text, bytes);
        return bytes;
    }
}
