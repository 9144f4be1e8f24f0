using NeuralOde.Interop;

namespace NeuralOde.Tests.Solving;

public sealed class SnapshotIntervalTests
{
    [Fact]
    public void The_default_is_automatic()
    {
        Assert.Equal(SnapshotInterval.Automatic, default);
        Assert.Equal(SnapshotInterval.Automatic, new SolverOptions().SnapshotInterval);
        Assert.True(default(SnapshotInterval).IsAutomatic);
    }

    [Theory]
    [InlineData("auto", true, false, null)]
    [InlineData("none", false, true, null)]
    [InlineData("1", false, false, 1L)]
    [InlineData("16", false, false, 16L)]
    [InlineData("9223372036854775807", false, false, long.MaxValue)]
    public void A_text_is_read_and_written_back(string text, bool automatic, bool none, long? steps)
    {
        var interval = SnapshotInterval.Parse(text);

        Assert.Equal((automatic, none, steps), (interval.IsAutomatic, interval.IsNone, interval.Steps));
        Assert.Equal(text, interval.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("+4")]
    [InlineData(" 4")]
    [InlineData("4.0")]
    [InlineData("1,000")]
    [InlineData("AUTO")]
    [InlineData("all")]
    [InlineData("9223372036854775808")]
    public void Another_text_is_refused_and_the_words_are_named(string text)
    {
        var error = Assert.Throws<FormatException>(() => SnapshotInterval.Parse(text));

        Assert.Contains($"'{text}'", error.Message, StringComparison.Ordinal);
        Assert.Contains("none, auto or a number of steps", error.Message, StringComparison.Ordinal);
        Assert.False(SnapshotInterval.TryParse(text, out var interval));
        Assert.Equal(default, interval);
    }

    [Fact]
    public void No_text_is_no_interval()
    {
        Assert.Equal("text", Assert.Throws<ArgumentNullException>(() => SnapshotInterval.Parse(null!)).ParamName);
        Assert.False(SnapshotInterval.TryParse(null, out _));
    }

    [Fact]
    public void Equal_intervals_are_equal_and_others_are_not()
    {
        SnapshotInterval[] all = [SnapshotInterval.Automatic, SnapshotInterval.None, SnapshotInterval.Every(1), SnapshotInterval.Every(2)];

        Assert.Equal(SnapshotInterval.Every(2), SnapshotInterval.Parse("2"));
        Assert.Equal(SnapshotInterval.Every(2).GetHashCode(), SnapshotInterval.Parse("2").GetHashCode());
        Assert.Equal(all.Length, all.Distinct().Count());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    public void A_number_below_one_is_refused(long steps)
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => SnapshotInterval.Every(steps));

        Assert.Equal("steps", error.ParamName);
        Assert.Contains($"steps: {steps} ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("auto", (int)neuralode_snapshots.NEURALODE_SNAPSHOTS_AUTOMATIC, 0)]
    [InlineData("none", (int)neuralode_snapshots.NEURALODE_SNAPSHOTS_NONE, 0)]
    [InlineData("7", (int)neuralode_snapshots.NEURALODE_SNAPSHOTS_EVERY, 7)]
    public void Native_options_say_the_same(string text, int snapshots, long interval)
    {
        var native = new SolverOptions { SnapshotInterval = SnapshotInterval.Parse(text) }.ToNative();

        Assert.Equal((snapshots, interval), (native.snapshots, native.snapshot_interval));
    }
}
