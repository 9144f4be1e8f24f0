using System.Runtime.InteropServices;
using NeuralOde.Interop;
using TorchSharp;

namespace NeuralOde.TorchSharp;

/// <summary>Backward through solves of TorchSharp modules.</summary>
public static class TorchSharpAutograd
{
    /// <summary>As <c>loss.backward()</c>, but an exception that a module threw inside the reverse sweep arrives as itself. TorchSharp's own call
    /// gives an <see cref="ExternalException"/> with its type and message in the text.</summary>
    public static void BackwardRethrowing(this torch.Tensor loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        try
        {
            loss.backward();
        }
        catch (ExternalException exception)
        {
            CallbackErrors.RethrowNamedIn(exception.Message);
            throw;
        }
    }
}
