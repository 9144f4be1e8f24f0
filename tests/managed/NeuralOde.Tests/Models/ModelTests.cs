namespace NeuralOde.Tests.Models;

public sealed class ModelTests : IDisposable
{
    private static readonly ModelOptions Small = new() { Name = "odenet-small", Classes = 10, ImageSize = 32, Seed = 1 };
    private static readonly SolverOptions Fixed = new() { StepSize = 0.25 };
    private readonly TensorScope _scope = new();

    public void Dispose() => _scope.Dispose();

    [Theory]
    [InlineData("odenet-small", 32, Stem.Auto)]
    [InlineData("resnet18-ode", 32, Stem.Cifar)]
    [InlineData("resnet18-ode", 64, Stem.ImageNet)]
    public void A_model_gives_logits_and_every_parameter_a_gradient(string name, long size, Stem stem)
    {
        using var model = Model.Create(new() { Name = name, Classes = 7, ImageSize = size, Stem = stem }, Fixed);

        var logits = model.Forward(Tensor.Randn([2, 3, size, size]));
        logits.CrossEntropy(Tensor.FromArray<long>([0, 6])).Backward();

        Assert.Equal([2, 7], logits.Shape);
        Assert.NotEmpty(model.Parameters);
        Assert.All(model.Parameters, parameter => Assert.True(parameter.Value.Grad is not null, parameter.Key));
    }

    [Fact]
    public void The_same_seed_gives_the_same_weights()
    {
        using var first = Model.Create(Small, Fixed);
        using var same = Model.Create(Small, Fixed);
        using var other = Model.Create(Small with { Seed = 2 }, Fixed);

        Assert.Equal(Weights(first), Weights(same));
        Assert.NotEqual(Weights(first), Weights(other));
    }

    [Fact]
    public void Mali_gives_the_gradients_of_backprop_up_to_rounding()
    {
        var images = Tensor.Randn([4, 3, 32, 32]);

        var mali = GradientNorms(GradientMethod.Mali, images);
        var backprop = GradientNorms(GradientMethod.Backprop, images);

        // Float32 through four steps and batch statistics of few elements: 1e-3 relative
        foreach (var (name, norm) in backprop) Assert.True(Math.Abs(norm - mali[name]) <= 1e-3 * Math.Max(norm, 1e-3), $"{name}: {norm} against {mali[name]}");
    }

    [Fact]
    public void Evaluation_mode_leaves_running_statistics_alone()
    {
        using var model = Model.Create(Small, Fixed);
        var images = Tensor.Randn([2, 3, 32, 32]);
        model.Train(false);
        var before = Buffers(model);
        model.Forward(images);
        Assert.Equal(before, Buffers(model));

        model.Train();
        model.Forward(images);
        Assert.NotEqual(before, Buffers(model));
    }

    [Fact]
    public void The_reverse_sweep_leaves_running_statistics_alone()
    {
        using var model = Model.Create(Small, Fixed);
        var logits = model.Forward(Tensor.Randn([2, 3, 32, 32]));
        var before = Buffers(model);
        logits.Sum().Backward();

        Assert.Equal(before, Buffers(model));
    }

    [Fact]
    public void Statistics_add_up_over_forwards_until_reset()
    {
        using var model = Model.Create(Small, Fixed);
        var images = Tensor.Randn([1, 3, 32, 32]);
        model.Train(false);
        model.Forward(images);
        var once = model.Statistics().NfeForward;
        model.Forward(images);

        Assert.True(once >= 5 && once % 5 == 0, $"4 steps and the start in each block, not {once}");
        Assert.Equal(2 * once, model.Statistics(reset: true).NfeForward);
        Assert.Equal(0, model.Statistics().NfeForward);
    }

    [Fact]
    public void The_solver_can_be_replaced()
    {
        using var model = Model.Create(Small, Fixed);
        var images = Tensor.Randn([1, 3, 32, 32]);
        model.Train(false);
        model.Forward(images);
        var four = model.Statistics(reset: true).StepsAccepted;

        model.Solver = model.Solver with { StepSize = 0.125 };
        model.Forward(images);

        Assert.Equal(0.125, model.Solver.StepSize);
        Assert.Equal(2 * four, model.Statistics().StepsAccepted);
        Assert.Throws<ArgumentOutOfRangeException>(() => model.Solver = Fixed with { Eta = 0.5 });
        Assert.Equal(0.125, model.Solver.StepSize);
    }

