using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>One argument of an operator called by name: a tensor, a number, a flag, a string, a list of these, or nothing (<see cref="None"/>).</summary>
public readonly struct OpArgument
{
    private OpArgument(neuralode_value_kind kind, object? reference = null, long integer = 0, double real = 0)
    {
        Kind = kind;
        Reference = reference;
        Integer = integer;
        Real = real;
    }

    /// <summary>An optional argument left out. Also the default of the type.</summary>
    public static OpArgument None => default;

    internal neuralode_value_kind Kind { get; }

    /// <summary>The tensor, string or array of the kinds that have one.</summary>
    internal object? Reference { get; }

    internal long Integer { get; }

    internal double Real { get; }

    /// <summary>A tensor; null is an undefined one.</summary>
    public static implicit operator OpArgument(Tensor? tensor) => new(neuralode_value_kind.NEURALODE_VALUE_TENSOR, tensor);

    /// <summary>A list of tensors.</summary>
    public static implicit operator OpArgument(Tensor[] tensors) => new(neuralode_value_kind.NEURALODE_VALUE_TENSOR_LIST, tensors);

    /// <summary>An integer, for parameters of the schema types int and Scalar.</summary>
    public static implicit operator OpArgument(long value) => new(neuralode_value_kind.NEURALODE_VALUE_INT, integer: value);

    /// <summary>An integer, for parameters of the schema types int and Scalar.</summary>
    public static implicit operator OpArgument(int value) => new(neuralode_value_kind.NEURALODE_VALUE_INT, integer: value);

    /// <summary>A number, for parameters of the schema types float and Scalar.</summary>
    public static implicit operator OpArgument(double value) => new(neuralode_value_kind.NEURALODE_VALUE_DOUBLE, real: value);

    /// <summary>A flag.</summary>
    public static implicit operator OpArgument(bool value) => new(neuralode_value_kind.NEURALODE_VALUE_BOOL, integer: value ? 1 : 0);

    /// <summary>A string or a device.</summary>
    public static implicit operator OpArgument(string value) => new(neuralode_value_kind.NEURALODE_VALUE_STRING, value);

    /// <summary>An element type.</summary>
    public static implicit operator OpArgument(DType value) => new(neuralode_value_kind.NEURALODE_VALUE_INT, integer: (long)value);

    /// <summary>A list of integers: sizes, dimensions, strides.</summary>
    public static implicit operator OpArgument(long[] values) => new(neuralode_value_kind.NEURALODE_VALUE_INT_LIST, values);

    /// <summary>A list of numbers.</summary>
    public static implicit operator OpArgument(double[] values) => new(neuralode_value_kind.NEURALODE_VALUE_DOUBLE_LIST, values);

    /// <summary>A list of flags.</summary>
    public static implicit operator OpArgument(bool[] values) => new(neuralode_value_kind.NEURALODE_VALUE_BOOL_LIST, values);
}
