namespace NeuralOde.Tests.Models;

public sealed class GradientScalerTests : IDisposable
{
    private readonly TensorScope _scope = new();
    private readonly Tensor _weight;
    private readonly Optimizer _optimizer;

    public GradientScalerTests()
    {
        _weight = Tensor.FromArray([1f, 2f], 2).WithGrad();
        _optimizer = new Optimizer(new() { LearningRate = 0.5, Momentum = 0 }, [_weight]);
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _scope.Dispose();
    }

    [Fact]
    public void A_step_is_that_of_the_loss_itself()
    {
        using var scaler = new GradientScaler();

        scaler.Scale((_weight * _weight).Sum()).Backward();

        Assert.Equal([2f * 65536, 4f * 65536], _weight.Grad!.ToArray<float>());
        Assert.True(scaler.Step(_optimizer));
        Assert.Equal([0f, 0f], _weight.Detach().ToArray<float>());   // w - 0.5 * 2 w
        scaler.Update();
        Assert.Equal((65536.0, 1L), (scaler.Factor, scaler.GrowthTracker));
    }

    [Fact]
    public void An_infinite_gradient_skips_the_step_and_halves_the_scale()
    {
        using var scaler = new GradientScaler();

        scaler.Scale((_weight * float.PositiveInfinity).Sum()).Backward();

        Assert.False(scaler.Step(_optimizer));
        scaler.Update();
        Assert.Equal([1f, 2f], _weight.Detach().ToArray<float>());
        Assert.Equal((32768.0, 0L), (scaler.Factor, scaler.GrowthTracker));
    }

    [Fact]
    public void Unscaled_gradients_can_be_looked_at_before_the_step_once()
    {
        using var scaler = new GradientScaler(new() { InitialScale = 8, GrowthInterval = 1 });
        scaler.Scale(_weight.Sum()).Backward();

        scaler.Unscale(_optimizer);

        Assert.Equal([1f, 1f], _weight.Grad!.ToArray<float>());
        Assert.Contains("already", Assert.Throws<NeuralOdeException>(() => scaler.Unscale(_optimizer)).Message, StringComparison.Ordinal);
        Assert.True(scaler.Step(_optimizer));
        scaler.Update();
        Assert.Equal(16, scaler.Factor);
    }

    [Theory]
    [InlineData(0, 2, 0.5, 2000, "InitialScale")]
    [InlineData(1, 1, 0.5, 2000, "GrowthFactor")]
    [InlineData(1, 2, 1, 2000, "BackoffFactor")]
    [InlineData(1, 2, 0.5, 0, "GrowthInterval")]
    public void An_option_out_of_range_is_named(double scale, double growth, double backoff, long interval, string name)
    {
        var options = new GradientScalerOptions { InitialScale = scale, GrowthFactor = growth, BackoffFactor = backoff, GrowthInterval = interval };

        Assert.Equal(name, Assert.Throws<ArgumentOutOfRangeException>(() => new GradientScaler(options)).ParamName);
    }
}
