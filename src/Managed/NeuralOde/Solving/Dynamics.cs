using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>The right-hand side f(t, z) of dz/dt = f(t, z): a C# function or a TorchScript file.</summary>
/// <remarks>t is a tensor without dimensions of z's element type; with <see cref="SolverOptions.PerSample"/> it is (batch, 1, ..., 1), with as many
/// dimensions as the first state tensor. A C# function may use any operation of <see cref="Tensor"/>; autograd
/// differentiates it. It runs inside a <see cref="TensorScope"/> of its own, so its intermediate results need no care, and what it
/// receives is valid until it returns. What it throws comes out of the solve, or of the backward, as itself.</remarks>
public sealed unsafe class Dynamics : IDisposable
{
    private readonly DynamicsHandle _handle;
    private TensorDictionary? _parameters;
    private TensorDictionary? _buffers;

    private Dynamics(nint pointer) => _handle = new DynamicsHandle(pointer);

    /// <summary>All parameters by name, sharing memory with the dynamics; disposed with it.</summary>
    public IReadOnlyDictionary<string, Tensor> Parameters => _parameters ??= Collect(parameters: true);

    /// <summary>State that evaluations change (running statistics) by name, sharing memory with the dynamics; disposed with it.</summary>
    public IReadOnlyDictionary<string, Tensor> Buffers => _buffers ??= Collect(parameters: false);

    internal DynamicsHandle Handle => _handle;

    /// <summary>Dynamics of one state tensor.</summary>
    /// <param name="f">(t, z) to u, of z's shape.</param>
    /// <param name="parameters">The tensors that f uses and gradients are wanted for: leaves, or results, which pass them on. Frozen ones are skipped.</param>
    /// <param name="buffers">Tensors that f changes in place; restored after each reverse sweep.</param>
    [OverloadResolutionPriority(1)]   // decides for lambdas that fit both, such as (t, z) => z
    public static Dynamics FromFunction(
        Func<Tensor, Tensor, Tensor> f, IEnumerable<Tensor>? parameters = null, IEnumerable<Tensor>? buffers = null)
    {
        ArgumentNullException.ThrowIfNull(f);
        return Create(new DynamicsCallback((t, z) => [f(t, DynamicsCallback.Single(z))], null), parameters, buffers);
    }

    /// <summary>Dynamics of a tuple of state tensors.</summary>
    /// <param name="f">(t, [z0, z1, ...]) to [u0, u1, ...], of the same shapes.</param>
    /// <param name="parameters">The tensors that f uses and gradients are wanted for: leaves, or results, which pass them on. Frozen ones are skipped.</param>
    /// <param name="buffers">Tensors that f changes in place; restored after each reverse sweep.</param>
    public static Dynamics FromFunction(
        Func<Tensor, IReadOnlyList<Tensor>, IReadOnlyList<Tensor>> f, IEnumerable<Tensor>? parameters = null, IEnumerable<Tensor>? buffers = null)
    {
        ArgumentNullException.ThrowIfNull(f);
        return Create(new DynamicsCallback(f, null), parameters, buffers);
    }

    /// <summary>Dynamics of one state tensor whose derivative is written by hand, instead of autograd's.</summary>
    /// <param name="f">(t, z) to u.</param>
    /// <param name="vjp">(t, z, a_u) to u and the cotangents of t, z and the parameters.</param>
    /// <param name="parameters">The tensors that f uses and gradients are wanted for: leaves, or results, which pass them on.</param>
    /// <param name="buffers">Tensors that f changes in place; restored after each reverse sweep.</param>
    [OverloadResolutionPriority(1)]
    public static Dynamics FromFunctionWithVjp(
        Func<Tensor, Tensor, Tensor> f, Func<Tensor, Tensor, Tensor, Pullback> vjp,
        IEnumerable<Tensor>? parameters = null, IEnumerable<Tensor>? buffers = null)
    {
        ArgumentNullException.ThrowIfNull(f);
        ArgumentNullException.ThrowIfNull(vjp);
        return Create(
            new DynamicsCallback(
                (t, z) => [f(t, DynamicsCallback.Single(z))], (t, z, cotangents) => vjp(t, DynamicsCallback.Single(z), cotangents[0])),
            parameters, buffers);
    }

