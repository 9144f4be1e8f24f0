namespace NeuralOde;

/// <summary>Element types of tensors. The values are libtorch's.</summary>
public enum DType
{
    /// <summary>Unsigned 8-bit integer; <see cref="byte"/>.</summary>
    UInt8 = 0,

    /// <summary>Signed 8-bit integer; <see cref="sbyte"/>.</summary>
    Int8 = 1,

    /// <summary>Signed 16-bit integer; <see cref="short"/>.</summary>
    Int16 = 2,

    /// <summary>Signed 32-bit integer; <see cref="int"/>.</summary>
    Int32 = 3,

    /// <summary>Signed 64-bit integer; <see cref="long"/>. Labels and indices.</summary>
    Int64 = 4,

    /// <summary>IEEE half precision; <see cref="Half"/>.</summary>
    Float16 = 5,

    /// <summary>IEEE single precision; <see cref="float"/>.</summary>
    Float32 = 6,

    /// <summary>IEEE double precision; <see cref="double"/>.</summary>
    Float64 = 7,

    /// <summary>Truth value; <see cref="bool"/>.</summary>
    Bool = 11,

    /// <summary>Single precision with a mantissa of 8 bits. No .NET type: convert with <see cref="Tensor.To(DType)"/> first.</summary>
    BFloat16 = 15,
}
