namespace NeuralOde.Numerics.Tests;

/// <summary>Gradients by the adjoint ODE: those of the continuous problem, up to the solver's error.</summary>
[TestFixture]
public sealed class AdjointTests : ScopedTests
{
    [Test]
    [Combinatorial]
    public void Fixed_steps_converge_to_backprop_at_the_solvers_order(
        [ValueSource(typeof(Solvers), nameof(Solvers.All))] SolverKind solver,
        [Values("mlp", "pair")] string problem,
        [Values(false, true)] bool backwardInTime,
        [Values(false, true)] bool timesAskedFor)
    {
        var (start, end) = backwardInTime ? (1.0, 0.0) : (0.0, 1.0);
        double[]? times = !timesAskedFor ? null : backwardInTime ? [0.75, 0.5, 0] : [0.25, 0.5, 1];
        var order = Solvers.Of(solver).Order;
        var steps = order switch { <= 3 => 64, <= 5 => 32, _ => 4 };   // the error of order 8 is rounding soon
        var observed = Math.Log2(Difference(steps) / Difference(2 * steps));

        // Both differ from the continuous gradient by C h^p (1 + q h); with q h below 0.5 the ratio is 2^p within 2^0.4.
        Assert.That(observed, Is.GreaterThan(order - 0.4));

        double Difference(int count)
        {
            var options = new SolverOptions { Solver = solver, StepSize = 1.0 / count, Gradient = GradientMethod.Backprop };
            var backprop = Gradients.Of(problem, options, start, end, times);
            var adjoint = Gradients.Of(problem, options with { Gradient = GradientMethod.Adjoint }, start, end, times);
            return Math.Sqrt(backprop.Sum(entry => entry.Value.Zip(adjoint[entry.Key], (a, b) => (a - b) * (a - b)).Sum()));
        }
    }

    [Test]
    [Combinatorial]
    public void Adaptive_steps_reach_the_tolerance(
        [ValueSource(typeof(Solvers), nameof(Solvers.Adaptive))] SolverKind solver, [Values(1e-4, 1e-6)] double tolerance, [Values(false, true)] bool seminorm)
    {
        var exact = new SolverOptions { Solver = SolverKind.Dopri8, StepSize = 0.02, Gradient = GradientMethod.Backprop };
        var options = new SolverOptions
        {
            Solver = solver, RelativeTolerance = tolerance, AbsoluteTolerance = tolerance, Gradient = GradientMethod.Adjoint, AdjointSeminorm = seminorm,
        };

        // local errors add up over the steps, of the state and of its cotangent
        using var problem = Problem.Create("mlp");
        using var solution = new OdeSolver(options with { Gradient = GradientMethod.None, AdjointSeminorm = false }).Solve(problem.Dynamics, problem.State, 0, 1);
        Gradients.AssertEqual(Gradients.Of("mlp", exact, 0, 1), Gradients.Of("mlp", options, 0, 1), (10 + (2 * solution.Statistics.StepsAccepted)) * tolerance);
    }

    [Test]
    public void The_seminorm_saves_evaluations([ValueSource(typeof(Solvers), nameof(Solvers.ExplicitAdaptive))] SolverKind solver)
    {
        Assert.That(Evaluations(true), Is.LessThan(Evaluations(false)));

        // dL/dtheta oscillates with f's input, the state and its cotangent do not: z' = -z + theta sin(40 t) / 100
        long Evaluations(bool seminorm)
        {
            var theta = Tensor.Scalar(0.0).WithGrad();
            var z0 = Tensor.Scalar(1.0).WithGrad();
            using var f = Dynamics.FromFunction((t, z) => -z + (theta * (40 * t).Sin()), [theta]);
            var options = new SolverOptions
            {
                Solver = solver, RelativeTolerance = 1e-5, AbsoluteTolerance = 1e-5, Gradient = GradientMethod.Adjoint, AdjointSeminorm = seminorm,
            };
            using var solution = new OdeSolver(options).Solve(f, z0, 0, 3);
            solution.State.Backward();
            return solution.Statistics.NfeBackward;
        }
    }

    [Test]
    public void Every_evaluation_is_counted([ValueSource(typeof(Solvers), nameof(Solvers.All))] SolverKind solver, [Values(false, true)] bool timesAskedFor)
    {
        var calls = 0;
        var theta = Tensor.Scalar(0.5).WithGrad();
        using var f = Dynamics.FromFunction(
            (t, z) =>
            {
                calls++;
                return z * theta * t.Cos();
            },
            [theta]);
        var options = new SolverOptions { Solver = solver, StepSize = 0.1, Gradient = GradientMethod.Adjoint };
        var (t0, t1) = (Tensor.Scalar(0.0).WithGrad(), Tensor.Scalar(1.0).WithGrad());
        using var solution = new OdeSolver(options).Solve(f, Tensor.Scalar(1.0).WithGrad(), t0, t1, timesAskedFor ? Tensor.FromArray<double>([0.4, 1]) : null);
        var forward = calls;
        solution.State.Sum().Backward();

        // A product of the adjoint ODE's Jacobian with a vector evaluates f once more.
        Assert.That(solution.Statistics.NfeBackward + solution.Statistics.JacobianProductsBackward, Is.EqualTo(calls - forward));
    }

    [Test]
    public void A_solve_backward_that_cannot_go_on_throws_in_every_mode([Values] FailureMode failure)
    {
        var theta = Tensor.Scalar(0.0).WithGrad();
        using var f = Dynamics.FromFunction((t, z) => -z + (theta * (40 * t).Sin()), [theta]);
        var options = new SolverOptions
        {
            Solver = SolverKind.Bosh3, RelativeTolerance = 1e-5, AbsoluteTolerance = 1e-5, Gradient = GradientMethod.Adjoint, Failure = failure,
            MaxSteps = 60,   // enough for the state, not for the cotangent of theta
        };
        using var solution = new OdeSolver(options).Solve(f, Tensor.Scalar(1.0).WithGrad(), 0, 3);

        var error = Assert.Throws<NeuralOdeException>(() => solution.State.Backward());

        Assert.That(error.Status, Is.EqualTo(Status.StepLimit));
    }
}