    /// <summary>Dynamics of a tuple of state tensors whose derivative is written by hand, instead of autograd's.</summary>
    /// <param name="f">(t, [z0, z1, ...]) to [u0, u1, ...].</param>
    /// <param name="vjp">(t, [z0, ...], [a_u0, ...]) to u and the cotangents of t, z and the parameters.</param>
    /// <param name="parameters">The tensors that f uses and gradients are wanted for: leaves, or results, which pass them on.</param>
    /// <param name="buffers">Tensors that f changes in place; restored after each reverse sweep.</param>
    public static Dynamics FromFunctionWithVjp(
        Func<Tensor, IReadOnlyList<Tensor>, IReadOnlyList<Tensor>> f,
        Func<Tensor, IReadOnlyList<Tensor>, IReadOnlyList<Tensor>, Pullback> vjp,
        IEnumerable<Tensor>? parameters = null, IEnumerable<Tensor>? buffers = null)
    {
        ArgumentNullException.ThrowIfNull(f);
        ArgumentNullException.ThrowIfNull(vjp);
        return Create(new DynamicsCallback(f, vjp), parameters, buffers);
    }

    /// <summary>Dynamics from a TorchScript file whose forward is (t, z) or (t, z0, z1, ...).</summary>
    /// <param name="path">A file that <c>torch.jit.save</c> wrote.</param>
    /// <param name="device">Where its parameters go: "cpu", "cuda:0", ...</param>
    /// <exception cref="NeuralOdeException">The file is missing, damaged, or its forward has other arguments.</exception>
    public static Dynamics LoadTorchScript(string path, string device = "cpu")
    {
        fixed (byte* pathPointer = NativeCall.Utf8(path, nameof(path)), devicePointer = NativeCall.Utf8(device, nameof(device)))
        {
            NativeCall.Check(NativeMethods.neuralode_dynamics_load_torchscript(pathPointer, devicePointer, out var pointer));
            return new Dynamics(pointer);
        }
    }

    /// <summary>f = explicitPart + implicitPart, for <see cref="SolverKind.KenCarp3"/>, which steps the first explicitly and the second implicitly; to
    /// other solvers it is their sum.</summary>
    /// <param name="explicitPart">The part that is not stiff; the caller disposes it, at any time.</param>
    /// <param name="implicitPart">The stiff part; the caller disposes it, at any time.</param>
    /// <remarks>Names of parameters and buffers get the prefixes "explicit." and "implicit.".</remarks>
    public static Dynamics Split(Dynamics explicitPart, Dynamics implicitPart)
    {
        ArgumentNullException.ThrowIfNull(explicitPart);
        ArgumentNullException.ThrowIfNull(implicitPart);
        using var first = explicitPart._handle.Lend();
        using var second = implicitPart._handle.Lend();
        NativeCall.Check(NativeMethods.neuralode_dynamics_create_split(first.Pointer, second.Pointer, out var pointer));
        return new Dynamics(pointer);
    }

    /// <summary>Sets what GMRES is preconditioned with in implicit steps, where the state has more elements than
    /// <see cref="SolverOptions.DenseJacobianLimit"/>; of split dynamics it is for the implicit part.</summary>
    /// <param name="precondition">(t, z, scale, transposed, r) to x, of r's shape, about (I - scale J)^-1 r, or (I - scale J^T)^-1 r where transposed,
    /// J = df/dz at (t, z). Called from the solve, and from the backward on the thread that runs it.</param>
    [OverloadResolutionPriority(1)]
    public void SetPreconditioner(Func<Tensor, Tensor, double, bool, Tensor, Tensor> precondition)
    {
        ArgumentNullException.ThrowIfNull(precondition);
        Set(new((t, z, scale, transposed, r) => [precondition(t, DynamicsCallback.Single(z), scale, transposed, r[0])]));
    }

    /// <summary>As <see cref="SetPreconditioner(Func{Tensor, Tensor, double, bool, Tensor, Tensor})"/> for a tuple of state tensors.</summary>
    /// <param name="precondition">(t, [z0, ...], scale, transposed, [r0, ...]) to [x0, ...], of r's shapes.</param>
    public void SetPreconditioner(Func<Tensor, IReadOnlyList<Tensor>, double, bool, IReadOnlyList<Tensor>, IReadOnlyList<Tensor>> precondition)
    {
        ArgumentNullException.ThrowIfNull(precondition);
        Set(new PreconditionerCallback(precondition));
    }

    /// <summary>Lets go of the preconditioner.</summary>
    public void ClearPreconditioner()
    {
        using var self = _handle.Lend();
        NativeCall.Check(NativeMethods.neuralode_dynamics_set_preconditioner(self.Pointer, null, null, 0));
    }

