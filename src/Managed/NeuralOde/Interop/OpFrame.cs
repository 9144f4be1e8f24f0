using System.Runtime.InteropServices;
using System.Text;

namespace NeuralOde.Interop;

/// <summary>Arguments of one operator call in native form. Disposing it releases the tensors and frees the lists.</summary>
internal unsafe ref struct OpFrame : IDisposable
{
    private readonly ReadOnlySpan<OpArgument> _arguments;
    private readonly Span<neuralode_value> _values;
    private int _filled;

    /// <param name="arguments">What to translate.</param>
    /// <param name="values">As many zeroed slots, which outlive this.</param>
    public OpFrame(ReadOnlySpan<OpArgument> arguments, Span<neuralode_value> values)
    {
        _arguments = arguments;
        _values = values;
        try
        {
            while (_filled < arguments.Length)
            {
                var index = _filled++;
                Fill(arguments[index], ref values[index]);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        while (_filled > 0) Release(_arguments[--_filled], ref _values[_filled]);
    }

    private static void Fill(in OpArgument argument, ref neuralode_value value)
    {
        value.kind = (int)argument.Kind;
        value.integer = argument.Integer;
        value.real = argument.Real;
        switch (argument.Reference)
        {
            case Tensor tensor:
                value.tensor = Hold(tensor);
                break;
            case string text:
                Copy<byte>(Encoding.UTF8.GetBytes(text + "\0"), ref value);
                break;
            case long[] integers:
                Copy<long>(integers, ref value);
                break;
            case double[] reals:
                Copy<double>(reals, ref value);
                break;
            case bool[] flags:
                Copy<int>(Array.ConvertAll(flags, flag => flag ? 1 : 0), ref value);
                break;
            case Tensor[] tensors:
                Copy<nint>(new nint[tensors.Length], ref value);
                value.count = 0;   // counts the tensors held, for Release
                foreach (var tensor in tensors)
                {
                    ((nint*)value.data)[value.count] = Hold(tensor);
                    value.count++;
                }

                break;
        }
    }

    private static void Release(in OpArgument argument, ref neuralode_value value)
    {
        if (value.tensor != 0) ((Tensor)argument.Reference!).Handle.DangerousRelease();
        if (argument.Reference is Tensor[] tensors)
        {
            for (var i = 0; i < value.count; i++) tensors[i].Handle.DangerousRelease();
        }

        NativeMemory.Free((void*)value.data);
        value = default;
    }

    private static nint Hold(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        var held = false;
        tensor.Handle.DangerousAddRef(ref held);
        return tensor.Handle.DangerousGetHandle();
    }

    private static void Copy<T>(ReadOnlySpan<T> source, ref neuralode_value value) where T : unmanaged
    {
        // At least one element: a null pointer would be no list at all.
        value.data = (nint)NativeMemory.Alloc((nuint)Math.Max(1, source.Length), (nuint)sizeof(T));
        value.count = source.Length;
        source.CopyTo(new Span<T>((void*)value.data, source.Length));
    }
}
