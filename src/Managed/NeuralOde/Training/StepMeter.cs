using System.Diagnostics;

namespace NeuralOde;

/// <summary>Speed, loss and accuracy of the steps since the last report.</summary>
internal sealed class StepMeter
{
    private readonly Stopwatch _clock = new();
    private long _images;
    private long _hits;
    private double _loss;
    private double _seconds;

    public double Loss => _images > 0 ? _loss / _images : 0;

    public double Accuracy => _images > 0 ? (double)_hits / _images : 0;

    public double ImagesPerSecond => _seconds > 0 ? _images / _seconds : 0;

    /// <summary>Rate of the last step.</summary>
    public double LearningRate { get; private set; }

    /// <summary>A step, with the wait for its batch, begins now.</summary>
    public void Resume() => _clock.Restart();

    /// <summary>The step ends now; returns its seconds.</summary>
    public double Add(long images, double loss, long hits, double rate)
    {
        var seconds = _clock.Elapsed.TotalSeconds;
        (_images, _hits, _loss, _seconds) = (_images + images, _hits + hits, _loss + loss * images, _seconds + seconds);
        LearningRate = rate;
        return seconds;
    }

    /// <summary>Forgets the steps so far.</summary>
    public void Clear() => (_images, _hits, _loss, _seconds) = (0, 0, 0, 0);
}