    /// <summary>Sets training or evaluation mode of the module inside; nothing to do for a C# function.</summary>
    public void Train(bool training = true)
    {
        using var self = _handle.Lend();
        NativeCall.Check(NativeMethods.neuralode_dynamics_set_training(self.Pointer, training ? 1 : 0));
    }

    /// <summary>Casts parameters and buffers to a floating-point type. Those taken from this object before are disposed: ask for them again.</summary>
    public void To(DType dtype)
    {
        using var self = _handle.Lend();
        NativeCall.Check(NativeMethods.neuralode_dynamics_to_dtype(self.Pointer, (int)dtype));
        DisposeCollections();
    }

    /// <summary>u = f(t, z), recorded by autograd.</summary>
    public Tensor Evaluate(double t, Tensor z) => Evaluate(t, [z])[0];

    /// <summary>[u0, u1, ...] = f(t, [z0, z1, ...]), recorded by autograd.</summary>
    public IReadOnlyList<Tensor> Evaluate(double t, IReadOnlyList<Tensor> z)
    {
        ArgumentNullException.ThrowIfNull(z);
        using var self = _handle.Lend();
        using var states = new TensorLeases(z);
        var derivatives = new nint[z.Count];
        fixed (nint* statesPointer = states.Pointers, result = derivatives)
        {
            NativeCall.Check(NativeMethods.neuralode_dynamics_eval(self.Pointer, t, statesPointer, z.Count, result));
        }

        return Array.ConvertAll(derivatives, Tensor.Own);
    }

    /// <summary>Frees the dynamics. Graphs of solutions that use it keep what they need.</summary>
    public void Dispose()
    {
        DisposeCollections();
        _handle.Dispose();
    }

    private static Dynamics Create(DynamicsCallback callback, IEnumerable<Tensor>? parameters, IEnumerable<Tensor>? buffers) =>
        Create(&DynamicsCallback.Evaluate, callback.HasVjp ? &DynamicsCallback.Linearize : null, callback, parameters, buffers);

    /// <summary>Dynamics from callbacks that find <paramref name="callback"/> by a GCHandle, their user pointer.</summary>
    internal static Dynamics Create(
        delegate* unmanaged[Cdecl]<nint, nint, nint*, long, nint*, int> evaluate,
        delegate* unmanaged[Cdecl]<nint, nint, nint*, nint*, long, long, nint*, nint*, nint*, nint*, int> linearize,
        object callback, IEnumerable<Tensor>? parameters, IEnumerable<Tensor>? buffers)
    {
        using var parameterLeases = new TensorLeases(parameters?.ToArray() ?? []);
        using var bufferLeases = new TensorLeases(buffers?.ToArray() ?? []);
        var context = GCHandle.Alloc(callback);
        fixed (nint* parameterPointer = parameterLeases.Pointers, bufferPointer = bufferLeases.Pointers)
        {
            var status = NativeMethods.neuralode_dynamics_create_callback(
                evaluate, linearize, &DynamicsCallback.Release,
                GCHandle.ToIntPtr(context), parameterPointer, parameterLeases.Pointers.Length, bufferPointer, bufferLeases.Pointers.Length,
                out var pointer);
            if (status != 0) context.Free();   // the library does not release what it did not take
            NativeCall.Check(status);
            return new Dynamics(pointer);
        }
    }

    private void Set(PreconditionerCallback callback)
    {
        using var self = _handle.Lend();
        var context = GCHandle.Alloc(callback);
        var status = NativeMethods.neuralode_dynamics_set_preconditioner(
            self.Pointer, &PreconditionerCallback.Apply, &PreconditionerCallback.Release, GCHandle.ToIntPtr(context));
        if (status != 0) context.Free();   // the library does not release what it did not take
        NativeCall.Check(status);
    }

    private TensorDictionary Collect(bool parameters)
    {
        using var self = _handle.Lend();
        nint map;
        NativeCall.Check(parameters
            ? NativeMethods.neuralode_dynamics_parameters(self.Pointer, out map)
            : NativeMethods.neuralode_dynamics_buffers(self.Pointer, out map));
        return TensorDictionary.Take(map, scoped: false);
    }

    private void DisposeCollections()
    {
        _parameters?.Dispose();
        _buffers?.Dispose();
        (_parameters, _buffers) = (null, null);
    }
}
