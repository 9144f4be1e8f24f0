using TorchSharp;
using static TorchSharp.torch.nn;

namespace NeuralOde.TorchSharp;

/// <summary>TorchSharp modules as dynamics of <see cref="OdeSolver"/>: for trajectories, gradients of the times, events, per-sample steps.</summary>
/// <remarks>Parameters and buffers are those that the module has now: make the dynamics anew after <c>module.to(...)</c>. What a module throws comes out of
/// the solve as itself; out of a backward see <see cref="TorchSharpAutograd"/>. The module is not disposed with the dynamics.</remarks>
public static class TorchSharpDynamics
{
    /// <summary>dz/dt = forward(z).</summary>
    public static Dynamics ToDynamics(this Module<torch.Tensor, torch.Tensor> module) =>
        Create(module, (_, z) => [module.call(DynamicsCallback.Single(z).ToTorchSharp())]);

    /// <summary>dz/dt = forward(t, z); t has no dimensions, and z's element type.</summary>
    public static Dynamics ToDynamics(this Module<torch.Tensor, torch.Tensor, torch.Tensor> module) =>
        Create(module, (t, z) => [module.call(t.ToTorchSharp(), DynamicsCallback.Single(z).ToTorchSharp())]);

    /// <summary>d[z0, z1, ...]/dt = forward([z0, z1, ...]).</summary>
    public static Dynamics ToDynamics(this Module<torch.Tensor[], torch.Tensor[]> module) => Create(module, (_, z) => module.call(All(z)));

    /// <summary>d[z0, z1, ...]/dt = forward(t, [z0, z1, ...]).</summary>
    public static Dynamics ToDynamics(this Module<torch.Tensor, torch.Tensor[], torch.Tensor[]> module) =>
        Create(module, (t, z) => module.call(t.ToTorchSharp(), All(z)));

    /// <summary>d(z0, z1)/dt = forward(t, z0, z1).</summary>
    public static Dynamics ToDynamics(this Module<torch.Tensor, torch.Tensor, torch.Tensor, (torch.Tensor, torch.Tensor)> module) =>
        Create(module, (t, z) =>
        {
            if (z.Count != 2) throw new ArgumentException($"z: a state of {z.Count} tensors, but the module takes two.", nameof(z));
            var (first, second) = module.call(t.ToTorchSharp(), z[0].ToTorchSharp(), z[1].ToTorchSharp());
            return [first, second];
        });

    private static Dynamics Create(Module module, Func<Tensor, IReadOnlyList<Tensor>, IReadOnlyList<torch.Tensor>> f)
    {
        ArgumentNullException.ThrowIfNull(module);
        TorchLibrary.EnsureMatch();
        using var tensors = ModuleTensors.Of(module);
        return Dynamics.FromFunction((Tensor t, IReadOnlyList<Tensor> z) => Evaluate(f, t, z), tensors.Parameters, tensors.Buffers);
    }

    /// <summary>One evaluation, in a DisposeScope of its own: callbacks may come on a thread that has none.</summary>
    private static Tensor[] Evaluate(
        Func<Tensor, IReadOnlyList<Tensor>, IReadOnlyList<torch.Tensor>> f, Tensor t, IReadOnlyList<Tensor> z)
    {
        using var scope = torch.NewDisposeScope();
        var u = f(t, z) ?? throw new InvalidOperationException("forward: the module returned null; return one tensor for each state.");
        return [.. u.Select(tensor => (tensor ?? throw new InvalidOperationException("forward: the module returned null; return one tensor for each state.")).ToNeuralOde())];
    }

    private static torch.Tensor[] All(IReadOnlyList<Tensor> z) => [.. z.Select(TorchSharpTensors.ToTorchSharp)];
}
