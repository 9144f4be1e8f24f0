namespace NeuralOde.Tests.Solving;

public sealed class DynamicsTests : IDisposable
{
    private static readonly SolverOptions Fixed = new() { StepSize = 0.25 };
    private readonly TensorScope _scope = new();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void A_function_is_evaluated()
    {
        using var f = Dynamics.FromFunction((t, z) => z * t);

        Assert.Equal([1.5, 3], f.Evaluate(1.5, Tensor.FromArray<double>([1, 2])).ToArray<double>());
    }

    [Fact]
    public void Time_comes_without_dimensions_in_the_states_type()
    {
        using var f = Dynamics.FromFunction((t, z) =>
        {
            Assert.Empty(t.Shape);
            Assert.Equal(DType.Float32, t.DType);
            return z;
        });

        f.Evaluate(0.5, Tensor.Ones([2]));
    }

    [Fact]
    public void A_function_may_return_its_input()
    {
        using var f = Dynamics.FromFunction((_, z) => z);
        using var solution = new OdeSolver(Fixed).Solve(f, Tensor.Ones([1], DType.Float64), 0, 1);

        // by hand: k = z + h/2 v, v' = 2 k - v, z' = k + h/2 v'
        var (z, v) = (1.0, 1.0);
        for (var i = 0; i < 4; i++)
        {
            var k = z + (0.125 * v);
            v = (2 * k) - v;
            z = k + (0.125 * v);
        }

        Assert.Equal(z, solution.State.ToArray<double>()[0], 1e-14);
    }

    [Fact]
    public void Tuple_states_come_and_go_as_lists()
    {
        using var f = Dynamics.FromFunction((_, z) => [z[1], -z[0]]);

        var u = f.Evaluate(0, [Tensor.Scalar(2.0), Tensor.Scalar(3.0)]);

        Assert.Equal(3, u[0].ToDouble());
        Assert.Equal(-2, u[1].ToDouble());
    }

    [Fact]
    public void Parameters_are_shared_not_copied()
    {
        var weight = Tensor.Scalar(2.0).WithGrad();
        using var f = Dynamics.FromFunction((_, z) => z * weight, [weight]);

        var shared = Assert.Single(f.Parameters).Value;
        using (Autograd.NoGrad()) shared.CopyFrom_<double>([5]);

        Assert.Equal(5, weight.ToDouble());
        Assert.True(shared.RequiresGrad);
    }

    [Fact]
    public void Gradients_reach_the_parameters()
    {
        var weight = Tensor.Scalar(-1.0).WithGrad();
        using var f = Dynamics.FromFunction((_, z) => z * weight, [weight]);
        using var solution = new OdeSolver(Fixed with { StepSize = 0.01 }).Solve(f, Tensor.Scalar(1.0), 0, 1);

        solution.State.Backward();

        // d exp(w)/dw = exp(-1); order 2 at h = 0.01
        Assert.Equal(Math.Exp(-1), weight.Grad!.ToDouble(), 1e-4);
    }

    [Fact]
    public void Frozen_parameters_get_no_gradient()
    {
        var (free, frozen) = (Tensor.Scalar(-1.0).WithGrad(), Tensor.Scalar(0.5));
        using var f = Dynamics.FromFunction((_, z) => (z * free) + frozen, [free, frozen]);
        using var solution = new OdeSolver(Fixed).Solve(f, Tensor.Scalar(1.0), 0, 1);

        solution.State.Backward();

        Assert.NotNull(free.Grad);
        Assert.Null(frozen.Grad);
    }

    [Theory]
    [InlineData(GradientMethod.Mali)]
    [InlineData(GradientMethod.Backprop)]
    public void Gradients_flow_on_through_parameters_that_are_results(GradientMethod gradient)
    {
        var leaf = Tensor.Scalar(-0.5).WithGrad();
        var weight = leaf * 2;
        using var f = Dynamics.FromFunction((_, z) => z * weight, [weight]);
        using var solution = new OdeSolver(new() { StepSize = 0.01, Gradient = gradient }).Solve(f, Tensor.Scalar(1.0), 0, 1);

        solution.State.Backward();

        Assert.Equal(2 * Math.Exp(-1), leaf.Grad!.ToDouble(), 1e-4);   // order 2 at h = 0.01
    }

