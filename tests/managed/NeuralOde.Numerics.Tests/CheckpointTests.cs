namespace NeuralOde.Numerics.Tests;

/// <summary>What aca, anode and pnode keep, and how many steps they make again.</summary>
[TestFixture]
public sealed class CheckpointTests : ScopedTests
{
    private const int Bytes = 3 * 4 * 8;   // of the state of "mlp"

    private static readonly SolverKind[] SomeSolvers = [SolverKind.Alf, SolverKind.Rk4, SolverKind.Tsit5];

    [OneTimeSetUp]
    public void Track() => TensorMemory.EnableTracking();

    [Test]
    [Combinatorial]
    public void A_budget_of_checkpoints_is_kept_to_and_costs_the_fewest_steps(
        [ValueSource(nameof(SomeSolvers))] SolverKind solver, [Values(1, 2, 3, 5, 9, 100)] int checkpoints, [Values(1, 2, 7, 10, 40)] int steps)
    {
        var (_, backward) = Solve(Fixed(solver, steps, GradientMethod.Pnode, checkpoints));

        Assert.Multiple(() =>
        {
            Assert.That(backward.Snapshots, Is.EqualTo(Math.Min(checkpoints, steps - 1)));
            Assert.That(backward.StepsReplayed, Is.EqualTo(FewestReplayed(steps, checkpoints)));
        });
    }

    [Test]
    [Combinatorial]
    public void Adaptive_steps_keep_to_the_budget_and_near_the_fewest_steps([Values(1, 2, 3, 8)] int checkpoints, [Values(1e-3, 1e-6)] double tolerance)
    {
        var (_, backward) = Solve(new()
        {
            Solver = SolverKind.Bosh3, Checkpoints = checkpoints, RelativeTolerance = tolerance, AbsoluteTolerance = tolerance,
        });
        var fewest = FewestReplayed((int)backward.StepsAccepted, checkpoints);

        Assert.Multiple(() =>
        {
            Assert.That(backward.Snapshots, Is.LessThanOrEqualTo(checkpoints));
            Assert.That(backward.StepsReplayed, Is.InRange(fewest, 1.25 * fewest));   // the number of steps is not known beforehand
        });
    }

    [Test]
    public void Aca_keeps_every_state_and_makes_none_again([ValueSource(nameof(SomeSolvers))] SolverKind solver)
    {
        var (forward, backward) = Solve(Fixed(solver, 10, GradientMethod.Aca));

        Assert.Multiple(() =>
        {
            Assert.That(forward.Snapshots, Is.EqualTo(9));   // z0 and the end state need none
            Assert.That(forward.SnapshotBytes, Is.EqualTo(9 * BytesOf(solver)));
            Assert.That(backward.StepsReplayed, Is.Zero);
        });
    }

    [Test]
    public void Pnode_without_a_budget_does_as_aca([ValueSource(nameof(SomeSolvers))] SolverKind solver) => Assert.That(
        Solve(Fixed(solver, 10, GradientMethod.Pnode)).Backward, Is.EqualTo(Solve(Fixed(solver, 10, GradientMethod.Aca)).Backward));

    [Test]
    public void Anode_keeps_nothing_until_its_reverse_sweep_which_makes_every_step_but_the_last_again([ValueSource(nameof(SomeSolvers))] SolverKind solver)
    {
        var (forward, backward) = Solve(Fixed(solver, 10, GradientMethod.Anode));

        Assert.Multiple(() =>
        {
            Assert.That(forward.Snapshots, Is.Zero);
            Assert.That(backward.Snapshots, Is.EqualTo(9));
            Assert.That(backward.SnapshotBytes, Is.EqualTo(9 * BytesOf(solver)));
            Assert.That(backward.StepsReplayed, Is.EqualTo(9));
        });
    }

    [Test]
    [Combinatorial]
    public void Every_evaluation_of_the_reverse_sweep_is_counted(
        [ValueSource(typeof(Solvers), nameof(Solvers.Explicit))] SolverKind solver,
        [Values(GradientMethod.Aca, GradientMethod.Anode, GradientMethod.Pnode)] GradientMethod gradient)
    {
        using var problem = Problem.Create("mlp");
        var calls = 0;
        using var counted = Dynamics.FromFunction(
            (t, z) =>
            {
                calls++;
                return problem.Dynamics.Evaluate(t.ToDouble(), z);
            },
            problem.Parameters);
        var options = Fixed(solver, 10, gradient, gradient == GradientMethod.Pnode ? 2 : null);
        using var solution = new OdeSolver(options).Solve(counted, problem.State[0], 0, 1);
        var forward = calls;
        solution.State.Sum().Backward();
        var (statistics, stages) = (solution.Statistics, Solvers.Of(solver).Stages);

        Assert.Multiple(() =>
        {
            Assert.That(statistics.NfeForward, Is.EqualTo(forward));
            Assert.That(statistics.NfeBackward, Is.EqualTo(10 * stages));   // a step does not depend on the last stage of an FSAL method
            Assert.That(calls - forward, Is.EqualTo((10 + statistics.StepsReplayed) * stages));
        });
    }