    [Fact]
    public void Parameters_outlive_the_scope_they_were_asked_for_in()
    {
        using var model = Model.Create(Small, Fixed);
        using (new TensorScope()) _ = model.Parameters;

        Assert.All(model.Parameters.Values, parameter => Assert.True(parameter.ElementCount > 0));
    }

    [Fact]
    public void Training_steps_leave_no_native_object_to_finalizers()
    {
        using var model = Model.Create(Small, Fixed);
        using var optimizer = new Optimizer(new(), model.Parameters.Values);
        var images = Tensor.Randn([2, 3, 32, 32]);
        var labels = Tensor.FromArray<long>([1, 2]);
        Step();
        var before = NativeObjects.Settled();
        for (var i = 0; i < 5; i++) Step();

        Assert.Equal(before, Library.LiveObjects);

        void Step()
        {
            using var scope = new TensorScope();
            optimizer.ZeroGrad();
            model.Forward(images).CrossEntropy(labels).Backward();
            optimizer.Step();
        }
    }

    [Theory]
    [InlineData("vgg", 10, 32, "vgg", "odenet-small")]
    [InlineData("odenet-small", 1, 32, "Classes: 1 ", "2 or more")]
    [InlineData("odenet-small", 10, 0, "ImageSize: 0 ", "1 or more")]
    public void An_option_out_of_range_is_named_with_its_value_and_the_remedy(string name, long classes, long size, string value, string remedy)
    {
        var error = Assert.ThrowsAny<ArgumentException>(() => Model.Create(new() { Name = name, Classes = classes, ImageSize = size }, Fixed));

        Assert.Contains(value, error.Message, StringComparison.Ordinal);
        Assert.Contains(remedy, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Images_of_another_shape_are_rejected()
    {
        using var model = Model.Create(Small, Fixed);

        var error = Assert.Throws<NeuralOdeException>(() => model.Forward(Tensor.Zeros([2, 1, 32, 32])));

        Assert.Equal(Status.InvalidArgument, error.Status);
        Assert.Contains("images", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_with_channels_last_gives_the_logits_of_the_same_weights()
    {
        using var model = Model.Create(Small, Fixed);
        model.Train(false);
        var images = Tensor.Ones([2, 3, 32, 32]);
        var expected = model.Forward(images).ToArray<float>();
        var weights = Weights(model);

        model.To("cpu", channelsLast: true);

        Assert.Equal(weights, Weights(model));
        // float32 sums of up to 9 * 64 products in another order: 576 * 6e-8, over some layers
        Assert.All(expected.Zip(model.Forward(images).ToArray<float>()), pair => Assert.Equal(pair.First, pair.Second, 1e-3));
    }

    [Theory]
    [InlineData("tpu", Status.InvalidArgument, "cuda:0")]
    [InlineData("cuda:", Status.InvalidArgument, "cuda:0")]
    [InlineData("cuda:99", Status.Unsupported, "cpu")]
    public void A_device_that_is_not_there_is_refused_with_the_remedy(string device, Status status, string remedy)
    {
        using var model = Model.Create(Small, Fixed);

        var error = Assert.Throws<NeuralOdeException>(() => model.To(device));

        Assert.Equal(status, error.Status);
        Assert.Contains(remedy, error.Message, StringComparison.Ordinal);
    }

    private static float[] Weights(Model model) => [.. model.Parameters.Values.SelectMany(parameter => parameter.ToArray<float>())];

    private static double[] Buffers(Model model) => [.. model.Buffers.Values.Select(buffer => buffer.To(DType.Float64).Sum().ToDouble())];

    private static Dictionary<string, double> GradientNorms(GradientMethod gradient, Tensor images)
    {
        using var model = Model.Create(Small, Fixed with { Gradient = gradient });
        model.Forward(images).CrossEntropy(Tensor.FromArray<long>([0, 1, 2, 3])).Backward();
        return model.Parameters.ToDictionary(parameter => parameter.Key, parameter => parameter.Value.Grad!.Norm().ToDouble());
    }
}
