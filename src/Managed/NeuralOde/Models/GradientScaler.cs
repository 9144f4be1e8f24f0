using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>Scales the loss so that small gradients survive Float16, and skips the steps where a gradient overflowed. As PyTorch's GradScaler.</summary>
/// <remarks>Parameters and their gradients are Float32; only what is computed under <see cref="Autograd.Autocast"/> is Float16. BFloat16 needs no scaler.</remarks>
/// <example><code>
/// using (Autograd.Autocast(DType.Float16, "cuda")) loss = model.Forward(images).To(DType.Float32).CrossEntropy(labels);
/// scaler.Scale(loss).Backward();
/// scaler.Step(optimizer);
/// scaler.Update();
/// </code></example>
public sealed unsafe class GradientScaler : IDisposable
{
    private readonly GradScalerHandle _handle;

    /// <summary>A scaler with PyTorch's defaults, or <paramref name="options"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public GradientScaler(GradientScalerOptions? options = null)
    {
        var native = (options ?? new()).ToNative();
        NativeCall.Check(NativeMethods.neuralode_grad_scaler_create(&native, out var pointer));
        _handle = new GradScalerHandle(pointer);
    }

    /// <summary>What losses are multiplied by now.</summary>
    public double Factor => Get().Factor;

    /// <summary>Iterations in a row that counted towards the next growth.</summary>
    public long GrowthTracker => Get().Tracker;

    internal GradScalerHandle Handle => _handle;

    /// <summary>The loss times <see cref="Factor"/>: what backward is called on.</summary>
    public Tensor Scale(Tensor loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        using var self = _handle.Lend();
        using var value = loss.Handle.Lend();
        NativeCall.Check(NativeMethods.neuralode_grad_scaler_scale(self.Pointer, value.Pointer, out var scaled));
        return Tensor.Own(scaled);
    }

    /// <summary>Divides the gradients by <see cref="Factor"/>, in place; for clipping them or looking at them before <see cref="Step"/>, which
    /// does it otherwise.</summary>
    /// <exception cref="NeuralOdeException">They were unscaled already since <see cref="Update"/>, or are Float16.</exception>
    public void Unscale(Optimizer optimizer)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        using var self = _handle.Lend();
        using var steps = optimizer.Handle.Lend();
        NativeCall.Check(NativeMethods.neuralode_grad_scaler_unscale(self.Pointer, steps.Pointer));
    }

    /// <summary>Steps the optimiser unless a gradient is infinite or no number; whether it did. Waits for a GPU, the only time in an iteration.</summary>
    /// <exception cref="NeuralOdeException">It was stepped already since <see cref="Update"/>.</exception>
    public bool Step(Optimizer optimizer)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        using var self = _handle.Lend();
        using var steps = optimizer.Handle.Lend();
        NativeCall.Check(NativeMethods.neuralode_grad_scaler_step(self.Pointer, steps.Pointer, out var stepped));
        return stepped != 0;
    }

    /// <summary>Ends an iteration: <see cref="Factor"/> shrinks where a gradient was not finite, and grows after many iterations without.</summary>
    /// <exception cref="NeuralOdeException">Nothing was unscaled or stepped since the last.</exception>
    public void Update()
    {
        using var self = _handle.Lend();
        NativeCall.Check(NativeMethods.neuralode_grad_scaler_update(self.Pointer));
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private (double Factor, long Tracker) Get()
    {
        using var self = _handle.Lend();
        NativeCall.Check(NativeMethods.neuralode_grad_scaler_get(self.Pointer, out var factor, out var tracker));
        return (factor, tracker);
    }
}
