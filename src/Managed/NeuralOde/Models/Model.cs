using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>An image classifier whose residual blocks of constant width are neural ODEs over [0, 1].</summary>
public sealed unsafe class Model : IDisposable
{
    private readonly ModelHandle _handle;
    private TensorDictionary? _parameters;
    private TensorDictionary? _buffers;
    private SolverOptions _solver;

    private Model(nint pointer, ModelOptions options, SolverOptions solver)
    {
        _handle = new ModelHandle(pointer);
        Options = options;
        _solver = solver;
    }

    /// <summary>The models there are: "odenet-small" for CPUs, "resnet18-ode" as in Zhuang et al. 2021.</summary>
    public static IReadOnlyList<string> Names { get; } = ["odenet-small", "resnet18-ode"];

    /// <summary>What it was made with.</summary>
    public ModelOptions Options { get; }

    /// <summary>Where it is: "cpu", or what <see cref="To"/> was given.</summary>
    public string Device { get; private set; } = "cpu";

    /// <summary>Whether the weights of its convolutions are laid out with the channels last.</summary>
    public bool ChannelsLast { get; private set; }

    /// <summary>How its blocks are integrated. May be replaced between forwards, to evaluate with another solver than was trained with.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public SolverOptions Solver
    {
        get => _solver;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            var native = value.ToNative();
            using var self = _handle.Lend();
            NativeCall.Check(NativeMethods.neuralode_model_set_solve(self.Pointer, &native));
            _solver = value;
        }
    }

    /// <summary>Parameters by name, sharing memory with the model; disposed with it.</summary>
    public IReadOnlyDictionary<string, Tensor> Parameters => _parameters ??= Collect(parameters: true);

    /// <summary>Running statistics by name, sharing memory with the model; disposed with it.</summary>
    public IReadOnlyDictionary<string, Tensor> Buffers => _buffers ??= Collect(parameters: false);

    internal ModelHandle Handle => _handle;

    /// <summary>A new model in training mode with weights drawn from <see cref="ModelOptions.Seed"/>.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static Model Create(ModelOptions options, SolverOptions solver)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(solver);
        var native = options.ToNative();
        var nativeSolver = solver.ToNative();
        fixed (byte* name = NativeCall.Utf8(options.Name, nameof(options)))
        {
            NativeCall.Check(NativeMethods.neuralode_model_create(name, &native, &nativeSolver, out var pointer));
            return new Model(pointer, options, solver);
        }
    }

    /// <summary>Moves parameters, their gradients and buffers. The parameters stay the same tensors; an optimiser's state does not follow, so
    /// move a model before its first step.</summary>
    /// <param name="device">"cpu", "cuda:0", ...</param>
    /// <param name="channelsLast">Lay the weights of convolutions out with the channels last, as images should then be; null where it is a GPU.</param>
    /// <exception cref="NeuralOdeException">With <see cref="Status.Unsupported"/>: the build or the machine has no such GPU.</exception>
    public void To(string device, bool? channelsLast = null)
    {
        using var self = _handle.Lend();
        fixed (byte* name = NativeCall.Utf8(device, nameof(device)))
        {
            var last = channelsLast ?? PrecisionScope.IsGpu(device);
            NativeCall.Check(NativeMethods.neuralode_model_to(self.Pointer, name, last ? 1 : 0));
            (Device, ChannelsLast) = (device, last);
        }
    }

    /// <summary>Logits (batch, classes) of images (batch, 3, height, width) in Float32 on the model's device. Under
    /// <see cref="Autograd.Autocast"/> they are of its type, while the states of the ODE blocks stay Float32.</summary>
    public Tensor Forward(Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        using var self = _handle.Lend();
        using var input = images.Handle.Lend();
        NativeCall.Check(NativeMethods.neuralode_model_forward(self.Pointer, input.Pointer, out var logits));
        return Tensor.Own(logits);
    }

    /// <summary>Sets training mode (batch statistics, which are tracked) or evaluation mode (the tracked ones).</summary>
    public void Train(bool training = true)
    {
        using var self = _handle.Lend();
        NativeCall.Check(NativeMethods.neuralode_model_set_training(self.Pointer, training ? 1 : 0));
    }

    /// <summary>What the blocks' solvers did since creation or the last reset: sums, and the worst reconstruction error.</summary>
    /// <param name="reset">Begin anew after this.</param>
    public SolverStatistics Statistics(bool reset = false)
    {
        using var self = _handle.Lend();
        NativeCall.Check(NativeMethods.neuralode_model_statistics(self.Pointer, reset ? 1 : 0, (uint)sizeof(neuralode_statistics), out var statistics));
        return SolverStatistics.From(statistics);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _parameters?.Dispose();
        _buffers?.Dispose();
        _handle.Dispose();
    }

    private TensorDictionary Collect(bool parameters)
    {
        using var self = _handle.Lend();
        nint map;
        NativeCall.Check(parameters
            ? NativeMethods.neuralode_model_parameters(self.Pointer, out map)
            : NativeMethods.neuralode_model_buffers(self.Pointer, out map));
        return TensorDictionary.Take(map, scoped: false);
    }
}
