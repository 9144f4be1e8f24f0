using TorchSharp;
using static TorchSharp.torch.nn;

namespace NeuralOde.TorchSharp;

/// <summary><see cref="OdeBlock"/> for a state of several tensors, of one floating-point type and any shapes.</summary>
public sealed class OdeTupleBlock : Module<torch.Tensor[], torch.Tensor[]>
{
    private readonly OdeBlockCore _core;

    /// <summary>d[z0, z1, ...]/dt = f.forward([z0, z1, ...]).</summary>
    /// <param name="f">The block disposes it.</param>
    /// <param name="options">How it is solved.</param>
    /// <param name="t0">The first time, finite.</param>
    /// <param name="t1">The last time, finite; below t0 integrates backward in time.</param>
    public OdeTupleBlock(Module<torch.Tensor[], torch.Tensor[]> f, SolverOptions options, double t0 = 0, double t1 = 1)
        : this(f, f.ToDynamics, options, t0, t1)
    {
    }

    /// <summary>d[z0, z1, ...]/dt = f.forward(t, [z0, z1, ...]); t has no dimensions.</summary>
    /// <param name="f">The block disposes it.</param>
    /// <param name="options">How it is solved.</param>
    /// <param name="t0">The first time, finite.</param>
    /// <param name="t1">The last time, finite; below t0 integrates backward in time.</param>
    public OdeTupleBlock(Module<torch.Tensor, torch.Tensor[], torch.Tensor[]> f, SolverOptions options, double t0 = 0, double t1 = 1)
        : this(f, f.ToDynamics, options, t0, t1)
    {
    }

    /// <summary>d(z0, z1)/dt = f.forward(t, z0, z1); t has no dimensions.</summary>
    /// <param name="f">The block disposes it.</param>
    /// <param name="options">How it is solved.</param>
    /// <param name="t0">The first time, finite.</param>
    /// <param name="t1">The last time, finite; below t0 integrates backward in time.</param>
    public OdeTupleBlock(
        Module<torch.Tensor, torch.Tensor, torch.Tensor, (torch.Tensor, torch.Tensor)> f, SolverOptions options, double t0 = 0, double t1 = 1)
        : this(f, f.ToDynamics, options, t0, t1)
    {
    }

    private OdeTupleBlock(Module f, Func<Dynamics> makeDynamics, SolverOptions options, double t0, double t1) : base(nameof(OdeTupleBlock))
    {
        ArgumentNullException.ThrowIfNull(f);
        _core = new(f, makeDynamics, options, t0, t1);
        register_module("f", f);
    }

    /// <summary>How it is solved.</summary>
    public SolverOptions Options => _core.Options;

    /// <summary>What the solver did in the last forward and its backward; zeros before the first.</summary>
    public SolverStatistics LastStatistics => _core.Statistics;

    /// <summary>As <see cref="OdeBlock.LastStatus"/>.</summary>
    public Status LastStatus => _core.Status;

    /// <summary>As <see cref="OdeBlock.LastMessage"/>.</summary>
    public string LastMessage => _core.Message;

    /// <summary>The states at t1 for the states <paramref name="z"/> at t0, of the same shapes.</summary>
    /// <exception cref="NeuralOdeException">The solve did not reach t1.</exception>
    public override torch.Tensor[] forward(torch.Tensor[] z)
    {
        ArgumentNullException.ThrowIfNull(z);
        return _core.Solve(z);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) _core?.Dispose();
        base.Dispose(disposing);
    }
}
