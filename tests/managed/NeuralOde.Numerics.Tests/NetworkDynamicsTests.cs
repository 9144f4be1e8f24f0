namespace NeuralOde.Numerics.Tests;

/// <summary>MALI with dynamics that are real networks: state of their own, random numbers, casts, solves inside solves.</summary>
[TestFixture]
public sealed class NetworkDynamicsTests : ScopedTests
{
    private static readonly SolverOptions Fixed = new() { StepSize = 0.15 };

    [Test]
    public void Batch_normalisation_tracks_each_forward_evaluation_once_and_has_backprops_gradients([Values(1, 0.9)] double eta)
    {
        var (mali, maliMean) = Run(GradientMethod.Mali);
        var (backprop, backpropMean) = Run(GradientMethod.Backprop);

        Assert.Multiple(() =>
        {
            Assert.That(mali, Is.EqualTo(backprop).Within(1e-9));
            Assert.That(maliMean, Is.EqualTo(backpropMean));   // the reverse sweep tracked nothing
        });

        (double[] Gradients, double[] Mean) Run(GradientMethod gradient)
        {
            Library.ManualSeed(4);
            var weight = (Tensor.Randn([5, 5], DType.Float64) * 0.5).WithGrad();
            var (scale, shift) = (Tensor.Ones([5], DType.Float64).WithGrad(), Tensor.Zeros([5], DType.Float64).WithGrad());
            var (mean, variance) = (Tensor.Zeros([5], DType.Float64), Tensor.Ones([5], DType.Float64));
            var z0 = Tensor.Randn([7, 5], DType.Float64).WithGrad();
            using var f = Dynamics.FromFunction(
                (_, z) => z.MatMul(weight).BatchNorm(scale, shift, mean, variance, training: true).Relu(), [weight, scale, shift], [mean, variance]);
            using var solution = new OdeSolver(Fixed with { Eta = eta, Gradient = gradient }).Solve(f, z0, 0, 1);
            solution.State.Square().Sum().Backward();
            return ([.. new[] { z0, weight, scale, shift }.SelectMany(leaf => leaf.Grad!.ToArray<double>())], mean.ToArray<double>());
        }
    }

    [Test]
    public void Dropout_replays_its_masks_in_the_reverse_sweep([Values(null, 0.15)] double? stepSize)
    {
        var masks = new List<string>();
        using var f = Dynamics.FromFunction((_, z) =>
        {
            var mask = z.Detach().OnesLike().Dropout(0.5, training: true);
            masks.Add(string.Concat(mask.ToArray<double>().Select(element => element > 0 ? '1' : '0')));
            return -z * mask;
        });
        var options = new SolverOptions { StepSize = stepSize, RelativeTolerance = 0.5, AbsoluteTolerance = 0.5 };
        using var solution = new OdeSolver(options).Solve(f, Tensor.Ones([64], DType.Float64).WithGrad(), 0, 1);
        var forward = masks.ToArray();
        masks.Clear();
        solution.State.Sum().Backward();

        Assert.Multiple(() =>
        {
            Assert.That(forward, Is.Unique);   // 2^64 masks
            Assert.That(masks, Is.SubsetOf(forward));
            Assert.That(masks, Has.Count.EqualTo(solution.Statistics.NfeBackward));
        });
    }

    [Test]
    public void The_gradient_through_dropout_is_that_of_the_masks_drawn([Range(0, 5)] int entry)
    {
        const double Shift = 1e-6;
        var gradient = Run(0, entry).Gradient;
        var difference = (Run(Shift, entry).Loss - Run(-Shift, entry).Loss) / (2 * Shift);

        Assert.That(gradient, Is.EqualTo(difference).Within(1e-8));   // Shift^2 and rounding 1e-15 / Shift

        static (double Loss, double Gradient) Run(double shift, int entry)
        {
            Library.ManualSeed(4);
            var weight = Tensor.Randn([6, 6], DType.Float64) * 0.5;
            var z0 = Tensor.Randn([6], DType.Float64);
            z0[entry].Add_(Tensor.Scalar(shift));
            z0.RequiresGrad = true;
            using var f = Dynamics.FromFunction((_, z) => z.MatMul(weight).Tanh().Dropout(0.3, training: true));
            using var solution = new OdeSolver(Fixed).Solve(f, z0, 0, 1);
            var loss = solution.State.Square().Sum();
            loss.Backward();
            return (loss.ToDouble(), z0.Grad![entry].ToDouble());
        }
    }

