namespace NeuralOde.Numerics.Tests;

/// <summary>Dynamics with an initial state, in Float64; every leaf requires gradients.</summary>
public sealed class Problem : IDisposable
{
    private Problem(Dynamics dynamics, IReadOnlyList<Tensor> z0, IReadOnlyList<Tensor> parameters)
    {
        Dynamics = dynamics;
        State = z0;
        Parameters = parameters;
    }

    /// <summary>The problems that every gradient is checked on.</summary>
    public static readonly string[] Names = ["mlp", "linear", "pair"];

    public Dynamics Dynamics { get; }

    public IReadOnlyList<Tensor> State { get; }

    public IReadOnlyList<Tensor> Parameters { get; }

    /// <summary>The same weights and states whenever it is called with the same name.</summary>
    public static Problem Create(string name)
    {
        Library.ManualSeed(20);
        return name switch
        {
            "mlp" => Mlp(),
            "linear" => Linear(),
            "pair" => Pair(),
            _ => throw new ArgumentException($"name: there is no problem '{name}'", nameof(name)),
        };
    }

    public void Dispose() => Dynamics.Dispose();

    /// <summary>f = tanh(z W1 + t b) W2 + sin t.</summary>
    private static Problem Mlp()
    {
        var (first, bias, second) = (Leaf(0.7, 4, 6), Leaf(0.5, 6), Leaf(0.7, 6, 4));
        return new(
            Dynamics.FromFunction((t, z) => (z.MatMul(first) + (bias * t)).Tanh().MatMul(second) + t.Sin(), [first, bias, second]),
            [Leaf(1, 3, 4)], [first, bias, second]);
    }

    /// <summary>f = z A (1 + t^2).</summary>
    private static Problem Linear()
    {
        var matrix = Leaf(0.4, 3, 3);
        return new(Dynamics.FromFunction((t, z) => z.MatMul(matrix) * (1 + t.Square()), [matrix]), [Leaf(1, 2, 3)], [matrix]);
    }

    /// <summary>A damped, driven oscillator: position' = tanh(momentum), momentum' = -k position - c momentum + cos t. The shapes differ.</summary>
    private static Problem Pair()
    {
        var (stiffness, friction) = (Leaf(1, 3), Leaf(0.3));
        return new(
            Dynamics.FromFunction(
                (t, z) => [z[1].Tanh(), -(stiffness * z[0]) - (friction * z[1]) + t.Cos(), z[0].Sum(0) * t],
                [stiffness, friction]),
            [Leaf(1, 2, 3), Leaf(1, 2, 3), Leaf(1, 3)], [stiffness, friction]);
    }

    private static Tensor Leaf(double scale, params long[] shape) => (Tensor.Randn(shape, DType.Float64) * scale).WithGrad();
}
