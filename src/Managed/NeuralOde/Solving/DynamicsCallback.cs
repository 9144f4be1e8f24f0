using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>A C# function as the native library calls it. Native code holds it by a GCHandle, which its release callback frees.</summary>
[SuppressMessage("Design", "CA1031", Justification = "No exception may pass into native code; each is kept and rethrown after the native call.")]
internal sealed unsafe class DynamicsCallback(
    Func<Tensor, IReadOnlyList<Tensor>, IReadOnlyList<Tensor>> f,
    Func<Tensor, IReadOnlyList<Tensor>, IReadOnlyList<Tensor>, Pullback>? vjp)
{
    public bool HasVjp => vjp is not null;

    /// <summary>The state of dynamics that were made for one tensor.</summary>
    public static Tensor Single(IReadOnlyList<Tensor> z) => z.Count == 1 ? z[0] : throw new ArgumentException(
        $"z: a state of {z.Count} tensors, but the dynamics take one; make them from a function of lists.", nameof(z));

    /// <summary>A neuralode_eval_callback.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int Evaluate(nint user, nint t, nint* z, long count, nint* outU)
    {
        try
        {
            using var scope = new TensorScope();
            var self = (DynamicsCallback)GCHandle.FromIntPtr(user).Target!;
            HandOver(CheckedDerivative(self.F(Tensor.Share(t), ShareAll(z, count)), count), outU);
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return CallbackErrors.Keep(exception);
        }
    }

    /// <summary>A neuralode_vjp_callback.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int Linearize(
        nint user, nint t, nint* z, nint* cotangents, long count, long parameterCount, nint* outU, nint* outTime, nint* outState, nint* outParameters)
    {
        try
        {
            using var scope = new TensorScope();
            var self = (DynamicsCallback)GCHandle.FromIntPtr(user).Target!;
            var pullback = self.Vjp(Tensor.Share(t), ShareAll(z, count), ShareAll(cotangents, count))
                ?? throw new InvalidOperationException("vjp: the derivative of the dynamics returned null; return a Pullback.");
            HandOver(pullback, count, parameterCount, outU, outTime, outState, outParameters);
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

    private IReadOnlyList<Tensor> F(Tensor t, IReadOnlyList<Tensor> z) => f(t, z);

    private Pullback Vjp(Tensor t, IReadOnlyList<Tensor> z, IReadOnlyList<Tensor> cotangents) => vjp!(t, z, cotangents);

    /// <summary>Each tensor shared, in the current scope.</summary>
    public static Tensor[] ShareAll(nint* pointers, long count)
    {
        var tensors = new Tensor[count];
        for (var i = 0; i < count; i++) tensors[i] = Tensor.Share(pointers[i]);
        return tensors;
    }

    private static IReadOnlyList<Tensor> CheckedDerivative(IReadOnlyList<Tensor>? derivative, long count)
    {
        if (derivative is null || derivative.Any(tensor => tensor is null))
        {
            throw new InvalidOperationException("f: the dynamics returned null; return one tensor for each state.");
        }

        if (derivative.Count != count)
        {
            throw new InvalidOperationException($"f: the dynamics returned {derivative.Count} tensors for a state of {count}; return one for each.");
        }

        return derivative;
    }

    private static void HandOver(Pullback pullback, long count, long parameterCount, nint* outU, nint* outTime, nint* outState, nint* outParameters)
    {
        var derivative = CheckedDerivative(pullback.Derivative, count);
        if (pullback.State.Count != count)
        {
            throw new InvalidOperationException($"vjp: Pullback.State has {pullback.State.Count} entries for a state of {count}; give one for each.");
        }

        if (pullback.Parameters.Count != 0 && pullback.Parameters.Count != parameterCount)
        {
            throw new InvalidOperationException(
                $"vjp: Pullback.Parameters has {pullback.Parameters.Count} entries for {parameterCount} parameters; give one for each, or none.");
        }

        // All or nothing: the slots are written only once every share exists.
        var all = new Tensor?[] { pullback.Time }.Concat(derivative).Concat(pullback.State).Concat(pullback.Parameters).ToArray();
        var slots = new nint[all.Length];
        fixed (nint* pointer = slots) HandOver(all, pointer);
        var (states, parameters) = (1 + (int)count, 1 + (2 * (int)count));
        *outTime = slots[0];
        slots.AsSpan(1, (int)count).CopyTo(new Span<nint>(outU, (int)count));
        slots.AsSpan(states, (int)count).CopyTo(new Span<nint>(outState, (int)count));
        slots.AsSpan(parameters).CopyTo(new Span<nint>(outParameters, slots.Length - parameters));
    }

    /// <summary>Writes one owned handle for each tensor, zero for null; all or none.</summary>
    public static void HandOver(IReadOnlyList<Tensor?> tensors, nint* slots)
    {
        var shared = new nint[tensors.Count];
        try
        {
            for (var i = 0; i < shared.Length; i++) shared[i] = tensors[i]?.ShareHandle() ?? 0;
        }
        catch
        {
            foreach (var pointer in shared) _ = NativeMethods.neuralode_tensor_destroy(pointer);
            throw;
        }

        shared.CopyTo(new Span<nint>(slots, shared.Length));
    }
}
