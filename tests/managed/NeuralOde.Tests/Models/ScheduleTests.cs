namespace NeuralOde.Tests.Models;

public sealed class ScheduleTests
{
    [Fact]
    public void A_constant_rate_is_constant()
    {
        var schedule = new ScheduleOptions { LearningRate = 0.3 };

        Assert.Equal([0.3, 0.3], [schedule.RateAt(0), schedule.RateAt(1_000_000)]);
    }

    [Theory]
    [InlineData(0, 0.8)]
    [InlineData(9, 0.8)]
    [InlineData(10, 0.4)]
    [InlineData(29, 0.2)]
    [InlineData(30, 0.1)]
    public void A_step_schedule_drops_at_each_period(long step, double rate) =>
        Assert.Equal(rate, new ScheduleOptions { Kind = ScheduleKind.Step, LearningRate = 0.8, Period = 10, Gamma = 0.5 }.RateAt(step), 1e-15);

    [Theory]
    [InlineData(0)]
    [InlineData(25)]
    [InlineData(50)]
    [InlineData(100)]
    [InlineData(500)]
    public void A_cosine_falls_from_the_rate_to_its_share(long step)
    {
        var schedule = new ScheduleOptions { Kind = ScheduleKind.Cosine, LearningRate = 0.8, TotalSteps = 100, FinalFactor = 0.1 };
        var progress = Math.Min(step, 99) / 99.0;   // the 100 steps are 0 to 99

        // Loshchilov & Hutter 2017, eq. 5
        Assert.Equal(0.08 + (0.5 * 0.72 * (1 + Math.Cos(Math.PI * progress))), schedule.RateAt(step), 1e-15);
    }

    [Fact]
    public void One_cycle_rises_and_falls()
    {
        var schedule = new ScheduleOptions
        {
            Kind = ScheduleKind.OneCycle, LearningRate = 1, TotalSteps = 101, Warmup = 0.25, InitialDivisor = 25, FinalFactor = 0.01,
        };
        var rates = Enumerable.Range(0, 121).Select(step => schedule.RateAt(step)).ToArray();

        Assert.Equal(0.04, rates[0], 1e-15);
        Assert.Equal(1, rates[25], 1e-12);
        Assert.Equal(0.01, rates[100], 1e-12);
        Assert.Equal(rates[100], rates[120]);
        Assert.All(Enumerable.Range(1, 25), step => Assert.True(rates[step] > rates[step - 1]));
        Assert.All(Enumerable.Range(26, 75), step => Assert.True(rates[step] < rates[step - 1]));
    }

    [Fact]
    public void What_a_rule_needs_is_checked_and_named()
    {
        Check(new() { Kind = ScheduleKind.Step }, "Period: 0 ");
        Check(new() { Kind = ScheduleKind.Step, Period = 1, Gamma = 0 }, "Gamma: 0 ");
        Check(new() { Kind = ScheduleKind.Cosine }, "TotalSteps: 0 ");
        Check(new() { Kind = ScheduleKind.Cosine, TotalSteps = 1, FinalFactor = 2 }, "FinalFactor: 2 ");
        Check(new() { Kind = ScheduleKind.OneCycle, TotalSteps = 1, Warmup = 1 }, "Warmup: 1 ");
        Check(new() { Kind = ScheduleKind.OneCycle, TotalSteps = 1, InitialDivisor = 0.5 }, "InitialDivisor: 0.5 ");
        Check(new() { LearningRate = double.NaN }, "LearningRate: NaN ");
        Check(new() { Kind = (ScheduleKind)9 }, "Kind: 9 ");
        Assert.Throws<ArgumentOutOfRangeException>(() => new ScheduleOptions().RateAt(-1));

        static void Check(ScheduleOptions options, string expected) =>
            Assert.Contains(expected, Assert.Throws<ArgumentOutOfRangeException>(() => options.RateAt(0)).Message, StringComparison.Ordinal);
    }
}