    [Test]
    [Combinatorial]
    public void A_second_backward_through_a_retained_graph_gives_the_same(
        [Values(GradientMethod.Adjoint, GradientMethod.Aca, GradientMethod.Anode, GradientMethod.Pnode)] GradientMethod gradient,
        [Values(null, 0.1)] double? stepSize)
    {
        using var problem = Problem.Create("mlp");
        var options = new SolverOptions
        {
            Solver = SolverKind.Bosh3, StepSize = stepSize, Gradient = gradient, Checkpoints = gradient == GradientMethod.Pnode ? 2 : null,
        };
        using var solution = new OdeSolver(options).Solve(problem.Dynamics, problem.State, 0, 1);
        double[] Once(bool retains) =>
            [.. Autograd.Grad([solution.State.Sum()], [problem.State[0], .. problem.Parameters], retainGraph: retains).SelectMany(x => x!.ToArray<double>())];

        Assert.That(Once(true), Is.EqualTo(Once(false)));
    }

    [Test]
    public void The_peak_of_pnode_with_a_budget_does_not_grow_with_the_number_of_steps([Values(SolverKind.Rk4, SolverKind.Dopri5)] SolverKind solver)
    {
        var few = PeakBytes(Fixed(solver, 8, GradientMethod.Pnode, 3));
        var many = PeakBytes(Fixed(solver, 256, GradientMethod.Pnode, 3));

        Assert.That(many, Is.LessThanOrEqualTo(1.01 * few));
    }

    [Test]
    public void The_peak_of_adjoint_does_not_grow_with_the_number_of_steps([Values(SolverKind.Rk4, SolverKind.Dopri5)] SolverKind solver) => Assert.That(
        PeakBytes(Fixed(solver, 256, GradientMethod.Adjoint)), Is.LessThanOrEqualTo(1.01 * PeakBytes(Fixed(solver, 8, GradientMethod.Adjoint))));

    [Test]
    public void The_peak_of_aca_grows_by_a_state_a_step([Values(SolverKind.Rk4, SolverKind.Dopri5)] SolverKind solver)
    {
        var growth = PeakBytes(Fixed(solver, 264, GradientMethod.Aca)) - PeakBytes(Fixed(solver, 8, GradientMethod.Aca));

        Assert.That(growth, Is.EqualTo(256 * 256 * 64 * 4).Within(1).Percent);
    }

    private static SolverOptions Fixed(SolverKind solver, int steps, GradientMethod gradient, int? checkpoints = null) =>
        new() { Solver = solver, StepSize = 1.0 / steps, Gradient = gradient, Checkpoints = checkpoints };

    private static int BytesOf(SolverKind solver) => solver == SolverKind.Alf ? 2 * Bytes : Bytes;   // z and v, or z

    private static (SolverStatistics Forward, SolverStatistics Backward) Solve(SolverOptions options)
    {
        using var problem = Problem.Create("mlp");
        using var solution = new OdeSolver(options).Solve(problem.Dynamics, problem.State, 0, 1);
        var forward = solution.Statistics;
        solution.State.Sum().Backward();
        return (forward, solution.Statistics);
    }

    private static long PeakBytes(SolverOptions options)
    {
        using var scope = new TensorScope();
        var weight = (Tensor.Randn([64, 64]) * 0.05).WithGrad();
        var z0 = Tensor.Randn([256, 64]).WithGrad();
        using var f = Dynamics.FromFunction((_, z) => z.MatMul(weight).Tanh(), [weight]);
        var before = TensorMemory.LiveBytes;
        TensorMemory.ResetPeak();
        using var solution = new OdeSolver(options).Solve(f, z0, 0, 1);
        solution.State.Sum().Backward();
        return TensorMemory.PeakBytes - before;
    }

    /// <summary>The optimum by its definition: the state before the last step is at hand when the forward sweep ends, which has kept the first
    /// checkpoint, at m, and the best others; what lies before m is undone with all slots free.</summary>
    private static int FewestReplayed(int steps, int checkpoints)
    {
        var most = Math.Min(checkpoints, steps);
        var undone = new int[steps + 1, most + 1];   // a stretch, from its start at hand, with free slots
        var swept = new int[steps + 1, most + 1];    // a sweep with slots
        for (var slots = 0; slots <= most; slots++)
        {
            for (var length = 2; length <= steps; length++)
            {
                var firsts = Enumerable.Range(1, length - 1);
                undone[length, slots] = slots == 0 ? length * (length - 1) / 2 : firsts.Min(m => m + undone[length - m, slots - 1] + undone[m, slots]);
                swept[length, slots] = slots == 0 ? length * (length - 1) / 2 : firsts.Min(m => swept[length - m, slots - 1] + undone[m, slots]);
            }
        }

        return swept[steps, most];
    }
}
