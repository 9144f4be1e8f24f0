using static TorchSharp.torch.nn;

namespace TorchSharpTests;

/// <summary>f(z) = W2 tanh(W1 z), float64, (batch, 3) to the same; calls, if given, before each forward.</summary>
internal sealed class Field : Module<Tensor, Tensor>
{
    private readonly Module<Tensor, Tensor> first = Linear(3, 5);
    private readonly Module<Tensor, Tensor> second = Linear(5, 3);
    private readonly Action? _before;

    public Field(Action? before = null) : base(nameof(Field))
    {
        _before = before;
        RegisterComponents();
        Seeds.Fill(this);
    }

    public override Tensor forward(Tensor z)
    {
        _before?.Invoke();
        return second.call(first.call(z).tanh());
    }
}

/// <summary>f(t, z) = sin(t) W z - z^3 / 4.</summary>
internal sealed class TimedField : Module<Tensor, Tensor, Tensor>
{
    private readonly Module<Tensor, Tensor> linear = Linear(3, 3);

    public TimedField() : base(nameof(TimedField))
    {
        RegisterComponents();
        Seeds.Fill(this);
    }

    public override Tensor forward(Tensor t, Tensor z) => (t.sin() * linear.call(z)) - (z * z * z / 4.0);
}

/// <summary>f(t, [x, y]) = [y W, -x cos(t)].</summary>
internal sealed class TupleField : Module<Tensor, Tensor[], Tensor[]>
{
    private readonly Module<Tensor, Tensor> linear = Linear(3, 3);

    public TupleField() : base(nameof(TupleField))
    {
        RegisterComponents();
        Seeds.Fill(this);
    }

    public override Tensor[] forward(Tensor t, Tensor[] z) => [linear.call(z[1]), -z[0] * t.cos()];
}

/// <summary>The same as <see cref="TupleField"/> for forward(t, x, y).</summary>
internal sealed class PairField : Module<Tensor, Tensor, Tensor, (Tensor, Tensor)>
{
    private readonly TupleField field = new();

    public PairField() : base(nameof(PairField)) => RegisterComponents();

    public override (Tensor, Tensor) forward(Tensor t, Tensor x, Tensor y)
    {
        var u = field.call(t, [x, y]);
        return (u[0], u[1]);
    }
}

/// <summary>Convolution, batch norm and dropout, (batch, 4, 5, 5).</summary>
internal sealed class NetworkField : Module<Tensor, Tensor>
{
    private readonly Module<Tensor, Tensor> convolution = Conv2d(4, 4, 3, padding: 1);
    private readonly Module<Tensor, Tensor> norm = BatchNorm2d(4);
    private readonly Module<Tensor, Tensor> dropout;

    public NetworkField(double dropout = 0.3) : base(nameof(NetworkField))
    {
        this.dropout = Dropout(dropout);
        RegisterComponents();
        this.to(ScalarType.Float64);
    }

    public override Tensor forward(Tensor z) => dropout.call(norm.call(convolution.call(z)).tanh());
}

internal static class Seeds
{
    /// <summary>float64 weights that are the same each time.</summary>
    public static void Fill(Module module)
    {
        module.to(ScalarType.Float64);
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var offset = 1;
        foreach (var parameter in module.parameters())
        {
            var count = parameter.numel();
            parameter.copy_((arange(count, ScalarType.Float64) * 0.7 + offset++).sin().reshape(parameter.shape) * 0.6);
        }
    }

    public static Tensor State(int salt = 0, bool requiresGrad = true)
    {
        var state = (arange(6, ScalarType.Float64) * 1.3 + salt).cos().reshape(2, 3).DetachFromDisposeScope();
        state.requires_grad = requiresGrad;
        return state;
    }
}
