namespace NeuralOde.Managed.Tests;

/// <summary>Runs that MALI cannot undo to rounding: snapshots, repairs and drift, as in the native library.</summary>
[TestFixture]
public sealed class ReversalTests
{
    [Test]
    public void Snapshots_are_planned_for_damped_steps([Values(0.9, 0.8, 0.3)] double eta)
    {
        var options = new SolverOptions { StepSize = 0.01, Eta = eta };
        var mlp = new Mlp<double>(withTime: true);

        var (managed, native) = (mlp.Managed(options, 0, 2), mlp.Native(options, 0, 2));

        Assert.That(managed.Statistics.Snapshots, Is.GreaterThan(0));
        Assert.That(managed.Statistics.ReconstructionError, Is.LessThan(1.5e-9));   // a tenth of the square root of epsilon
        managed.AssertValues(native, 1e-7);   // each is off by up to ten times the drift
    }

    [Test]
    public void A_stretch_that_drifts_is_made_again()
    {
        var (decay, options) = (new Decay(), new SolverOptions { StepSize = 0.05 });

        var (solution, gradients) = Solve(decay, options);

        // The inverse expands rounding by e^(3 T) = 1e13 here. The second pass starts each step from its state: the same as keeping every one.
        var (_, expected) = Solve(decay, options with { SnapshotInterval = SnapshotInterval.Every(1) });
        Assert.Multiple(() =>
        {
            Assert.That(solution.Statistics.StepsReplayed, Is.EqualTo(199));
            Assert.That(solution.Statistics.ReconstructionError, Is.Zero);
            Assert.That(gradients.State.Span[0], Is.EqualTo(expected.State.Span[0]).Within(1e-12).Percent);
            Assert.That(gradients.Parameters[0][0], Is.EqualTo(expected.Parameters[0][0]).Within(1e-10).Percent);
            Assert.That(gradients.T0, Is.EqualTo(expected.T0).Within(1e-10).Percent);
        });
    }

    [Test]
    public void Drift_beyond_the_tolerance_throws()
    {
        var error = Assert.Throws<NeuralOdeException>(() => Solve(new Decay(), new() { StepSize = 0.05, SnapshotInterval = SnapshotInterval.None }));

        Assert.That(error.Status, Is.EqualTo(Status.Drift));
        Assert.That(error.Message, Does.Contain("SnapshotInterval"));
    }

    [Test]
    public void Drift_is_allowed_by_a_larger_tolerance()
    {
        var options = new SolverOptions { StepSize = 0.05, SnapshotInterval = SnapshotInterval.None, DriftTolerance = 1e30 };

        var (solution, _) = Solve(new Decay(), options);

        Assert.That(solution.Statistics.ReconstructionError, Is.GreaterThan(1.5e-8));
    }

    [Test]
    public void Mali_keeps_no_state_for_any_number_of_steps()
    {
        var options = new SolverOptions { Eta = 1, SnapshotInterval = SnapshotInterval.None };
        var mlp = new MlpDynamics<double>(2048, new double[2048], new double[1], new double[2048], new double[2048]);
        Allocated(options with { StepSize = 0.1 });   // compiles

        var (few, many) = (Allocated(options with { StepSize = 0.1 }), Allocated(options with { StepSize = 0.01 }));

        Assert.That(many - few, Is.LessThan(90 * 2048 * sizeof(double) / 10));   // the times and lengths of 90 steps more, and not their states

        long Allocated(SolverOptions with)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var solution = new ManagedOdeSolver(with).Solve<double>(mlp, new double[2048], 0, 1);
            solution.Backward(new double[2048]);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    private static (ManagedSolution<double> Solution, ManagedGradients<double> Gradients) Solve(Decay decay, SolverOptions options)
    {
        var solution = new ManagedOdeSolver(options).Solve<double>(decay, [1.0, 0.5], 0, 10);
        return (solution, solution.Backward([1.0, -2]));
    }

    /// <summary>z' = -c z + sin t, which expands backward in time; c = 3.</summary>
    private sealed class Decay : IManagedDynamics<double>
    {
        public IReadOnlyList<double[]> Parameters { get; } = [[3.0]];

        public int TapeLength(int stateLength) => 0;

        public void Evaluate(double t, ReadOnlySpan<double> z, Span<double> u, Span<double> tape)
        {
            for (var i = 0; i < z.Length; i++) u[i] = (-Parameters[0][0] * z[i]) + Math.Sin(t);
        }

        public double Pullback(
            double t, ReadOnlySpan<double> z, ReadOnlySpan<double> tape, ReadOnlySpan<double> cotangent, Span<double> stateCotangent,
            IReadOnlyList<double[]> parameterCotangents)
        {
            var a_t = 0.0;
            for (var i = 0; i < z.Length; i++)
            {
                stateCotangent[i] = -Parameters[0][0] * cotangent[i];
                parameterCotangents[0][0] -= z[i] * cotangent[i];
                a_t += Math.Cos(t) * cotangent[i];
            }

            return a_t;
        }
    }
}
