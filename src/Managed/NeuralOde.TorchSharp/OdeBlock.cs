using TorchSharp;
using static TorchSharp.torch.nn;

namespace NeuralOde.TorchSharp;

/// <summary>A TorchSharp layer that integrates dz/dt = f(t, z) from t0 to t1, with any solver and gradient method of <see cref="SolverOptions"/>.</summary>
/// <remarks>f is a submodule named "f": its parameters, buffers, mode, device and state dict are the block's, and it is disposed with it. Tensors have to be
/// on the CPU or the GPU that f is on. Running statistics change once for each evaluation of the forward solve and stay as they are in backward; dropout
/// repeats its masks there; but a change of train() or eval() between forward and backward changes what backward differentiates. What the block learns about drift (<see cref="SnapshotInterval.Automatic"/>) is not in the state dict: a resumed run learns it
/// anew, and may keep other snapshots at first.</remarks>
public sealed class OdeBlock : Module<torch.Tensor, torch.Tensor>
{
    private readonly OdeBlockCore _core;

    /// <summary>dz/dt = f.forward(z).</summary>
    /// <param name="f">From z's shape to the same; the block disposes it.</param>
    /// <param name="options">How it is solved.</param>
    /// <param name="t0">The first time, finite.</param>
    /// <param name="t1">The last time, finite; below t0 integrates backward in time.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option or a time is out of its range.</exception>
    public OdeBlock(Module<torch.Tensor, torch.Tensor> f, SolverOptions options, double t0 = 0, double t1 = 1)
        : this(f, f.ToDynamics, options, t0, t1)
    {
    }

    /// <summary>dz/dt = f.forward(t, z); t has no dimensions, and z's element type.</summary>
    /// <param name="f">The block disposes it.</param>
    /// <param name="options">How it is solved.</param>
    /// <param name="t0">The first time, finite.</param>
    /// <param name="t1">The last time, finite; below t0 integrates backward in time.</param>
    public OdeBlock(Module<torch.Tensor, torch.Tensor, torch.Tensor> f, SolverOptions options, double t0 = 0, double t1 = 1)
        : this(f, f.ToDynamics, options, t0, t1)
    {
    }

    private OdeBlock(Module f, Func<Dynamics> makeDynamics, SolverOptions options, double t0, double t1) : base(nameof(OdeBlock))
    {
        ArgumentNullException.ThrowIfNull(f);
        _core = new(f, makeDynamics, options, t0, t1);
        register_module("f", f);
    }

    /// <summary>How it is solved.</summary>
    public SolverOptions Options => _core.Options;

    /// <summary>What the solver did in the last forward and its backward; zeros before the first.</summary>
    public SolverStatistics LastStatistics => _core.Statistics;

    /// <summary>How the last forward and its backward went; <see cref="Status.Drift"/> where, with <see cref="FailureMode.Value"/>, the backward drifted too far.</summary>
    public Status LastStatus => _core.Status;

    /// <summary>What happened in the last forward and its backward and what to do; "" when there is nothing to say.</summary>
    public string LastMessage => _core.Message;

    /// <summary>The state at t1 for the state <paramref name="z"/> at t0, of the same shape.</summary>
    /// <exception cref="NeuralOdeException">The solve did not reach t1: with <see cref="FailureMode.Value"/> too, because a layer has no way to hand a status on.</exception>
    /// <exception cref="NotSupportedException">TorchSharp uses another libtorch than the native library was built for.</exception>
    public override torch.Tensor forward(torch.Tensor z)
    {
        ArgumentNullException.ThrowIfNull(z);
        return _core.Solve([z])[0];
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) _core?.Dispose();
        base.Dispose(disposing);
    }
}
