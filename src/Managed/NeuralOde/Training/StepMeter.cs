using System.Diagnostics;

namespace NeuralOde;

/// <summary>Speed, loss and accuracy of the steps since the last report.</summary>
internal sealed class StepMeter
{
    private readonly Stopwatch _clock = new();
    private long _images;
    private long _lossImages;
    private long _hits;
    private double _loss;
    private double _seconds;
    private double _dataSeconds;

    public double Loss => _lossImages > 0 ? _loss / _lossImages : 0;

    public double Accuracy => _images > 0 ? (double)_hits / _images : 0;

    public double ImagesPerSecond => _seconds > 0 ? _images / _seconds : 0;

    /// <summary>Share of the time that was spent waiting for batches.</summary>
    public double DataWaitShare => Share(_dataSeconds, _seconds);

    /// <summary>Rate of the last step.</summary>
    public double LearningRate { get; private set; }

    /// <summary>A step, with the wait for its batch, begins now.</summary>
    public void Resume() => _clock.Restart();

    /// <summary>The step ends now; returns its seconds.</summary>
    public double Stop(double rate)
    {
        var seconds = _clock.Elapsed.TotalSeconds;
        (_seconds, LearningRate) = (_seconds + seconds, rate);
        return seconds;
    }

    /// <summary>Adds time of the steps that was spent waiting for batches.</summary>
    public void AddDataWait(double seconds) => _dataSeconds += seconds;

    /// <summary><paramref name="part"/> of <paramref name="whole"/>, in [0, 1]: both are measured, on a GPU by two clocks.</summary>
    public static double Share(double part, double whole) => whole > 0 ? Math.Clamp(part / whole, 0, 1) : 0;

    /// <summary>Adds what came out of a step.</summary>
    public void Add(StepReading step)
    {
        _images += step.Images;
        _hits += step.Hits;
        if (!double.IsFinite(step.Loss)) return;   // an overflow that a gradient scaler met
        (_loss, _lossImages) = (_loss + step.Loss * step.Images, _lossImages + step.Images);
    }

    /// <summary>Forgets the steps so far.</summary>
    public void Clear() => (_images, _lossImages, _hits, _loss, _seconds, _dataSeconds) = (0, 0, 0, 0, 0, 0);
}
