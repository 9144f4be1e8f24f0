namespace NeuralOde.Numerics.Tests.Properties;

/// <summary>A case, run: state, weights and cotangent of 2-norm 1 (A has the case's Lipschitz constant for its Frobenius norm).</summary>
internal sealed class SolveRun : IDisposable
{
    private readonly SolveCase _case;
    private readonly Dynamics _dynamics;
    private readonly Tensor[] _z0;
    private readonly Tensor[] _cotangents;
    private readonly Tensor[] _weights;

    public SolveRun(SolveCase one)
    {
        Library.ManualSeed(one.Seed);
        _case = one;
        var first = Normalised(one.Lipschitz, 1, one.Width, one.Width)[0].WithGrad();
        var second = Normalised(1, 1, one.Width, one.Width)[0].WithGrad();
        _weights = one.Kind == DynamicsKind.Tanh ? [first, second] : [first];
        _z0 = [.. Normalised(1, one.Tensors, one.Rows, one.Width).Select(state => state.WithGrad())];
        _cotangents = Normalised(1, one.Tensors, one.Rows, one.Width);
        var drive = 1 / Math.Sqrt(one.Tensors * one.Rows * one.Width);
        _dynamics = Dynamics.FromFunction(
            (Tensor t, IReadOnlyList<Tensor> z) => [.. Enumerable.Range(0, z.Count).Select(i => F(t, z[(i + 1) % z.Count]))], _weights);

        Tensor F(Tensor t, Tensor z) => one.Kind switch
        {
            DynamicsKind.Linear => z.MatMul(first),
            DynamicsKind.Tanh => z.MatMul(first).Tanh().MatMul(second),
            _ => (z.MatMul(first) * t.Cos()) + (t.Sin() * drive),
        };
    }

    /// <summary>Largest absolute value of an element of the first state.</summary>
    public double LargestStart => _z0.Max(state => state.Abs().Max().ToDouble());

    /// <summary>Solves, pulls the cotangent back, and gives what the solution tells after that.</summary>
    public (SolverStatistics Statistics, Status Status, double[] Gradients) Solve(SolverOptions options)
    {
        foreach (var leaf in _z0.Concat(_weights)) leaf.Grad = null;
        using var solution = new OdeSolver(options).Solve(_dynamics, _z0, 0, _case.End);
        if (solution.Status != Status.Ok) return (solution.Statistics, solution.Status, []);
        solution.States.Zip(_cotangents, (state, cotangent) => (state * cotangent).Sum()).Aggregate((a, b) => a + b).Backward();
        return (solution.Statistics, solution.Status, [.. _z0.Concat(_weights).SelectMany(leaf => leaf.Grad!.To(DType.Float64).ToArray<double>())]);
    }

    public void Dispose() => _dynamics.Dispose();

    /// <summary>Random tensors that have the 2-norm <paramref name="norm"/> together.</summary>
    private Tensor[] Normalised(double norm, int count, long rows, long width)
    {
        var all = Tensor.Randn([count, rows, width], DType.Float64);
        all = (all * (norm / all.Norm().ToDouble())).To(_case.DType);
        return [.. Enumerable.Range(0, count).Select(i => all[i].Clone())];
    }
}
