using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>Changes parameters along their accumulated gradients.</summary>
public sealed unsafe class Optimizer : IDisposable
{
    private readonly OptimizerHandle _handle;
    private double _learningRate;

    /// <summary>An optimiser of leaves; those that do not require gradients are skipped, shared ones count once.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public Optimizer(OptimizerOptions options, IEnumerable<Tensor> parameters)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(parameters);
        var native = options.ToNative();
        using var leases = new TensorLeases(parameters.ToArray());
        fixed (nint* pointers = leases.Pointers)
        {
            NativeCall.Check(NativeMethods.neuralode_optimizer_create(&native, pointers, leases.Pointers.Length, out var pointer));
            _handle = new OptimizerHandle(pointer);
        }

        Options = options;
        _learningRate = options.LearningRate;
    }

    /// <summary>What it was made with.</summary>
    public OptimizerOptions Options { get; }

    /// <summary>The learning rate of the next step, 0 or more; schedules set it.</summary>
    public double LearningRate
    {
        get => _learningRate;
        set
        {
            Require.AtLeast(value, 0.0, nameof(LearningRate));
            using var self = _handle.Lend();
            NativeCall.Check(NativeMethods.neuralode_optimizer_set_lr(self.Pointer, value));
            _learningRate = value;
        }
    }

    internal OptimizerHandle Handle => _handle;

    /// <summary>Changes every parameter that has a gradient.</summary>
    public void Step()
    {
        using var self = _handle.Lend();
        NativeCall.Check(NativeMethods.neuralode_optimizer_step(self.Pointer));
    }

    /// <summary>Drops every gradient.</summary>
    public void ZeroGrad()
    {
        using var self = _handle.Lend();
        NativeCall.Check(NativeMethods.neuralode_optimizer_zero_grad(self.Pointer));
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();
}
