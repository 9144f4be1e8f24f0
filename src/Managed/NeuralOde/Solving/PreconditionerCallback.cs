using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>A preconditioner in C# as the native library calls it. Native code holds it by a GCHandle, which its release callback frees.</summary>
/// <param name="precondition">(t, z, scale, transposed, r) to x.</param>
[SuppressMessage("Design", "CA1031", Justification = "No exception may pass into native code; each is kept and rethrown after the native call.")]
internal sealed unsafe class PreconditionerCallback(
    Func<Tensor, IReadOnlyList<Tensor>, double, bool, IReadOnlyList<Tensor>, IReadOnlyList<Tensor>> precondition)
{
    /// <summary>A neuralode_preconditioner_callback.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int Apply(nint user, nint t, nint* z, double scale, int transposed, nint* r, long count, nint* outX)
    {
        try
        {
            using var scope = new TensorScope();
            var self = (PreconditionerCallback)GCHandle.FromIntPtr(user).Target!;
            var x = self.Apply(Tensor.Share(t), DynamicsCallback.ShareAll(z, count), scale, transposed != 0, DynamicsCallback.ShareAll(r, count));
            DynamicsCallback.HandOver(Checked(x, count), outX);
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return CallbackErrors.Keep(exception);
        }
    }

    /// <summary>A neuralode_release_callback.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static void Release(nint user) => GCHandle.FromIntPtr(user).Free();

    private IReadOnlyList<Tensor> Apply(Tensor t, IReadOnlyList<Tensor> z, double scale, bool transposed, IReadOnlyList<Tensor> r) =>
        precondition(t, z, scale, transposed, r);

    private static IReadOnlyList<Tensor> Checked(IReadOnlyList<Tensor>? x, long count)
    {
        if (x is null || x.Any(tensor => tensor is null))
        {
            throw new InvalidOperationException("precondition: the preconditioner returned null; return one tensor for each state.");
        }

        if (x.Count != count)
        {
            throw new InvalidOperationException($"precondition: the preconditioner returned {x.Count} tensors for a state of {count}; return one for each.");
        }

        return x;
    }
}
