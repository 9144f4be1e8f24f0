using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using NeuralOde.Interop;
using TorchSharp;

namespace NeuralOde.TorchSharp;

/// <summary>A TorchSharp module as the native library calls it: from its handles to TorchSharp's and back, with nothing in between.</summary>
/// <param name="withTime">Whether f looks at t, which is null otherwise.</param>
/// <param name="f">(t, [z0, ...]) to [u0, ...].</param>
[SuppressMessage("Design", "CA1031", Justification = "No exception may pass into native code; each is kept and rethrown after the native call.")]
internal sealed unsafe class ModuleCallback(bool withTime, Func<torch.Tensor?, torch.Tensor[], IReadOnlyList<torch.Tensor>> f)
{
    private const string Nothing = "forward: the module returned null; return one tensor for each state.";

    /// <summary>A neuralode_eval_callback. In a DisposeScope of its own: it may come on a thread that has none.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int Evaluate(nint user, nint t, nint* z, long count, nint* outU)
    {
        try
        {
            using var scope = torch.NewDisposeScope();
            var self = (ModuleCallback)GCHandle.FromIntPtr(user).Target!;
            self.Evaluate(t, z, (int)count, outU);
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return CallbackErrors.Keep(exception);
        }
    }

    private void Evaluate(nint t, nint* z, int count, nint* outU)
    {
        var states = new torch.Tensor[count];
        for (var i = 0; i < count; i++) states[i] = Shared(z[i]);
        var u = F(withTime ? Shared(t) : null, states) ?? throw new InvalidOperationException(Nothing);
        if (u.Count != count) throw new InvalidOperationException($"forward: the module returned {u.Count} tensors for a state of {count}; return one for each.");
        var given = 0;
        try
        {
            for (; given < count; given++) NativeCall.Check(NativeMethods.neuralode_tensor_share((u[given] ?? throw new InvalidOperationException(Nothing)).Handle, out outU[given]));
        }
        catch
        {
            while (given > 0) Take(ref outU[--given]);
            throw;
        }

        GC.KeepAlive(u);
    }

    private IReadOnlyList<torch.Tensor>? F(torch.Tensor? t, torch.Tensor[] z) => f(t, z);

    private static void Take(ref nint slot)
    {
        _ = NativeMethods.neuralode_tensor_destroy(slot);
        slot = 0;
    }

    private static torch.Tensor Shared(nint borrowed)
    {
        NativeCall.Check(NativeMethods.neuralode_tensor_share(borrowed, out var shared));
        NativeCall.Check(NativeMethods.neuralode_tensor_disown(shared));
        return torch.Tensor.UnsafeCreateTensor(shared);
    }
}
