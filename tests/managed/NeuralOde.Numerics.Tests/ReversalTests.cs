namespace NeuralOde.Numerics.Tests;

/// <summary>What the reverse sweep reports about the state that it reconstructs.</summary>
[TestFixture]
public sealed class ReversalTests : ScopedTests
{
    [Test]
    [Combinatorial]
    public void The_reconstruction_error_is_rounding_times_the_growth_of_the_inverse(
        [ValueSource(typeof(Problem), nameof(Problem.Names))] string name, [Values(1, 0.9, 0.75, 0.3)] double eta)
    {
        const int Steps = 8;
        using var problem = Problem.Create(name);
        using var solution = new OdeSolver(new() { StepSize = 1.0 / Steps, Eta = eta }).Solve(problem.Dynamics, problem.State, 0, 1);
        solution.States.Select(state => state.Sum()).Aggregate((a, b) => a + b).Backward();

        // eps |1 - 2 eta|^-N, with room for the sum over steps and the dynamics' own growth
        var bound = 1000 * 2.2e-16 * Math.Pow(Math.Abs(1 - (2 * eta)), -Steps);
        Assert.That(solution.Statistics.ReconstructionError, Is.LessThan(bound));
    }

    [Test]
    public void Drift_that_ruins_a_gradient_is_reported()
    {
        using var f = Dynamics.FromFunction((_, z) => -z);
        var z0 = Tensor.Ones([8]).WithGrad();
        using var solution = new OdeSolver(new() { StepSize = 0.1, Eta = 0.8 }).Solve(f, z0, 0, 10);
        solution.State.Sum().Backward();

        // |1 - 2 eta|^-100 = 0.6^-100 = 1.5e22 times single rounding: nothing of z0 is left
        Assert.That(solution.Statistics.ReconstructionError, Is.GreaterThan(1).Or.NaN);
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
}
