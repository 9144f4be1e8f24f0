namespace NeuralOde.Numerics.Tests;

/// <summary>Methods that make steps again meet the same network as the forward sweep: its masks, its statistics, its weights.</summary>
[TestFixture]
public sealed class MethodNetworkTests : ScopedTests
{
    private static readonly SolverKind[] SomeSolvers = [SolverKind.Alf, SolverKind.Heun, SolverKind.Rk4, SolverKind.Tsit5];

    [Test]
    [Combinatorial]
    public void The_gradient_through_dropout_is_that_of_the_masks_drawn(
        [ValueSource(nameof(SomeSolvers))] SolverKind solver, [ValueSource(typeof(MethodGradientTests), nameof(MethodGradientTests.Methods))] string method)
    {
        const double Shift = 1e-6;
        var slope = Run(0).Slope;
        var difference = (Run(Shift).Loss - Run(-Shift).Loss) / (2 * Shift);

        Assert.That(slope, Is.EqualTo(difference).Within(1e-8));   // Shift^2 and rounding 1e-15 / Shift; a wrong mask is off by 1e-1

        // The loss where every element of z0 and of the weight is shifted, and its derivative to the shift.
        (double Loss, double Slope) Run(double shift)
        {
            Library.ManualSeed(11);
            var weight = ((Tensor.Randn([6, 6], DType.Float64) * 0.3) + shift).WithGrad();
            var z0 = (Tensor.Randn([3, 6], DType.Float64) + shift).WithGrad();
            using var f = Dynamics.FromFunction((_, z) => z.MatMul(weight).Tanh().Dropout(0.5, training: true), [weight]);
            using var solution = new OdeSolver(MethodGradientTests.With(method, new() { Solver = solver, StepSize = 0.125 })).Solve(f, z0, 0, 1);
            var loss = solution.State.Square().Mean();
            loss.Backward();
            return (loss.ToDouble(), z0.Grad!.Sum().ToDouble() + weight.Grad!.Sum().ToDouble());
        }
    }

    [Test]
    [Combinatorial]
    public void The_generator_goes_on_as_after_the_forward_sweep(
        [ValueSource(nameof(SomeSolvers))] SolverKind solver, [ValueSource(typeof(MethodGradientTests), nameof(MethodGradientTests.Methods))] string method)
    {
        using var f = Dynamics.FromFunction((_, z) => z.Dropout(0.5, training: true));
        var z0 = Tensor.Ones([4], DType.Float64).WithGrad();
        using var solution = new OdeSolver(MethodGradientTests.With(method, new() { Solver = solver, StepSize = 0.25 })).Solve(f, z0, 0, 1);
        var state = solution.State.Sum();
        state.Backward();
        var after = Tensor.Randn([3], DType.Float64).ToArray<double>();

        Library.ManualSeed(20);   // as ScopedTests does
        using var again = new OdeSolver(new() { Solver = solver, StepSize = 0.25, Gradient = GradientMethod.None }).Solve(f, z0, 0, 1);
        Assert.That(Tensor.Randn([3], DType.Float64).ToArray<double>(), Is.EqualTo(after));
    }

    [Test]
    [Combinatorial]
    public void Batch_statistics_are_tracked_once_an_evaluation_and_not_in_the_reverse_sweep(
        [ValueSource(nameof(SomeSolvers))] SolverKind solver, [ValueSource(typeof(MethodGradientTests), nameof(MethodGradientTests.Methods))] string method)
    {
        var (mean, variance) = (Tensor.Zeros([5], DType.Float64), Tensor.Ones([5], DType.Float64));
        var (scale, shift) = (Tensor.Ones([5], DType.Float64).WithGrad(), Tensor.Zeros([5], DType.Float64).WithGrad());
        using var f = Dynamics.FromFunction((_, z) => z.BatchNorm(scale, shift, mean, variance, training: true).Tanh(), [scale, shift], [mean, variance]);
        var options = MethodGradientTests.With(method, new() { Solver = solver, StepSize = 0.125 });
        using var solution = new OdeSolver(options).Solve(f, Tensor.Randn([7, 5], DType.Float64).WithGrad(), 0, 1);
        var (trackedMean, trackedVariance) = (mean.ToArray<double>(), variance.ToArray<double>());
        solution.State.Square().Sum().Backward();

        Assert.Multiple(() =>
        {
            Assert.That(trackedMean, Has.None.Zero);
            Assert.That(mean.ToArray<double>(), Is.EqualTo(trackedMean));
            Assert.That(variance.ToArray<double>(), Is.EqualTo(trackedVariance));
        });
    }

