using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Text;

namespace NeuralOde.Interop;

/// <summary>Carries managed exceptions across native code. The exception is kept here under a number; the number travels in the
/// native error text, which libtorch hands from thread to thread, and finds the exception again where the native call returns.</summary>
internal static unsafe class CallbackErrors
{
    private const string Mark = "[managed exception ";
    private const int Capacity = 64;   // an exception that native code swallowed is forgotten after so many others
    private static readonly Lock Gate = new();
    private static readonly ExceptionDispatchInfo?[] Kept = new ExceptionDispatchInfo?[Capacity];
    private static long _count;

    /// <summary>Keeps <paramref name="exception"/>, sets the thread's native error text, returns the status for the callback to return.</summary>
    public static int Keep(Exception exception)
    {
        long number;
        lock (Gate)
        {
            number = _count++;
            Kept[number % Capacity] = ExceptionDispatchInfo.Capture(exception);
        }

        var text = Encoding.UTF8.GetBytes($"{Mark}{number}] {exception.GetType().Name}: {exception.Message}\0");
        fixed (byte* pointer = text) _ = NativeMethods.neuralode_set_last_error(pointer);
        return (int)Status.CallbackFailed;
    }

    /// <summary>Throws the kept exception whose number stands in <paramref name="text"/>, if one does.</summary>
    public static void RethrowNamedIn(string text)
    {
        var start = text.IndexOf(Mark, StringComparison.Ordinal);
        if (start < 0) return;
        start += Mark.Length;
        var end = text.IndexOf(']', start);
        if (end < 0 || !long.TryParse(text.AsSpan(start, end - start), CultureInfo.InvariantCulture, out var number)) return;
        Take(number)?.Throw();
    }

    private static ExceptionDispatchInfo? Take(long number)
    {
        lock (Gate)
        {
            if (number < 0 || number >= _count || number < _count - Capacity) return null;
            var kept = Kept[number % Capacity];
            Kept[number % Capacity] = null;
            return kept;
        }
    }
}
