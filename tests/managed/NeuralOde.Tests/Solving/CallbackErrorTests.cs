namespace NeuralOde.Tests.Solving;

public sealed class CallbackErrorTests : IDisposable
{
    private static readonly OdeSolver Solver = new(new() { StepSize = 0.25 });
    private readonly InvalidTimeZoneException _thrown = new("from the dynamics");
    private readonly TensorScope _scope = new();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void What_the_function_throws_comes_out_of_evaluate_as_itself()
    {
        using var f = Dynamics.FromFunction((_, _) => throw _thrown);

        Assert.Same(_thrown, Assert.Throws<InvalidTimeZoneException>(() => f.Evaluate(0, Tensor.Ones([1]))));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void What_the_function_throws_comes_out_of_solve_as_itself(int call)
    {
        var calls = 0;
        using var f = Dynamics.FromFunction((_, z) => calls++ == call ? throw _thrown : -z);

        Assert.Same(_thrown, Assert.Throws<InvalidTimeZoneException>(() => Solver.Solve(f, Tensor.Ones([1]), 0, 1)));
    }

    [Theory]
    [InlineData(GradientMethod.Mali)]
    [InlineData(GradientMethod.Backprop)]
    [InlineData(GradientMethod.None)]
    public void Every_gradient_method_hands_the_exception_on(GradientMethod gradient)
    {
        using var f = Dynamics.FromFunction((_, _) => throw _thrown);
        var solver = new OdeSolver(Solver.Options with { Gradient = gradient });

        Assert.Same(_thrown, Assert.Throws<InvalidTimeZoneException>(() => solver.Solve(f, Tensor.Ones([1]).WithGrad(), 0, 1)));
    }

    [Fact]
    public void What_the_function_throws_in_the_reverse_sweep_comes_out_of_backward_as_itself()
    {
        var backward = false;
        using var f = Dynamics.FromFunction((_, z) => backward ? throw _thrown : -z);
        using var solution = Solver.Solve(f, Tensor.Ones([1]).WithGrad(), 0, 1);
        backward = true;

        Assert.Same(_thrown, Assert.Throws<InvalidTimeZoneException>(() => solution.State.Sum().Backward()));
    }

    [Fact]
    public void What_a_handwritten_derivative_throws_comes_out_of_backward_as_itself()
    {
        using var f = Dynamics.FromFunctionWithVjp((_, z) => -z, (_, _, _) => throw _thrown);
        using var solution = Solver.Solve(f, Tensor.Ones([1]).WithGrad(), 0, 1);

        Assert.Same(_thrown, Assert.Throws<InvalidTimeZoneException>(() => solution.State.Sum().Backward()));
    }

    [Fact]
    public void What_the_function_throws_comes_out_of_grad_as_itself()
    {
        using var f = Dynamics.FromFunctionWithVjp((_, z) => -z, (_, _, _) => throw _thrown);
        var z0 = Tensor.Ones([1]).WithGrad();
        using var solution = Solver.Solve(f, z0, 0, 1);

        Assert.Same(_thrown, Assert.Throws<InvalidTimeZoneException>(() => Autograd.Grad(solution.State.Sum(), z0)));
    }

    [Fact]
    public void A_failed_operation_inside_the_function_comes_out_as_itself()
    {
        using var f = Dynamics.FromFunction((_, z) => z + Tensor.Ones([7]));

        var error = Assert.Throws<NeuralOdeException>(() => Solver.Solve(f, Tensor.Ones([2]), 0, 1));

        Assert.Equal(Status.RuntimeError, error.Status);
        Assert.Contains("size of tensor", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_stack_trace_begins_in_the_function()
    {
        using var f = Dynamics.FromFunction((_, z) => ThrowingDynamics(z));

        var error = Assert.Throws<InvalidTimeZoneException>(() => f.Evaluate(0, Tensor.Ones([1])));

        Assert.Contains(nameof(ThrowingDynamics), error.StackTrace, StringComparison.Ordinal);
    }

    [Fact]
    public void A_result_of_another_shape_is_rejected()
    {
        using var f = Dynamics.FromFunction((_, _) => Tensor.Ones([3]));

        var error = Assert.Throws<NeuralOdeException>(() => Solver.Solve(f, Tensor.Ones([2]), 0, 1));

        Assert.Contains("[3]", error.Message, StringComparison.Ordinal);
        Assert.Contains("[2]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_result_of_null_is_rejected()
    {
        using var f = Dynamics.FromFunction((Tensor _, Tensor _) => null!);

        Assert.Contains("null", Assert.Throws<InvalidOperationException>(() => f.Evaluate(0, Tensor.Ones([2]))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_result_of_another_number_of_tensors_is_rejected_with_both_counts()
    {
        using var f = Dynamics.FromFunction((_, z) => [z[0]]);

        var error = Assert.Throws<InvalidOperationException>(() => f.Evaluate(0, [Tensor.Ones([2]), Tensor.Ones([2])]));

        Assert.Contains("1 tensors for a state of 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_function_of_one_tensor_rejects_a_tuple()
    {
        using var f = Dynamics.FromFunction((_, z) => -z);

        var error = Assert.Throws<ArgumentException>(() => f.Evaluate(0, [Tensor.Ones([1]), Tensor.Ones([1])]));

        Assert.Contains("2 tensors", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_derivative_with_cotangents_missing_is_rejected_with_both_counts()
    {
        var weight = Tensor.Scalar(1f).WithGrad();
        using var f = Dynamics.FromFunctionWithVjp(
            (_, z) => z * weight, (_, z, a) => new Pullback { Derivative = [z], State = [a], Parameters = [a, a] }, [weight]);
        using var solution = Solver.Solve(f, Tensor.Ones([1]).WithGrad(), 0, 1);

        Assert.Contains("2 entries for 1", Assert.Throws<InvalidOperationException>(() => solution.State.Backward()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failed_solve_leaves_nothing_behind()
    {
        var before = NativeObjects.Settled();
        using (new TensorScope())
        {
            var calls = 0;
            using var f = Dynamics.FromFunction((_, z) => calls++ == 3 ? throw _thrown : -z);
            Assert.Throws<InvalidTimeZoneException>(() => Solver.Solve(f, Tensor.Ones([1]).WithGrad(), 0, 1));
        }

        Assert.Equal(before, Library.LiveObjects);
    }

    [Fact]
    public void A_scope_left_open_in_the_function_does_not_stay_open()
    {
        using var f = Dynamics.FromFunction((_, z) =>
        {
            var left = new TensorScope();
            Assert.NotSame(_scope, left);
            return -z.Detach().DetachFromScope();
        });
        f.Evaluate(0, Tensor.Ones([1]));

        Assert.Same(_scope, TensorScope.Current);
    }

    [Fact]
    public void Solving_goes_on_after_a_failure()
    {
        var fail = true;
        using var f = Dynamics.FromFunction((_, z) => fail ? throw _thrown : -z);
        Assert.Throws<InvalidTimeZoneException>(() => Solver.Solve(f, Tensor.Ones([1]), 0, 1));
        fail = false;

        using var solution = Solver.Solve(f, Tensor.Ones([1]), 0, 1);
        Assert.Equal(4, solution.Statistics.StepsAccepted);
    }

    private Tensor ThrowingDynamics(Tensor z) => z.Dimensions > 0 ? throw _thrown : z;
}
