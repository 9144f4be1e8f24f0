using System.Numerics;

namespace NeuralOde.Managed.Tests;

/// <summary>One perceptron, state and cotangent, solved by the managed build and by the native library.</summary>
internal sealed class Mlp<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int Batch = 4;
    private const int Features = 5;
    private const int Hidden = 37;

    private readonly bool _withTime;
    private readonly T[] _firstWeight, _firstBias, _secondWeight, _secondBias, _state;
    private readonly Random _random = new(20);

    public Mlp(bool withTime)
    {
        _withTime = withTime;
        _firstWeight = Draw(Hidden * Inputs, 0.8);
        _firstBias = Draw(Hidden, 0.5);
        _secondWeight = Draw(Features * Hidden, 0.4);
        _secondBias = Draw(Features, 0.3);
        _state = Draw(Batch * Features, 1);
    }

    public MlpDynamics<T> Dynamics => new(Features, _firstWeight, _firstBias, _secondWeight, _secondBias, _withTime);

    public T[] State => _state;

    private int Inputs => Features + (_withTime ? 1 : 0);

    /// <summary>Numbers of the given scale that are the same in every run.</summary>
    public T[] Draw(int count, double scale) => [.. Enumerable.Range(0, count).Select(_ => T.CreateChecked(scale * ((2 * _random.NextDouble()) - 1)))];

    public Answer Managed(SolverOptions options, double t0, double t1, double[]? times = null)
    {
        var solution = new ManagedOdeSolver(options).Solve(Dynamics, _state, t0, t1, times);
        var gradients = solution.Backward(Cotangent(solution.States.Length));
        Dictionary<string, double[]> values = new()
        {
            ["state"] = Doubles(solution.States.ToArray()), ["times"] = [.. solution.Times], ["t0"] = [gradients.T0], ["t1"] = [gradients.T1],
            ["z0"] = Doubles(gradients.State.ToArray()),
        };
        if (times is not null) values["t_eval"] = [.. gradients.EvaluationTimes];
        for (var i = 0; i < 4; i++) values[$"parameter {i}"] = Doubles(gradients.Parameters[i]);
        return new(values, solution.Statistics);
    }

    public Answer Native(SolverOptions options, double t0, double t1, double[]? times = null)
    {
        using var scope = new TensorScope();
        Tensor[] parameters =
        [
            Leaf(_firstWeight, Hidden, Inputs), Leaf(_firstBias, Hidden), Leaf(_secondWeight, Features, Hidden), Leaf(_secondBias, Features),
        ];
        var (state, start, end) = (Leaf(_state, Batch, Features), Tensor.Scalar(t0).WithGrad(), Tensor.Scalar(t1).WithGrad());
        var tEval = times is null ? null : Tensor.FromArray<double>(times).WithGrad();
        using var dynamics = NeuralOde.Dynamics.FromFunction(
            (t, z) =>
            {
                var x = _withTime ? Tensor.Cat([z, t.Expand(Batch, 1)], 1) : z;
                return x.Linear(parameters[0], parameters[1]).Tanh().Linear(parameters[2], parameters[3]);
            },
            parameters);
        using var solution = new OdeSolver(options).Solve(dynamics, state, start, end, tEval);
        var cotangent = Tensor.FromArray<T>(Cotangent((int)solution.State.ElementCount), [.. solution.State.Shape]);
        (solution.State * cotangent).Sum().Backward();
        Dictionary<string, double[]> values = new()
        {
            ["state"] = Numbers(solution.State), ["times"] = Numbers(solution.Times), ["t0"] = Gradient(start), ["t1"] = Gradient(end),
            ["z0"] = Gradient(state),
        };
        if (tEval is not null) values["t_eval"] = Gradient(tEval);
        for (var i = 0; i < 4; i++) values[$"parameter {i}"] = Gradient(parameters[i]);
        return new(values, solution.Statistics);
    }

    /// <summary>The same for the same length.</summary>
    private static T[] Cotangent(int length) => [.. Enumerable.Range(0, length).Select(i => T.CreateChecked(Math.Cos((1.7 * i) + 0.3)))];

    private static Tensor Leaf(T[] values, params long[] shape) => Tensor.FromArray<T>(values, shape).WithGrad();

    private static double[] Gradient(Tensor leaf) => leaf.Grad is { } gradient ? Numbers(gradient) : new double[leaf.ElementCount];

    private static double[] Numbers(Tensor tensor) => tensor.Detach().To(DType.Float64).ToArray<double>();

    private static double[] Doubles(T[] values) => [.. values.Select(double.CreateChecked)];
}
