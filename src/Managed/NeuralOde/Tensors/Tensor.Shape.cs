using System.Runtime.CompilerServices;

namespace NeuralOde;

// Results share their elements with this tensor where libtorch's do.
public sealed unsafe partial class Tensor
{
    /// <summary>Entry <paramref name="index"/> of the first dimension; negative counts from the end.</summary>
    [IndexerName("Entry"), OverloadResolutionPriority(1)]
    public Tensor this[long index] => Select(0, index);

    /// <summary>Entry (<paramref name="row"/>, <paramref name="column"/>) of the first two dimensions; negative counts from the end.</summary>
    [IndexerName("Entry")]
    public Tensor this[long row, long column]
    {
        get
        {
            using var selected = Select(0, row);
            return selected.Select(0, column);
        }
    }

    /// <summary>Entry <paramref name="index"/> of the first dimension.</summary>
    [IndexerName("Entry")]
    public Tensor this[Index index] => Select(0, index.GetOffset(checked((int)Size(0))));

    /// <summary>The entries of the first dimension in a range.</summary>
    [IndexerName("Entry")]
    public Tensor this[Range range]
    {
        get
        {
            var (start, length) = range.GetOffsetAndLength(checked((int)Size(0)));
            return Narrow(0, start, length);
        }
    }

    /// <summary>Tensors joined along an existing dimension.</summary>
    public static Tensor Cat(IEnumerable<Tensor> tensors, long dimension = 0) => Op.Invoke("aten::cat"u8, ""u8, tensors.ToArray(), dimension);

    /// <summary>Tensors of one shape joined along a new dimension.</summary>
    public static Tensor Stack(IEnumerable<Tensor> tensors, long dimension = 0) => Op.Invoke("aten::stack"u8, ""u8, tensors.ToArray(), dimension);

    /// <summary>Entry <paramref name="index"/> of dimension <paramref name="dimension"/>, which is dropped.</summary>
    public Tensor Select(long dimension, long index) => Op.Invoke("aten::select"u8, "int"u8, this, dimension, index);

    /// <summary>Entries start, start + 1, ..., start + length - 1 of a dimension.</summary>
    public Tensor Narrow(long dimension, long start, long length) => Op.Invoke("aten::narrow"u8, ""u8, this, dimension, start, length);

    /// <summary>Entries start, start + step, ... below end of a dimension.</summary>
    public Tensor Slice(long dimension, long start, long end, long step = 1) =>
        Op.Invoke("aten::slice"u8, "Tensor"u8, this, dimension, start, end, step);

    /// <summary>The entries of a dimension whose numbers stand in <paramref name="indices"/> (Int64, one dimension).</summary>
    public Tensor IndexSelect(long dimension, Tensor indices) => Op.Invoke("aten::index_select"u8, ""u8, this, dimension, indices);

    /// <summary>The same elements in another shape of as many; one size may be -1 and is worked out.</summary>
    public Tensor Reshape(params ReadOnlySpan<long> shape) => Op.Invoke("aten::reshape"u8, ""u8, this, shape.ToArray());

    /// <summary>Two dimensions exchanged.</summary>
    public Tensor Transpose(long first = -2, long second = -1) => Op.Invoke("aten::transpose"u8, "int"u8, this, first, second);

    /// <summary>The dimensions in another order.</summary>
    public Tensor Permute(params ReadOnlySpan<long> order) => Op.Invoke("aten::permute"u8, ""u8, this, order.ToArray());

    /// <summary>Dimensions first to last merged into one.</summary>
    public Tensor Flatten(long first = 0, long last = -1) => Op.Invoke("aten::flatten"u8, "using_ints"u8, this, first, last);

    /// <summary>A dimension of size 1 put in at <paramref name="dimension"/>.</summary>
    public Tensor Unsqueeze(long dimension) => Op.Invoke("aten::unsqueeze"u8, ""u8, this, dimension);

    /// <summary>Dimension <paramref name="dimension"/> dropped if its size is 1.</summary>
    public Tensor Squeeze(long dimension) => Op.Invoke("aten::squeeze"u8, "dim"u8, this, dimension);

    /// <summary>Dimensions of size 1 repeated to the sizes given, without a copy; -1 keeps a size.</summary>
    public Tensor Expand(params ReadOnlySpan<long> shape) => Op.Invoke("aten::expand"u8, ""u8, this, shape.ToArray());
}
