namespace NeuralOde.Numerics.Tests;

/// <summary>What the reverse sweep reports about the states that it reconstructs.</summary>
[TestFixture]
public sealed class ReversalTests : ScopedTests
{
    // |1 - 2 eta|^-100 = 2^100 = 1.3e30 times rounding: nothing of z0 is left, in any type.
    private static readonly SolverOptions Hopeless = new() { StepSize = 0.1, Eta = 0.75, SnapshotInterval = SnapshotInterval.None };

    [Test]
    [Combinatorial]
    public void The_reconstruction_error_is_rounding_times_the_growth_of_the_inverse(
        [ValueSource(typeof(Problem), nameof(Problem.Names))] string name, [Values(1, 0.9, 0.75, 0.3)] double eta)
    {
        const int Steps = 8;
        using var problem = Problem.Create(name);
        var options = new SolverOptions { StepSize = 1.0 / Steps, Eta = eta, SnapshotInterval = SnapshotInterval.None };
        using var solution = new OdeSolver(options).Solve(problem.Dynamics, problem.State, 0, 1);
        solution.States.Select(state => state.Sum()).Aggregate((a, b) => a + b).Backward();

        // eps |1 - 2 eta|^-N, with room for the sum over steps and the dynamics' own growth
        var bound = 1000 * 2.2e-16 * Math.Pow(Math.Abs(1 - (2 * eta)), -Steps);
        Assert.That(solution.Statistics.ReconstructionError, Is.LessThan(bound));
    }

    [Test]
    public void Drift_that_ruins_a_gradient_is_reported([Values(DType.Float32, DType.Float64, DType.BFloat16)] DType dtype)
    {
        using var solution = Decay(Hopeless with { Failure = FailureMode.Value }, Tensor.Ones([8], dtype).WithGrad());
        solution.State.Sum().Backward();

        Assert.Multiple(() =>
        {
            Assert.That(solution.Statistics.ReconstructionError, Is.GreaterThan(1));
            Assert.That(solution.Status, Is.EqualTo(Status.Drift));
        });
    }

    [Test]
    public void Automatic_snapshots_turn_a_hopeless_gradient_into_backprops([Values(DType.Float32, DType.Float64)] DType dtype)
    {
        var automatic = Run(Hopeless with { SnapshotInterval = SnapshotInterval.Automatic });
        var backprop = Run(Hopeless with { Gradient = GradientMethod.Backprop, SnapshotInterval = SnapshotInterval.Automatic });

        // The states may be off by the drift tolerance, the square root of epsilon; dz(10)/dz0 does not depend on z here.
        var epsilon = dtype == DType.Float32 ? 1.2e-7 : 2.2e-16;
        Assert.That(automatic, Is.EqualTo(backprop).Within(Math.Sqrt(epsilon) * backprop[0]));

        double[] Run(SolverOptions options)
        {
            var z0 = Tensor.Ones([8], dtype).WithGrad();
            using var solution = Decay(options, z0);
            solution.State.Sum().Backward();
            return z0.Grad!.To(DType.Float64).ToArray<double>();
        }
    }

    [Test]
    public void Drift_is_reported_although_the_program_has_dropped_the_first_state()
    {
        using var f = Dynamics.FromFunction((_, z) => -z);
        Solution solution;
        var leaf = Tensor.Ones([8], DType.Float64).WithGrad();
        using (var z0 = leaf * 1) solution = new OdeSolver(new() { StepSize = 0.1 }).Solve(f, z0, 0, 1);
        using (solution)
        {
            solution.State.Sum().Backward();

            Assert.That(solution.Statistics.ReconstructionError, Is.InRange(0, 1e-12));   // double rounding over 10 steps
        }
    }

    [Test]
    public void A_first_state_that_was_changed_in_place_is_not_compared_with()
    {
        var z0 = Tensor.Ones([8], DType.Float64);
        var weight = Tensor.Scalar(-1.0).WithGrad();
        using var f = Dynamics.FromFunction((_, z) => z * weight, [weight]);
        var options = new SolverOptions { StepSize = 0.1, SnapshotInterval = SnapshotInterval.None };
        using var solution = new OdeSolver(options).Solve(f, z0, 0, 1);
        z0.Zero_();
        solution.State.Sum().Backward();

        Assert.Multiple(() =>
        {
            Assert.That(solution.Statistics.ReconstructionError, Is.NaN);
            Assert.That(weight.Grad!.ToDouble(), Is.EqualTo(8 * Math.Exp(-1)).Within(0.02));   // d e^w / dw, order 2 at h = 0.1
        });
    }

    [Test]
    public void A_tolerance_of_the_programs_own_decides_what_drift_is([Values(1e-17, 1e-3)] double tolerance)
    {
        var options = new SolverOptions
        {
            StepSize = 0.1, Eta = 0.8, DriftTolerance = tolerance, SnapshotInterval = SnapshotInterval.None, Failure = FailureMode.Value,
        };
        using var f = Dynamics.FromFunction((_, z) => -z);
        using var solution = new OdeSolver(options).Solve(f, Tensor.Scalar(1.0).WithGrad(), 0, 1);
        solution.State.Backward();

        // 0.6^-10 = 165 times double rounding, 2e-14 or so
        Assert.That(solution.Status, Is.EqualTo(tolerance < 1e-10 ? Status.Drift : Status.Ok));
    }

    [Test]
    public void Times_of_the_reverse_sweep_are_bit_for_bit_those_of_the_forward_sweep([Values(null, 0.13)] double? stepSize)
    {
        var times = new List<double>();
        using var f = Dynamics.FromFunction((t, z) =>
        {
            times.Add(t.ToDouble());
            return -z * t;
        });
        using var solution = new OdeSolver(new() { StepSize = stepSize }).Solve(f, Tensor.Scalar(1.0).WithGrad(), 0.1, 1.7);
        var forward = times.ToArray();
        times.Clear();
        solution.State.Backward();

        Assert.That(times, Is.SubsetOf(forward));
    }

    private static Solution Decay(SolverOptions options, Tensor z0)
    {
        using var f = Dynamics.FromFunction((_, z) => -z);
        return new OdeSolver(options).Solve(f, z0, 0, 10);
    }
}