    [Fact]
    public void A_handwritten_derivative_gives_autograds_gradients()
    {
        var byAutograd = GradientsOf(weight => Dynamics.FromFunction((t, z) => (z * weight).Tanh() + t, [weight]));
        var byHand = GradientsOf(weight => Dynamics.FromFunctionWithVjp(
            (t, z) => (z * weight).Tanh() + t,
            (t, z, cotangent) =>
            {
                var y = (z * weight).Tanh();
                var inner = cotangent * (1 - y.Square());
                return new Pullback { Derivative = [y + t], State = [inner * weight], Parameters = [(inner * z).Sum()], Time = cotangent.Sum() };
            },
            [weight]));

        for (var i = 0; i < byHand.Length; i++) Assert.Equal(byAutograd[i], byHand[i], 1e-12);   // rounding of another order of operations
    }

    [Fact]
    public void A_handwritten_derivative_may_leave_zeros_out()
    {
        using var f = Dynamics.FromFunctionWithVjp(
            (t, z) => Tensor.Scalar(2.0), (t, z, _) => new Pullback { Derivative = [Tensor.Scalar(2.0)], State = [null] });
        var z0 = Tensor.Scalar(1.0).WithGrad();
        using var solution = new OdeSolver(Fixed).Solve(f, z0, 0, 1);

        solution.State.Backward();

        Assert.Equal(3, solution.State.ToDouble(), 1e-15);
        Assert.Equal(1, z0.Grad!.ToDouble(), 1e-15);
    }

    [Fact]
    public void The_function_is_released_with_the_dynamics_and_its_graphs()
    {
        var (captured, state) = SolveAndForgetFunction();
        state.Backward();
        state.Dispose();
        _ = NativeObjects.Settled();

        Assert.False(captured.IsAlive);

        static (WeakReference Captured, Tensor State) SolveAndForgetFunction()
        {
            var factor = new object();
            using var f = Dynamics.FromFunction((_, z) =>
            {
                GC.KeepAlive(factor);
                return -z;
            });
            using var solution = new OdeSolver(Fixed).Solve(f, Tensor.Scalar(1.0).WithGrad(), 0, 1);
            return (new WeakReference(factor), Tensor.Share(solution.State.Handle.DangerousGetHandle()));
        }
    }

    [Fact]
    public void Buffers_change_once_for_each_forward_evaluation()
    {
        var calls = Tensor.Scalar(0.0);
        using var f = Dynamics.FromFunction(
            (_, z) =>
            {
                using (Autograd.NoGrad()) calls.Add_(Tensor.Scalar(1.0));
                return -z;
            },
            buffers: [calls]);
        using var solution = new OdeSolver(Fixed).Solve(f, Tensor.Scalar(1.0).WithGrad(), 0, 1);
        solution.State.Backward();

        Assert.Equal(solution.Statistics.NfeForward, calls.ToInt64());   // the reverse sweep left no trace
    }

    private static double[] GradientsOf(Func<Tensor, Dynamics> make)
    {
        var (weight, z0) = (Tensor.Scalar(0.7).WithGrad(), Tensor.FromArray<double>([1, -2, 0.5]).WithGrad());
        var (t0, t1) = (Tensor.Scalar(0.1).WithGrad(), Tensor.Scalar(1.2).WithGrad());
        using var f = make(weight);
        using var solution = new OdeSolver(Fixed).Solve(f, z0, t0, t1);
        solution.State.Square().Sum().Backward();
        return [.. z0.Grad!.ToArray<double>(), weight.Grad!.ToDouble(), t0.Grad!.ToDouble(), t1.Grad!.ToDouble()];
    }
}
