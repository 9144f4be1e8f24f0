namespace NeuralOde.Tests.Solving;

public sealed class LeakTests
{
    [Theory]
    [InlineData(GradientMethod.Mali)]
    [InlineData(GradientMethod.Backprop)]
    public void Training_steps_leave_no_native_object_to_finalizers(GradientMethod gradient)
    {
        using var outer = new TensorScope();
        var (first, second) = ((Tensor.Randn([4, 8]) * 0.3).Detach().WithGrad(), (Tensor.Randn([8, 4]) * 0.3).Detach().WithGrad());
        using var f = Dynamics.FromFunction((t, z) => (z.MatMul(first) + t).Tanh().MatMul(second), [first, second]);
        using var block = new OdeBlock(f, new() { StepSize = 0.25, Gradient = gradient });
        using var optimizer = new Optimizer(new() { LearningRate = 0.05 }, block.Parameters.Values);
        var (input, target) = (Tensor.Randn([16, 4]), Tensor.Zeros([16, 4]));

        var losses = new List<double> { Step() };
        var before = NativeObjects.Settled();
        for (var i = 0; i < 200; i++) losses.Add(Step());

        Assert.Equal(before, Library.LiveObjects);
        Assert.True(losses[^1] < losses[0] / 2, $"the loss went from {losses[0]} to {losses[^1]}");

        double Step()
        {
            using var scope = new TensorScope();
            optimizer.ZeroGrad();
            var loss = block.Forward(input).MseLoss(target);
            loss.Backward();
            optimizer.Step();
            return loss.ToDouble();
        }
    }

    [Fact]
    public void Bytes_of_tensors_do_not_grow_over_training_steps()
    {
        TensorMemory.EnableTracking();
        using var outer = new TensorScope();
        var weight = (Tensor.Randn([32, 32]) * 0.1).Detach().WithGrad();
        using var f = Dynamics.FromFunction((_, z) => z.MatMul(weight).Tanh(), [weight]);
        using var block = new OdeBlock(f, new() { StepSize = 0.25 });
        using var optimizer = new Optimizer(new(), [weight]);
        var input = Tensor.Randn([64, 32]);
        Step();
        Step();
        var before = TensorMemory.LiveBytes;
        for (var i = 0; i < 20; i++) Step();

        Assert.Equal(before, TensorMemory.LiveBytes);

        void Step()
        {
            using var scope = new TensorScope();
            optimizer.ZeroGrad();
            block.Forward(input).Square().Mean().Backward();
            optimizer.Step();
        }
    }
}
