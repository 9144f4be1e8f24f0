namespace NeuralOde.Managed.Tests;

/// <summary>What a solve and its backward gave, by name, and what they cost.</summary>
internal sealed record Answer(Dictionary<string, double[]> Values, SolverStatistics Statistics)
{
    /// <summary>As <see cref="AssertValues"/>, and the same work.</summary>
    public void AssertIs(Answer expected, double tolerance) => Assert.Multiple(() =>
    {
        AssertValues(expected, tolerance);
        AssertSameWork(expected.Statistics);
    });

    /// <summary>The same names, each value off by at most <paramref name="tolerance"/> relative to the largest of its array.</summary>
    public void AssertValues(Answer expected, double tolerance)
    {
        Assert.That(Values.Keys, Is.EquivalentTo(expected.Values.Keys));
        Assert.Multiple(() =>
        {
            foreach (var (name, values) in expected.Values)
            {
                Assert.That(Values[name], Has.Length.EqualTo(values.Length), name);
                var scale = values.Max(Math.Abs);
                var difference = values.Zip(Values[name], (a, b) => Math.Abs(a - b)).Max();
                Assert.That(difference, Is.LessThanOrEqualTo(tolerance * scale), name);
            }
        });
    }

    private void AssertSameWork(SolverStatistics expected)
    {
        Assert.That(Statistics.StepsAccepted, Is.EqualTo(expected.StepsAccepted), nameof(Statistics.StepsAccepted));
        Assert.That(Statistics.StepsRejected, Is.EqualTo(expected.StepsRejected), nameof(Statistics.StepsRejected));
        Assert.That(Statistics.NfeForward, Is.EqualTo(expected.NfeForward), nameof(Statistics.NfeForward));
        Assert.That(Statistics.NfeBackward, Is.EqualTo(expected.NfeBackward), nameof(Statistics.NfeBackward));
        Assert.That(Statistics.Snapshots, Is.EqualTo(expected.Snapshots), nameof(Statistics.Snapshots));
        Assert.That(Statistics.SnapshotBytes, Is.EqualTo(expected.SnapshotBytes), nameof(Statistics.SnapshotBytes));
    }
}
