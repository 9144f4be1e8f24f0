using TorchSharp;
using static TorchSharp.torch.nn;

namespace NeuralOde.TorchSharp;

/// <summary>TorchSharp modules as dynamics of <see cref="OdeSolver"/>: for trajectories, gradients of the times, events, per-sample steps.</summary>
/// <remarks>Parameters and buffers are those that the module has now: make the dynamics anew after <c>module.to(...)</c>. What a module throws comes out of
/// the solve as itself; out of a backward see <see cref="TorchSharpAutograd"/>. The module is not disposed with the dynamics.</remarks>
public static class TorchSharpDynamics
{
    /// <summary>dz/dt = forward(z).</summary>
    public static Dynamics ToDynamics(this Module<torch.Tensor, torch.Tensor> module) => Create(module, false, (_, z) => [module.call(Only(z, 1)[0])]);

    /// <summary>dz/dt = forward(t, z); t has no dimensions, and z's element type.</summary>
    public static Dynamics ToDynamics(this Module<torch.Tensor, torch.Tensor, torch.Tensor> module) =>
        Create(module, true, (t, z) => [module.call(t!, Only(z, 1)[0])]);

    /// <summary>d[z0, z1, ...]/dt = forward([z0, z1, ...]).</summary>
    public static Dynamics ToDynamics(this Module<torch.Tensor[], torch.Tensor[]> module) => Create(module, false, (_, z) => module.call(z));

    /// <summary>d[z0, z1, ...]/dt = forward(t, [z0, z1, ...]).</summary>
    public static Dynamics ToDynamics(this Module<torch.Tensor, torch.Tensor[], torch.Tensor[]> module) => Create(module, true, (t, z) => module.call(t!, z));

    /// <summary>d(z0, z1)/dt = forward(t, z0, z1).</summary>
    public static Dynamics ToDynamics(this Module<torch.Tensor, torch.Tensor, torch.Tensor, (torch.Tensor, torch.Tensor)> module) =>
        Create(module, true, (t, z) =>
        {
            var (first, second) = module.call(t!, Only(z, 2)[0], z[1]);
            return [first, second];
        });

    private static unsafe Dynamics Create(Module module, bool withTime, Func<torch.Tensor?, torch.Tensor[], IReadOnlyList<torch.Tensor>> f)
    {
        ArgumentNullException.ThrowIfNull(module);
        TorchLibrary.EnsureMatch();
        using var tensors = ModuleTensors.Of(module);
        return Dynamics.Create(&ModuleCallback.Evaluate, null, new ModuleCallback(withTime, f), tensors.Parameters, tensors.Buffers);
    }

    private static torch.Tensor[] Only(torch.Tensor[] z, int count) =>
        z.Length == count ? z : throw new ArgumentException($"z: a state of {z.Length} tensors, but the module takes {count}.", nameof(z));
}
