using NeuralOde.Interop;
using TorchSharp;

namespace NeuralOde.TorchSharp;

/// <summary>Tensors handed between TorchSharp and NeuralOde without a copy: both sides have the same elements, the same place in autograd's
/// graph and the same gradient. Each side disposes its own.</summary>
public static class TorchSharpTensors
{
    /// <summary>The tensor as NeuralOde's; a member of the current <see cref="TensorScope"/>, if there is one.</summary>
    /// <exception cref="NotSupportedException">TorchSharp uses another libtorch than the native library was built for.</exception>
    public static Tensor ToNeuralOde(this torch.Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        TorchLibrary.EnsureMatch();
        var shared = Tensor.Share(tensor.Handle);
        GC.KeepAlive(tensor);
        return shared;
    }

    /// <summary>The tensor as TorchSharp's; a member of its current DisposeScope, if there is one.</summary>
    /// <exception cref="NotSupportedException">TorchSharp uses another libtorch than the native library was built for.</exception>
    public static torch.Tensor ToTorchSharp(this Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        TorchLibrary.EnsureMatch();
        var shared = tensor.ShareHandle();
        NativeCall.Check(NativeMethods.neuralode_tensor_disown(shared));
        return torch.Tensor.UnsafeCreateTensor(shared);
    }
}
