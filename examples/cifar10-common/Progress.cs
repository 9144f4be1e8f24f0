using System.Diagnostics;
using System.Text.Json;

namespace Cifar10;

/// <summary>Where a run is and how it went: what its checkpoint keeps besides tensors, and the lines that it prints.</summary>
internal sealed class Progress
{
    private Stopwatch _clock = Stopwatch.StartNew();

    /// <summary>What decides the batches: a run goes on only with the same.</summary>
    public string Order { get; set; } = "";

    public long Step { get; set; }
    public long Epoch { get; set; }
    public long Batch { get; set; }
    public long Images { get; set; }
    public double Seconds { get; set; }
    public long EpochImages { get; set; }
    public long EpochHits { get; set; }
    public double EpochLoss { get; set; }
    public double EpochSeconds { get; set; }
    public double TestAccuracy { get; set; }

    public static Progress Begin(Settings settings) => new() { Order = $"--batch-size {settings.BatchSize} --seed {settings.Seed}" };

    public static Progress Parse(string text, Settings settings)
    {
        var progress = JsonSerializer.Deserialize<Progress>(text)!;
        var order = Begin(settings).Order;
        return progress.Order == order ? progress
            : throw new ArgumentException($"{settings.Run} holds a run with {progress.Order}, not {order}: give the same, or another --run");
    }

    public override string ToString() => JsonSerializer.Serialize(this);

    /// <summary>Leaves the time since the last step out of the speed: for what is not training.</summary>
    public void Resume() => _clock = Stopwatch.StartNew();

    /// <summary>After a step on so many images: their mean loss, and how many were classified correctly.</summary>
    /// <param name="batch">The loader's position, the next batch.</param>
    public void Add(Settings settings, long batch, long images, double loss, long hits, double learningRate)
    {
        var seconds = _clock.Elapsed.TotalSeconds;
        _clock.Restart();
        (Step, Batch, Images, Seconds) = (Step + 1, batch, Images + images, Seconds + seconds);
        (EpochImages, EpochHits) = (EpochImages + images, EpochHits + hits);
        (EpochLoss, EpochSeconds) = (EpochLoss + (loss * images), EpochSeconds + seconds);
        if (!double.IsFinite(loss)) throw new ArgumentException($"the loss is {loss} at step {Step}; lower --lr");
        if (Step != 1 && Step % settings.ReportEvery != 0) return;
        Console.WriteLine($"step {Step,5}  loss {loss:f6}  lr {learningRate:f4}  {images / seconds:f1} images/s");
    }

    /// <summary>Prints the epoch, and goes to the next where it is over.</summary>
    public void EndEpoch(double testAccuracy, long batches)
    {
        TestAccuracy = testAccuracy;
        var (images, seconds) = (Math.Max(1, EpochImages), Math.Max(1e-9, EpochSeconds));
        Console.WriteLine($"epoch {Epoch + 1,4}  loss {EpochLoss / images:f6}  train accuracy {(double)EpochHits / images:p2}  "
            + $"test accuracy {testAccuracy:p2}  {images / seconds:f1} images/s");
        if (Batch < batches) return;
        (Epoch, Batch, EpochImages, EpochHits, EpochLoss, EpochSeconds) = (Epoch + 1, 0, 0, 0, 0, 0);
    }

    public void PrintSummary(string program, long parameters) =>
        Console.WriteLine($"{program}: {parameters} parameters, {Step} steps, {Images} images, {Seconds:f1} s, {Images / Math.Max(1e-9, Seconds):f1} images/s, "
            + $"test accuracy {TestAccuracy:p2}");
}
