using NeuralOde.Interop;

namespace NeuralOde;

public sealed unsafe partial class Tensor
{
    /// <summary>Whether operations on this tensor are recorded for gradients. Can be set on leaves of floating-point type.</summary>
    public bool RequiresGrad
    {
        get => Info().requires_grad != 0;
        set
        {
            using var self = _handle.Lend();
            NativeCall.Check(NativeMethods.neuralode_tensor_set_requires_grad(self.Pointer, value ? 1 : 0));
        }
    }

    /// <summary>Whether it is not the result of a recorded operation.</summary>
    public bool IsLeaf => Info().is_leaf != 0;

    /// <summary>The accumulated gradient of a leaf, a new tensor object at each call; null when there is none. Setting null clears it.</summary>
    public Tensor? Grad
    {
        get
        {
            using var self = _handle.Lend();
            NativeCall.Check(NativeMethods.neuralode_tensor_get_grad(self.Pointer, out var gradient));
            return gradient == 0 ? null : Own(gradient);
        }
        set
        {
            using var self = _handle.Lend();
            using var gradient = new Lease(value?._handle);
            NativeCall.Check(NativeMethods.neuralode_tensor_set_grad(self.Pointer, gradient.Pointer));
        }
    }

    /// <summary>Sets <see cref="RequiresGrad"/>, for chaining.</summary>
    /// <returns>This tensor.</returns>
    public Tensor WithGrad(bool requiresGrad = true)
    {
        RequiresGrad = requiresGrad;
        return this;
    }

    /// <summary>Accumulates the gradient of this tensor into every leaf that it was computed from.</summary>
    /// <param name="gradient">The cotangent, of this tensor's shape; null is 1 and needs a single element.</param>
    /// <param name="retainGraph">Keep the graph for another backward.</param>
    /// <param name="createGraph">Record the backward, for higher derivatives.</param>
    public void Backward(Tensor? gradient = null, bool retainGraph = false, bool createGraph = false)
    {
        using var self = _handle.Lend();
        using var cotangent = new Lease(gradient?._handle);
        NativeCall.Check(NativeMethods.neuralode_tensor_backward(
            self.Pointer, cotangent.Pointer, retainGraph || createGraph ? 1 : 0, createGraph ? 1 : 0));
    }

    /// <summary>The same elements without the record of how they came about.</summary>
    public Tensor Detach() => Op.Invoke("aten::detach"u8, ""u8, this);
}
