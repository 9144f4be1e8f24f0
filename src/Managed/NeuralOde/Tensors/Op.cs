using System.Text;
using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>Calls any ATen operator by name through libtorch's dispatcher, recorded by autograd.</summary>
public static unsafe class Op
{
    private const int MaxResults = 256;

    /// <summary>Calls an operator that returns one tensor.</summary>
    /// <param name="name">As in the schema: <c>aten::add</c>.</param>
    /// <param name="overload">The part after the point in the schema, <c>Tensor</c> in <c>aten::add.Tensor</c>, or "".</param>
    /// <param name="arguments">By position; those left out at the end take the schema's defaults.</param>
    /// <exception cref="NeuralOdeException">No such operator, arguments that do not fit its schema, or its failure.</exception>
    /// <exception cref="InvalidOperationException">It returns something other than one tensor.</exception>
    public static Tensor Call(string name, string overload, params ReadOnlySpan<OpArgument> arguments) =>
        Invoke(NativeCall.Utf8(name, nameof(name)), NativeCall.Utf8(overload, nameof(overload)), arguments);

    /// <summary>Calls an operator that returns any number of values. Numbers and flags come as tensors without dimensions.</summary>
    /// <param name="name">As in the schema: <c>aten::topk</c>.</param>
    /// <param name="overload">The part after the point in the schema, or "".</param>
    /// <param name="arguments">By position; those left out at the end take the schema's defaults.</param>
    /// <returns>The results in order; null where an optional one is absent. At most 256.</returns>
    /// <exception cref="NeuralOdeException">No such operator, arguments that do not fit its schema, or its failure.</exception>
    public static IReadOnlyList<Tensor?> CallMany(string name, string overload, params ReadOnlySpan<OpArgument> arguments)
    {
        Span<neuralode_value> results = new neuralode_value[MaxResults];
        var count = Run(NativeCall.Utf8(name, nameof(name)), NativeCall.Utf8(overload, nameof(overload)), arguments, results);
        var tensors = new Tensor?[count];
        for (var i = 0; i < count; i++) tensors[i] = TensorOf(results[i]);
        return tensors;
    }

    /// <summary>As <see cref="Call(string, string, ReadOnlySpan{OpArgument})"/>; names are zero-terminated, as UTF-8 literals are.</summary>
    internal static Tensor Invoke(ReadOnlySpan<byte> name, ReadOnlySpan<byte> overload, params ReadOnlySpan<OpArgument> arguments)
    {
        Span<neuralode_value> results = stackalloc neuralode_value[4];
        var count = Run(name, overload, arguments, results);
        if (count == 1 && results[0].kind == (int)neuralode_value_kind.NEURALODE_VALUE_TENSOR && results[0].tensor != 0)
        {
            return Tensor.Own(results[0].tensor);
        }

        foreach (var result in results[..count]) _ = NativeMethods.neuralode_tensor_destroy(result.tensor);
        throw new InvalidOperationException(
            $"{Encoding.UTF8.GetString(name.TrimEnd((byte)0))} returns {count} values, not one tensor; call it with Op.CallMany.");
    }

    private static int Run(
        ReadOnlySpan<byte> name, ReadOnlySpan<byte> overload, ReadOnlySpan<OpArgument> arguments, Span<neuralode_value> results)
    {
        Span<neuralode_value> values = arguments.Length <= 16 ? stackalloc neuralode_value[16] : new neuralode_value[arguments.Length];
        values.Clear();
        using var frame = new OpFrame(arguments, values);
        fixed (byte* namePointer = name, overloadPointer = overload)
        fixed (neuralode_value* valuesPointer = values, resultsPointer = results)
        {
            NativeCall.Check(NativeMethods.neuralode_op_call(
                namePointer, overloadPointer, valuesPointer, arguments.Length, resultsPointer, results.Length, out var count));
            return (int)count;
        }
    }

    private static Tensor? TensorOf(in neuralode_value value) => (neuralode_value_kind)value.kind switch
    {
        neuralode_value_kind.NEURALODE_VALUE_TENSOR => value.tensor == 0 ? null : Tensor.Own(value.tensor),
        neuralode_value_kind.NEURALODE_VALUE_INT => Tensor.Scalar(value.integer),
        neuralode_value_kind.NEURALODE_VALUE_DOUBLE => Tensor.Scalar(value.real),
        neuralode_value_kind.NEURALODE_VALUE_BOOL => Tensor.Scalar(value.integer != 0),
        _ => null,
    };
}
