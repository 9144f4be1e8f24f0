using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>A <see cref="SolveObserver"/> as the native library calls it. Native code holds it by a GCHandle, which its release callback frees.</summary>
[SuppressMessage("Design", "CA1031", Justification = "No exception may pass into native code; each is kept and rethrown after the native call.")]
internal sealed unsafe class ObserverCallback(SolveObserver observer)
{
    private readonly Func<Tensor, IReadOnlyList<Tensor>, Tensor>? _event = observer.EventFunction;

    /// <summary>The native observer; zero where there is nothing to observe.</summary>
    public static ObserverHandle? Create(SolveObserver observer)
    {
        observer.Validate();
        var callback = new ObserverCallback(observer);
        if (!observer.HasSteps && callback._event is null) return null;
        var context = GCHandle.Alloc(callback);
        var status = NativeMethods.neuralode_observer_create(
            observer.HasSteps ? &AfterStep : null, callback._event is null ? null : &EvaluateEvent, (int)observer.EventDirection, &Release,
            GCHandle.ToIntPtr(context), out var pointer);
        if (status != 0) context.Free();   // the library does not release what it did not take
        NativeCall.Check(status);
        return new ObserverHandle(pointer);
    }

    /// <summary>A neuralode_step_callback.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int AfterStep(nint user, long number, double t, double h, nint* z, long count, int* outStop)
    {
        try
        {
            using var scope = new TensorScope();
            var watched = ((ObserverCallback)GCHandle.FromIntPtr(user).Target!).Observer;
            var step = new SolveStep(number, t, h, watched.OnStep is null ? [] : DynamicsCallback.ShareAll(z, count));
            watched.OnStep?.Invoke(step);
            *outStop = step.Stopped || watched.Cancellation.IsCancellationRequested ? 1 : 0;
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return CallbackErrors.Keep(exception);
        }
    }

    /// <summary>A neuralode_event_callback.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int EvaluateEvent(nint user, nint t, nint* z, long count, nint* outG)
    {
        try
        {
            using var scope = new TensorScope();
            var self = (ObserverCallback)GCHandle.FromIntPtr(user).Target!;
            var g = self._event!(Tensor.Share(t), DynamicsCallback.ShareAll(z, count))
                ?? throw new InvalidOperationException("Event: the function returned null; return g(t, z), a tensor without dimensions.");
            *outG = g.ShareHandle();
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return CallbackErrors.Keep(exception);
        }
    }

    /// <summary>A neuralode_release_callback.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Release(nint user) => GCHandle.FromIntPtr(user).Free();

    private SolveObserver Observer => observer;
}
