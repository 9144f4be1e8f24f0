using System.Reflection;
using NeuralOde.Interop;
using TorchSharp;
using Module = TorchSharp.torch.nn.Module;

namespace NeuralOde.TorchSharp;

/// <summary>The parameters and buffers that a module has at one moment.</summary>
internal sealed unsafe class ModuleTensors : IDisposable
{
    // Module.buffers has one optional argument more from one TorchSharp to the next, which a compiled call would be tied to.
    private static readonly MethodInfo BuffersMethod = typeof(Module).GetMethods().Single(method => method.Name == "buffers");
    private static readonly object?[] BuffersDefaults = [.. BuffersMethod.GetParameters().Select(parameter => parameter.DefaultValue)];

    private ModuleTensors(IReadOnlyList<Tensor> parameters, IReadOnlyList<Tensor> buffers) => (Parameters, Buffers) = (parameters, buffers);

    public IReadOnlyList<Tensor> Parameters { get; }

    public IReadOnlyList<Tensor> Buffers { get; }

    public static ModuleTensors Of(Module module)
    {
        using var scope = torch.NewDisposeScope();   // for the handles that TorchSharp makes anew at each call
        var buffers = (IEnumerable<torch.Tensor>)BuffersMethod.Invoke(module, BuffersDefaults)!;
        return new(Shares(module.parameters()), Shares(buffers));
    }

    /// <summary>Whether both hold the same tensors, so that dynamics made of one do for the other.</summary>
    public bool SameAs(ModuleTensors other) => Same(Parameters, other.Parameters) && Same(Buffers, other.Buffers);

    public void Dispose()
    {
        foreach (var tensor in Parameters.Concat(Buffers)) tensor.Dispose();
    }

    private static Tensor[] Shares(IEnumerable<torch.Tensor> tensors) => [.. tensors.Where(tensor => tensor is not null).Select(Share)];

    private static Tensor Share(torch.Tensor tensor)
    {
        NativeCall.Check(NativeMethods.neuralode_tensor_share(tensor.Handle, out var shared));
        GC.KeepAlive(tensor);
        return Tensor.OwnUnscoped(shared);
    }

    private static bool Same(IReadOnlyList<Tensor> first, IReadOnlyList<Tensor> second)
    {
        if (first.Count != second.Count) return false;
        for (var i = 0; i < first.Count; i++)
        {
            using var one = first[i].Handle.Lend();
            using var other = second[i].Handle.Lend();
            NativeCall.Check(NativeMethods.neuralode_tensor_is_same(one.Pointer, other.Pointer, out var same));
            if (same == 0) return false;
        }

        return true;
    }
}