    [Test]
    public void A_parameter_changed_in_place_before_backward_is_refused(
        [Values(GradientMethod.Adjoint, GradientMethod.Aca, GradientMethod.Anode, GradientMethod.Pnode)] GradientMethod gradient)
    {
        var weight = Tensor.Scalar(-1.0).WithGrad();
        using var f = Dynamics.FromFunction((_, z) => z * weight, [weight]);
        using var solution = new OdeSolver(new() { Solver = SolverKind.Dopri5, Gradient = gradient }).Solve(f, Tensor.Scalar(1.0).WithGrad(), 0, 1);
        using (Autograd.NoGrad()) weight.Zero_();

        Assert.That(() => solution.State.Backward(), Throws.TypeOf<NeuralOdeException>().With.Message.Contains("changed in place"));
    }

    [Test]
    public void A_first_state_changed_in_place_before_backward_is_refused(
        [Values(GradientMethod.Aca, GradientMethod.Anode, GradientMethod.Pnode)] GradientMethod gradient)
    {
        var weight = Tensor.Scalar(-1.0).WithGrad();
        var z0 = Tensor.Scalar(1.0);
        using var f = Dynamics.FromFunction((_, z) => z * weight, [weight]);
        using var solution = new OdeSolver(new() { Solver = SolverKind.Dopri5, Gradient = gradient }).Solve(f, z0, 0, 1);
        z0.Zero_();

        Assert.That(() => solution.State.Backward(), Throws.TypeOf<NeuralOdeException>().With.Message.Contains("z0[0]"));
    }

    [Test]
    public void A_second_derivative_is_refused(
        [Values(GradientMethod.Adjoint, GradientMethod.Aca, GradientMethod.Anode, GradientMethod.Pnode)] GradientMethod gradient)
    {
        var z0 = Tensor.Scalar(1.0).WithGrad();
        using var f = Dynamics.FromFunction((_, z) => -z.Square());
        using var solution = new OdeSolver(new() { Solver = SolverKind.Dopri5, Gradient = gradient }).Solve(f, z0, 0, 1);
        var first = Autograd.Grad([solution.State], [z0], createGraph: true)[0]!;

        Assert.That(() => first.Backward(), Throws.TypeOf<NeuralOdeException>().With.Message.Contains("double backward"));
    }

    [Test]
    [Combinatorial]
    public void Float32_gradients_agree_to_single_precision(
        [ValueSource(typeof(Solvers), nameof(Solvers.All))] SolverKind solver, [ValueSource(typeof(MethodGradientTests), nameof(MethodGradientTests.Methods))] string method)
    {
        var backprop = Run(new() { Gradient = GradientMethod.Backprop });
        var gradients = Run(MethodGradientTests.With(method, new()));

        Assert.That(gradients.Zip(backprop, (a, b) => Math.Abs(a - b)).Max(), Is.LessThan(2e-5));   // rounding of 6e-8 in some hundred stages

        float[] Run(SolverOptions gradient)
        {
            Library.ManualSeed(3);
            var weight = (Tensor.Randn([6, 6]) * 0.3).WithGrad();
            var z0 = Tensor.Randn([4, 6]).WithGrad();
            using var f = Dynamics.FromFunction((_, z) => z.MatMul(weight).Tanh(), [weight]);
            using var solution = new OdeSolver(gradient with { Solver = solver, StepSize = 0.125 }).Solve(f, z0, 0, 1);
            solution.State.Mean().Backward();
            return [.. z0.Grad!.ToArray<float>(), .. weight.Grad!.ToArray<float>()];
        }
    }

    [Test]
    public void A_frozen_parameter_gets_no_gradient_and_is_no_error(
        [Values(GradientMethod.Adjoint, GradientMethod.Aca, GradientMethod.Anode, GradientMethod.Pnode)] GradientMethod gradient)
    {
        var (frozen, trained) = (Tensor.Scalar(0.5), Tensor.Scalar(-1.0).WithGrad());
        using var f = Dynamics.FromFunction((t, z) => (z * trained) + (frozen * t), [frozen, trained]);
        using var solution = new OdeSolver(new() { Solver = SolverKind.Bosh3, Gradient = gradient }).Solve(f, Tensor.Scalar(1.0), 0, 1);
        solution.State.Backward();

        Assert.Multiple(() =>
        {
            Assert.That(frozen.Grad, Is.Null);
            Assert.That(trained.Grad!.ToDouble(), Is.Not.Zero);
        });
    }
}
