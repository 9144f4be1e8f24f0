using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>Gradients of tensors, and the calling thread's recording of operations.</summary>
public static unsafe class Autograd
{
    /// <summary>Stops recording until the result is disposed: <c>using (Autograd.NoGrad()) { ... }</c>. Of the calling thread.</summary>
    public static GradModeScope NoGrad() => new(0);

    /// <summary>Records until the result is disposed, also inside a <see cref="NoGrad"/>. Of the calling thread.</summary>
    public static GradModeScope EnableGrad() => new(1);

    /// <summary>Lets operations on one type of device compute in fewer bits where libtorch deems it safe, until the result is disposed. Of the
    /// calling thread; parameters, gradients and the states of solves stay what they are.</summary>
    /// <param name="type">BFloat16, or Float16: on a GPU, with a <see cref="GradientScaler"/>.</param>
    /// <param name="device">"cpu", or "cuda" with or without a number.</param>
    /// <exception cref="NeuralOdeException">Another type; Float16 on a CPU, where libtorch lacks it; a GPU where there is none.</exception>
    public static AutocastScope Autocast(DType type = DType.BFloat16, string device = "cpu") => new(device, true, (int)type);

    /// <summary>Lets operations compute in their own types again until the result is disposed, inside an <see cref="Autocast"/>.</summary>
    public static AutocastScope NoAutocast(string device = "cpu") => new(device, false, -1);

    /// <summary>The derivatives of the sum of &lt;output, cotangent&gt; with respect to each input.</summary>
    /// <param name="outputs">One or more tensors.</param>
    /// <param name="inputs">What to differentiate by: leaves or results that the outputs were computed from.</param>
    /// <param name="cotangents">Null, or one for each output; a null entry is 1 and needs a single element.</param>
    /// <param name="retainGraph">Keep the graph for another backward.</param>
    /// <param name="createGraph">Record the derivatives, for higher ones.</param>
    /// <returns>One tensor for each input; null where no output depends on it.</returns>
    public static IReadOnlyList<Tensor?> Grad(
        IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor> inputs, IReadOnlyList<Tensor?>? cotangents = null,
        bool retainGraph = false, bool createGraph = false)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        ArgumentNullException.ThrowIfNull(inputs);
        if (cotangents is not null && cotangents.Count != outputs.Count)
        {
            throw new ArgumentException($"cotangents: {cotangents.Count} for {outputs.Count} outputs; give one for each, or null.", nameof(cotangents));
        }

        using var from = new TensorLeases(outputs);
        using var to = new TensorLeases(inputs);
        using var with = new TensorLeases(cotangents ?? []);
        var gradients = new nint[inputs.Count];
        fixed (nint* fromPointer = from.Pointers, toPointer = to.Pointers, withPointer = with.Pointers, result = gradients)
        {
            NativeCall.Check(NativeMethods.neuralode_grad(
                fromPointer, cotangents is null ? null : withPointer, outputs.Count, toPointer, inputs.Count,
                retainGraph || createGraph ? 1 : 0, createGraph ? 1 : 0, result));
        }

        return Array.ConvertAll(gradients, gradient => gradient == 0 ? null : Tensor.Own(gradient));
    }

    /// <summary>The derivative of a single-element tensor with respect to one input; null where it does not depend on it.</summary>
    public static Tensor? Grad(Tensor output, Tensor input) => Grad([output], [input])[0];
}
