namespace NeuralOde.Cli.Charts;

/// <summary>An axis: maps values to [0, 1] and knows its ticks.</summary>
internal sealed class Axis
{
    private readonly bool _isLog;
    private readonly double _low;
    private readonly double _high;

    private Axis(bool isLog, double low, double high, IReadOnlyList<double> ticks) => (_isLog, _low, _high, Ticks) = (isLog, low, high, ticks);

    public IReadOnlyList<double> Ticks { get; }

    /// <summary>A linear axis around the values, from 0 if <paramref name="fromZero"/>, with ticks at round numbers.</summary>
    public static Axis Linear(IEnumerable<double> values, bool fromZero)
    {
        var all = values.DefaultIfEmpty(0).ToList();
        var (low, high) = (fromZero ? Math.Min(0, all.Min()) : all.Min(), all.Max());
        if (high - low < 1e-12) high = low + 1;
        var step = RoundStep((high - low) / 5);
        (low, high) = (Math.Floor(low / step + 1e-9) * step, Math.Ceiling(high / step - 1e-9) * step);
        var count = (int)Math.Round((high - low) / step);
        return new(false, low, high, [.. Enumerable.Range(0, count + 1).Select(i => low + i * step)]);
    }

    /// <summary>A logarithmic axis over the values, with ticks at powers of <paramref name="unit"/>.</summary>
    public static Axis Log(IEnumerable<double> values, double unit)
    {
        var all = values.Where(value => value > 0).DefaultIfEmpty(1).ToList();
        var first = (int)Math.Floor(Math.Log(all.Min(), unit) + 1e-9);
        var last = Math.Max(first + 1, (int)Math.Ceiling(Math.Log(all.Max(), unit) - 1e-9));
        return new(true, Math.Log(Math.Pow(unit, first)), Math.Log(Math.Pow(unit, last)), [.. Enumerable.Range(first, last - first + 1).Select(power => Math.Pow(unit, power))]);
    }

    /// <summary>Where a value lies, 0 at the start of the axis and 1 at its end.</summary>
    public double Place(double value) => ((_isLog ? Math.Log(value) : value) - _low) / (_high - _low);

    private static double RoundStep(double rough)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        var digit = rough / power;
        return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
    }
}
