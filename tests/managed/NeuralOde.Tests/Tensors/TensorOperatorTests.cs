namespace NeuralOde.Tests.Tensors;

public sealed class TensorOperatorTests : IDisposable
{
    private readonly TensorScope _scope = new();

    public void Dispose() => _scope.Dispose();

    public static TheoryData<string, Func<Tensor, Tensor, Tensor>, Func<double, double, double>> Binary => new()
    {
        { "+", (a, b) => a + b, (a, b) => a + b },
        { "-", (a, b) => a - b, (a, b) => a - b },
        { "*", (a, b) => a * b, (a, b) => a * b },
        { "/", (a, b) => a / b, (a, b) => a / b },
        { "tensor + number", (a, _) => a + 1.5, (a, _) => a + 1.5 },
        { "number + tensor", (a, _) => 1.5 + a, (a, _) => 1.5 + a },
        { "tensor - number", (a, _) => a - 1.5, (a, _) => a - 1.5 },
        { "number - tensor", (a, _) => 1.5 - a, (a, _) => 1.5 - a },
        { "tensor * number", (a, _) => a * 1.5, (a, _) => a * 1.5 },
        { "number * tensor", (a, _) => 1.5 * a, (a, _) => 1.5 * a },
        { "tensor / number", (a, _) => a / 1.5, (a, _) => a / 1.5 },
        { "number / tensor", (a, _) => 1.5 / a, (a, _) => 1.5 / a },
        { "negation", (a, _) => -a, (a, _) => -a },
    };

    public static TheoryData<string, Func<Tensor, Tensor>, Func<double, double>> Unary => new()
    {
        { "tanh", x => x.Tanh(), Math.Tanh },
        { "relu", x => x.Relu(), x => Math.Max(x, 0) },
        { "sigmoid", x => x.Sigmoid(), x => 1 / (1 + Math.Exp(-x)) },
        { "softplus", x => x.Softplus(), x => Math.Log(1 + Math.Exp(x)) },
        { "exp", x => x.Exp(), Math.Exp },
        { "log", x => x.Abs().Log(), x => Math.Log(Math.Abs(x)) },
        { "sin", x => x.Sin(), Math.Sin },
        { "cos", x => x.Cos(), Math.Cos },
        { "pow", x => x.Pow(3), x => x * x * x },
        { "abs", x => x.Abs(), Math.Abs },
        { "sqrt", x => x.Abs().Sqrt(), x => Math.Sqrt(Math.Abs(x)) },
        { "square", x => x.Square(), x => x * x },
        { "clamp", x => x.Clamp(-1, 1), x => Math.Clamp(x, -1, 1) },
    };

    [Theory]
    [MemberData(nameof(Binary))]
    public void Binary_operators_are_elementwise(string name, Func<Tensor, Tensor, Tensor> operation, Func<double, double, double> expected)
    {
        double[] left = [1.25, -2, 3], right = [4, 0.5, -8];

        var actual = operation(Tensor.FromArray<double>(left), Tensor.FromArray<double>(right)).ToArray<double>();

        // one rounding of libtorch's against one or two of .NET's
        for (var i = 0; i < left.Length; i++) Assert.True(Math.Abs(expected(left[i], right[i]) - actual[i]) <= 1e-15 * Math.Abs(actual[i]), name);
    }

    [Theory]
    [MemberData(nameof(Unary))]
    public void Functions_are_elementwise(string name, Func<Tensor, Tensor> operation, Func<double, double> expected)
    {
        double[] elements = [0.75, -2, 3];

        var actual = operation(Tensor.FromArray<double>(elements)).ToArray<double>();

        // vectorised functions are within a few units in the last place
        for (var i = 0; i < elements.Length; i++) Assert.True(Math.Abs(expected(elements[i]) - actual[i]) <= 1e-14 * Math.Abs(actual[i]), name);
    }

    [Fact]
    public void Shapes_broadcast()
    {
        var sum = Tensor.FromArray<float>([1, 2], 2, 1) + Tensor.FromArray<float>([10, 20, 30], 3);

        Assert.Equal([2, 3], sum.Shape);
        Assert.Equal([11f, 21, 31, 12, 22, 32], sum.ToArray<float>());
    }

    [Fact]
    public void Comparisons_give_flags()
    {
        var a = Tensor.FromArray<double>([1, 2, 3]);
        var b = Tensor.FromArray<double>([3, 2, 1]);

        Assert.Equal([true, false, false], (a < b).ToArray<bool>());
        Assert.Equal([false, false, true], (a > b).ToArray<bool>());
        Assert.Equal([false, true, false], a.EqualTo(b).ToArray<bool>());
        Assert.Equal([true, false, false], (a < 2).ToArray<bool>());
        Assert.Equal([false, false, true], (a > 2).ToArray<bool>());
    }

    [Fact]
    public void Reductions_reduce()
    {
        var a = Tensor.FromArray<double>([1, 2, 3, 4, 5, 9], 2, 3);

        Assert.Equal(24, a.Sum().ToDouble());
        Assert.Equal(4, a.Mean().ToDouble());
        Assert.Equal(9, a.Max().ToDouble());
        Assert.Equal(1, a.Min().ToDouble());
        Assert.Equal([6, 18], a.Sum(1).ToArray<double>());
        Assert.Equal([1, 3], a.Sum(0, keepDimension: true).Shape);
        Assert.Equal([2, 6], a.Mean(1).ToArray<double>());
        Assert.Equal([2L, 2L], a.ArgMax(1).ToArray<long>());
        Assert.Equal(5, Tensor.FromArray<double>([3, 4]).Norm().ToDouble());
        Assert.Equal(2, Tensor.FromArray<bool>([true, false, true]).Sum().ToInt64());
    }

    [Fact]
    public void Not_finite_elements_are_found() =>
        Assert.Equal([true, false, false], Tensor.FromArray<float>([1, float.NaN, float.PositiveInfinity]).IsFinite().ToArray<bool>());

    [Fact]
    public void MatMul_multiplies_matrices()
    {
        var product = Tensor.FromArray<double>([1, 2, 3, 4], 2, 2).MatMul(Tensor.FromArray<double>([5, 6, 7, 8], 2, 2));

        Assert.Equal([19, 22, 43, 50], product.ToArray<double>());
    }

    [Fact]
    public void In_place_operations_change_their_tensor_and_return_it()
    {
        var a = Tensor.FromArray<float>([1, 2]);

        Assert.Same(a, a.Add_(Tensor.FromArray<float>([10, 20]), alpha: 0.5));
        Assert.Equal([6f, 12f], a.ToArray<float>());
        Assert.Same(a, a.Mul_(2));
        Assert.Equal([12f, 24f], a.ToArray<float>());
        Assert.Same(a, a.CopyFrom_(Tensor.FromArray<long>([3, 4])));
        Assert.Equal([3f, 4f], a.ToArray<float>());
        Assert.Equal([0f, 0f], a.Zero_().ToArray<float>());
    }
}
