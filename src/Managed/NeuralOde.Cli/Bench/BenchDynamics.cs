namespace NeuralOde.Cli.Bench;

/// <summary>Dynamics u = f(t, z, theta) written in C#, with the state, the parameters and the cotangent that they are measured with: float32
/// numbers, which every precision that is compared starts from. The tensors belong to the scope that was open when they were made.</summary>
internal sealed record BenchDynamics(
    string Name, Func<Tensor, Tensor, IReadOnlyList<Tensor>, Tensor> F, Tensor Z0, IReadOnlyList<Tensor> Parameters, Tensor Cotangent)
{
    private const long Batch = 8;
    private const long Width = 16;
    private const double AngularVelocity = 2;
    private const double Mu = 2;
    private const double StiffMu = 100;
    private const int ReferenceSteps = 2000;

    /// <summary>The state at t in float64, where a formula gives it.</summary>
    public Func<double, double[]>? Formula { get; private init; }

    /// <summary>Those of <c>bench drift</c>, drawn from libtorch's generator.</summary>
    public static IReadOnlyList<BenchDynamics> ForDrift() => [Rotation(), TanhLinear(), Contracting(), VanDerPol("Van der Pol", Mu, Tensor.Randn([Batch, 2]))];

    /// <summary>Those of <c>bench precision</c>, drawn from libtorch's generator.</summary>
    public static IReadOnlyList<BenchDynamics> ForPrecision() => [Mlp(), Conv()];

    /// <summary>Van der Pol's oscillator on its slow manifold, with mu = 100: rates of 1 / mu and 3 mu.</summary>
    public static BenchDynamics Stiff() => VanDerPol("Van der Pol, mu = 100", StiffMu, Tensor.Stack([2 + 0.1 * Tensor.Randn([Batch]), Tensor.Zeros([Batch])], 1));

    /// <summary>The state at <paramref name="t1"/> in float64: by the formula, else by 2000 steps of the classical Runge-Kutta method of order 4,
    /// whose error is some 1e-9 for the dynamics and times measured here.</summary>
    public double[] Reference(double t1) => Formula?.Invoke(t1) ?? RungeKutta(t1);

    private static BenchDynamics Rotation()
    {
        var z0 = Tensor.Randn([Batch, 2]);
        var start = z0.To(DType.Float64).ToArray<double>();
        return new("rotation", (_, z, theta) => z.Linear(theta[0]), z0,
            [Tensor.FromArray<float>([0, (float)AngularVelocity, (float)-AngularVelocity, 0], 2, 2)], Tensor.Randn([Batch, 2]))
        {
            Formula = t =>
            {
                var (sine, cosine) = Math.SinCos(AngularVelocity * t);
                return [.. Enumerable.Range(0, (int)Batch).SelectMany(i =>
                    (double[])[cosine * start[2 * i] + sine * start[2 * i + 1], cosine * start[2 * i + 1] - sine * start[2 * i]])];
            },
        };
    }

    private static BenchDynamics TanhLinear() =>
        Square("tanh(W z)", (_, z, theta) => z.Linear(theta[0]).Tanh(), [Weight(1.5, Width, Width)]);

    private static BenchDynamics Contracting() =>
        Square("-z + tanh(W z)", (_, z, theta) => z.Linear(theta[0]).Tanh() - z, [Weight(0.5, Width, Width)]);

    private static BenchDynamics VanDerPol(string name, double mu, Tensor z0) => new(name,
        (_, z, theta) =>
        {
            var (x, y) = (z.Select(1, 0), z.Select(1, 1));
            return Tensor.Stack([y, theta[0] * (1 - x.Square()) * y - x], 1);
        },
        z0, [Tensor.Scalar((float)mu)], Tensor.Randn([Batch, 2]));

    private static BenchDynamics Mlp() => Square("MLP 16-64-16",
        (t, z, theta) => (z.Linear(theta[0], theta[1]) + t).Tanh().Linear(theta[2], theta[3]),
        [Weight(1, 4 * Width, Width), Tensor.Zeros([4 * Width]), Weight(1, Width, 4 * Width), Tensor.Zeros([Width])]);

    private static BenchDynamics Conv() => new("conv 8 x 8 x 8",
        (t, z, theta) => (z.Conv2d(theta[0], padding: 1) + t).Tanh().Conv2d(theta[1], padding: 1),
        Tensor.Randn([2, 8, 8, 8]), [Weight(1, 8, 8, 3, 3), Weight(1, 8, 8, 3, 3)], Tensor.Randn([2, 8, 8, 8]));

    private static BenchDynamics Square(string name, Func<Tensor, Tensor, IReadOnlyList<Tensor>, Tensor> f, IReadOnlyList<Tensor> parameters) =>
        new(name, f, Tensor.Randn([Batch, Width]), parameters, Tensor.Randn([Batch, Width]));

    /// <summary>Normal, of variance scale^2 / inputs, so that W z is about <paramref name="scale"/> times as large as z.</summary>
    private static Tensor Weight(double scale, params long[] shape) =>
        Tensor.Randn(shape) * (scale / Math.Sqrt(shape[1..].Aggregate(1L, (a, b) => a * b)));

    private double[] RungeKutta(double t1)
    {
        using var scope = new TensorScope();
        using var still = Autograd.NoGrad();
        Tensor[] theta = [.. Parameters.Select(parameter => parameter.To(DType.Float64))];
        var z = Z0.To(DType.Float64);
        var h = t1 / ReferenceSteps;
        for (var i = 0; i < ReferenceSteps; i++)
        {
            using var step = new TensorScope();
            Tensor U(double t, Tensor at) => F(Tensor.Scalar(t), at, theta);
            var u1 = U(i * h, z);
            var u2 = U((i + 0.5) * h, z + h / 2 * u1);
            var u3 = U((i + 0.5) * h, z + h / 2 * u2);
            var u4 = U((i + 1) * h, z + h * u3);
            z = step.Keep(z + h / 6 * (u1 + 2 * u2 + 2 * u3 + u4));
        }
        return z.ToArray<double>();
    }
}