    [Test]
    public void The_random_generator_goes_on_after_a_backward_as_if_it_had_not_been_replayed()
    {
        double Draw(bool backward)
        {
            Library.ManualSeed(4);
            var z0 = Tensor.Ones([16], DType.Float64).WithGrad();
            using var f = Dynamics.FromFunction((_, z) => z.Dropout(0.5, training: true));
            using var solution = new OdeSolver(Fixed).Solve(f, z0, 0, 1);
            if (backward) solution.State.Sum().Backward();
            return Tensor.Randn([], DType.Float64).ToDouble();
        }

        Assert.That(Draw(backward: true), Is.EqualTo(Draw(backward: false)));
    }

    [Test]
    public void Autocast_holds_in_the_reverse_sweep_as_in_the_forward_sweep()
    {
        var types = new List<DType>();
        var weight = (Tensor.Randn([8, 8]) * 0.3).WithGrad();
        var z0 = Tensor.Randn([4, 8]).WithGrad();
        using var f = Dynamics.FromFunction(
            (_, z) =>
            {
                var product = z.MatMul(weight);
                types.Add(product.DType);
                return product.Tanh().To(DType.Float32);
            },
            [weight]);
        Solution solution;
        using (Autograd.Autocast()) solution = new OdeSolver(Fixed).Solve(f, z0, 0, 1);
        using (solution) solution.State.Sum().Backward();   // autocast is off by now

        Assert.Multiple(() =>
        {
            Assert.That(types, Is.All.EqualTo(DType.BFloat16));
            Assert.That(weight.Grad!.DType, Is.EqualTo(DType.Float32));
        });
    }

    [Test]
    public void A_solve_inside_the_dynamics_is_differentiated_too()
    {
        var mali = Run(GradientMethod.Mali);
        var backprop = Run(GradientMethod.Backprop);

        Assert.That(mali, Is.EqualTo(backprop).Within(1e-9));

        static double[] Run(GradientMethod gradient)
        {
            Library.ManualSeed(4);
            var (outer, inner) = ((Tensor.Randn([3, 3], DType.Float64) * 0.5).WithGrad(), (Tensor.Randn([3, 3], DType.Float64) * 0.5).WithGrad());
            var z0 = Tensor.Randn([2, 3], DType.Float64).WithGrad();
            using var innerDynamics = Dynamics.FromFunction((_, z) => z.MatMul(inner).Tanh(), [inner]);
            using var block = new OdeBlock(innerDynamics, new() { StepSize = 0.5, Gradient = gradient });
            using var f = Dynamics.FromFunction((_, z) => block.Forward(z).MatMul(outer).Tanh(), [outer, inner]);
            using var solution = new OdeSolver(Fixed with { Gradient = gradient }).Solve(f, z0, 0, 1);
            solution.State.Sum().Backward();
            return [.. z0.Grad!.ToArray<double>(), .. outer.Grad!.ToArray<double>(), .. inner.Grad!.ToArray<double>()];
        }
    }

    [Test]
    public void Dynamics_that_are_gradients_themselves_are_differentiated_too()
    {
        var mali = Run(GradientMethod.Mali);
        var backprop = Run(GradientMethod.Backprop);

        Assert.That(mali, Is.EqualTo(backprop).Within(1e-9));

        // f = -dE/dz of an energy E = sum softplus(z W), as in energy-based and Hamiltonian networks
        static double[] Run(GradientMethod gradient)
        {
            Library.ManualSeed(4);
            var weight = (Tensor.Randn([3, 8], DType.Float64) * 0.7).WithGrad();
            var z0 = Tensor.Randn([5, 3], DType.Float64).WithGrad();
            using var f = Dynamics.FromFunction(
                (_, z) =>
                {
                    using var recording = Autograd.EnableGrad();
                    var point = z.RequiresGrad ? z : z.Detach().WithGrad();
                    return -Autograd.Grad([point.MatMul(weight).Softplus().Sum()], [point], createGraph: true)[0]!;
                },
                [weight]);
            using var solution = new OdeSolver(Fixed with { Gradient = gradient }).Solve(f, z0, 0, 1);
            solution.State.Square().Sum().Backward();
            return [.. z0.Grad!.ToArray<double>(), .. weight.Grad!.ToArray<double>()];
        }
    }

