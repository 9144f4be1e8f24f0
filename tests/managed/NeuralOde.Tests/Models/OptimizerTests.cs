namespace NeuralOde.Tests.Models;

/// <summary>Against the rules computed by hand, on one parameter of value 1 with gradients 0.5, -0.25, 1.</summary>
public sealed class OptimizerTests : IDisposable
{
    private static readonly double[] Gradients = [0.5, -0.25, 1];
    private readonly TensorScope _scope = new();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void Plain_sgd_steps_against_the_gradient()
    {
        var expected = 1 - (0.1 * Gradients.Sum());

        Assert.Equal(expected, Run(new() { LearningRate = 0.1, Momentum = 0 }), 1e-15);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Sgd_with_momentum_and_weight_decay_follows_its_rule(bool nesterov)
    {
        var (x, momentum) = (1.0, 0.0);
        for (var i = 0; i < Gradients.Length; i++)
        {
            var g = Gradients[i] + (0.01 * x);
            momentum = i == 0 ? g : (0.9 * momentum) + g;
            x -= 0.1 * (nesterov ? g + (0.9 * momentum) : momentum);
        }

        Assert.Equal(x, Run(new() { LearningRate = 0.1, Momentum = 0.9, WeightDecay = 0.01, Nesterov = nesterov }), 1e-15);
    }

    [Theory]
    [InlineData(OptimizerKind.Adam)]
    [InlineData(OptimizerKind.AdamW)]
    public void Adam_and_AdamW_follow_their_rules(OptimizerKind kind)
    {
        var (x, mean, square) = (1.0, 0.0, 0.0);
        for (var i = 1; i <= Gradients.Length; i++)
        {
            var g = Gradients[i - 1];
            if (kind == OptimizerKind.AdamW) x -= 0.05 * 0.1 * x;
            else g += 0.1 * x;
            mean = (0.9 * mean) + (0.1 * g);
            square = (0.999 * square) + (0.001 * g * g);
            x -= 0.05 * (mean / (1 - Math.Pow(0.9, i))) / (Math.Sqrt(square / (1 - Math.Pow(0.999, i))) + 1e-8);
        }

        Assert.Equal(x, Run(new() { Kind = kind, LearningRate = 0.05, WeightDecay = 0.1 }), 1e-12);
    }

    [Fact]
    public void A_new_learning_rate_holds_from_the_next_step()
    {
        var x = Tensor.Scalar(1.0).WithGrad();
        using var optimizer = new Optimizer(new() { LearningRate = 0.1, Momentum = 0 }, [x]);
        optimizer.LearningRate = 0.5;
        x.Grad = Tensor.Scalar(1.0);
        optimizer.Step();

        Assert.Equal(0.5, x.ToDouble());
        Assert.Equal(0.5, optimizer.LearningRate);
    }

    [Fact]
    public void ZeroGrad_drops_gradients()
    {
        var x = Tensor.Scalar(1.0).WithGrad();
        using var optimizer = new Optimizer(new(), [x]);
        x.Grad = Tensor.Scalar(1.0);
        optimizer.ZeroGrad();

        Assert.Null(x.Grad);
    }

    [Fact]
    public void A_shared_parameter_is_stepped_once_and_a_frozen_one_never()
    {
        var (x, frozen) = (Tensor.Scalar(1.0).WithGrad(), Tensor.Scalar(1.0));
        using var optimizer = new Optimizer(new() { LearningRate = 0.1, Momentum = 0 }, [x, x, frozen]);
        x.Grad = Tensor.Scalar(1.0);
        optimizer.Step();

        Assert.Equal(0.9, x.ToDouble());
        Assert.Equal(1, frozen.ToDouble());
    }

    [Theory]
    [InlineData(nameof(OptimizerOptions.LearningRate))]
    [InlineData(nameof(OptimizerOptions.Momentum))]
    [InlineData(nameof(OptimizerOptions.WeightDecay))]
    [InlineData(nameof(OptimizerOptions.Beta1))]
    [InlineData(nameof(OptimizerOptions.Beta2))]
    [InlineData(nameof(OptimizerOptions.Epsilon))]
    public void An_option_out_of_range_is_named_with_its_value(string name)
    {
        var options = new OptimizerOptions();
        options = name switch
        {
            "LearningRate" => options with { LearningRate = -1 },
            "Momentum" => options with { Momentum = -1 },
            "WeightDecay" => options with { WeightDecay = -1 },
            "Beta1" => options with { Beta1 = -1 },
            "Beta2" => options with { Beta2 = -1 },
            _ => options with { Epsilon = -1 },
        };

        var error = Assert.Throws<ArgumentOutOfRangeException>(() => new Optimizer(options, []));

        Assert.Contains($"{name}: -1 ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Looking_ahead_without_a_momentum_is_rejected()
    {
        var error = Assert.Throws<ArgumentException>(() => new Optimizer(new() { Momentum = 0, Nesterov = true }, []));

        Assert.Contains("Momentum", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_parameter_that_is_no_leaf_is_rejected()
    {
        var result = Tensor.Scalar(1.0).WithGrad() * 2;

        Assert.Equal(Status.InvalidArgument, Assert.Throws<NeuralOdeException>(() => new Optimizer(new(), [result])).Status);
    }

    private static double Run(OptimizerOptions options)
    {
        var x = Tensor.Scalar(1.0).WithGrad();
        using var optimizer = new Optimizer(options, [x]);
        foreach (var gradient in Gradients)
        {
            x.Grad = Tensor.Scalar(gradient);
            optimizer.Step();
        }

        return x.ToDouble();
    }
}