    [Test]
    public void States_of_any_layout_have_the_gradients_of_their_elements(
        [Values("transposed", "sliced", "expanded", "channels last", "empty", "scalar")] string layout)
    {
        var mali = Run(GradientMethod.Mali);
        var backprop = Run(GradientMethod.Backprop);

        Assert.That(mali, Is.EqualTo(backprop).Within(1e-9));

        double[] Run(GradientMethod gradient)
        {
            Library.ManualSeed(4);
            var leaf = Tensor.Randn(layout == "empty" ? [0, 3, 4, 5] : [2, 3, 4, 5], DType.Float64).WithGrad();
            var z0 = layout switch
            {
                "transposed" => leaf.Transpose(),
                "sliced" => leaf.Slice(3, 0, 5, 2),
                "expanded" => leaf[0].Unsqueeze(0).Expand(6, -1, -1, -1),
                "channels last" => leaf.Permute(0, 2, 3, 1).Contiguous().Permute(0, 3, 1, 2),
                "scalar" => leaf.Sum(),
                _ => leaf,
            };
            var weight = Tensor.Scalar(0.5).WithGrad();
            using var f = Dynamics.FromFunction((t, z) => (z * weight).Sin() + t, [weight]);
            using var solution = new OdeSolver(Fixed with { Gradient = gradient }).Solve(f, z0, 0, 1);
            Assert.That(solution.State.Shape, Is.EqualTo(z0.Shape));
            solution.State.Square().Sum().Backward();
            return [.. leaf.Grad!.ToArray<double>(), weight.Grad!.ToDouble()];
        }
    }

    [Test]
    public void Low_precision_states_are_solved_and_differentiated([Values(DType.Float32, DType.BFloat16)] DType dtype)
    {
        var z0 = Tensor.Ones([4], dtype).WithGrad();
        using var f = Dynamics.FromFunction((_, z) => -z);
        using var solution = new OdeSolver(new() { StepSize = 0.25 }).Solve(f, z0, 0, 1);
        solution.State.Sum().Backward();

        // bfloat16 keeps 8 bits: 2^-8 a step
        var tolerance = dtype == DType.BFloat16 ? 0.05 : 0.01;
        Assert.Multiple(() =>
        {
            Assert.That(solution.State.DType, Is.EqualTo(dtype));
            Assert.That(solution.State[0].ToDouble(), Is.EqualTo(Math.Exp(-1)).Within(tolerance));
            Assert.That(z0.Grad![0].ToDouble(), Is.EqualTo(Math.Exp(-1)).Within(tolerance));
        });
    }

    [Test]
    public void Threads_solve_their_own_problems_at_the_same_time()
    {
        var results = new double[4];
        var threads = Enumerable.Range(0, results.Length).Select(index => new Thread(() =>
        {
            using var scope = new TensorScope();
            var weight = Tensor.Scalar(-1.0 - index).WithGrad();
            using var f = Dynamics.FromFunction((_, z) => z * weight, [weight]);
            using var solution = new OdeSolver(new() { StepSize = 0.005 }).Solve(f, Tensor.Scalar(1.0), 0, 1);
            solution.State.Backward();
            results[index] = weight.Grad!.ToDouble();
        })).ToArray();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();

        for (var i = 0; i < results.Length; i++) Assert.That(results[i], Is.EqualTo(Math.Exp(-1 - i)).Within(1e-3), $"thread {i}");   // d e^w / dw
    }

    [Test]
    public void A_parameter_that_the_dynamics_do_not_use_gets_none_or_zero([Values(GradientMethod.Mali, GradientMethod.Backprop)] GradientMethod gradient)
    {
        var (used, unused) = (Tensor.Scalar(-1.0).WithGrad(), Tensor.Scalar(1.0).WithGrad());
        using var f = Dynamics.FromFunction((_, z) => z * used, [used, unused]);
        using var solution = new OdeSolver(Fixed with { Gradient = gradient }).Solve(f, Tensor.Scalar(1.0), 0, 1);
        solution.State.Backward();

        Assert.That(unused.Grad?.ToDouble() ?? 0, Is.Zero);
    }

    [Test]
    public void Without_recording_nothing_is_kept_and_the_state_is_the_same()
    {
        using var problem = Problem.Create("mlp");
        using var recorded = new OdeSolver(Fixed).Solve(problem.Dynamics, problem.State, 0, 1);
        using var mode = Autograd.NoGrad();
        using var bare = new OdeSolver(Fixed).Solve(problem.Dynamics, problem.State, 0, 1);

        Assert.Multiple(() =>
        {
            Assert.That(bare.State.RequiresGrad, Is.False);
            Assert.That(bare.State.ToArray<double>(), Is.EqualTo(recorded.State.ToArray<double>()));
        });
    }
}
