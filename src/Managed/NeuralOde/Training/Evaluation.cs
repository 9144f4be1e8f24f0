using System.Diagnostics;

namespace NeuralOde;

/// <summary>How a model does on a set of images.</summary>
public sealed record Evaluation
{
    /// <summary>Share of the images classified correctly.</summary>
    public required double Accuracy { get; init; }

    /// <summary>Mean cross-entropy.</summary>
    public required double Loss { get; init; }

    /// <summary>Images that were read; broken ones are not among them.</summary>
    public required long Images { get; init; }

    /// <summary>Seconds it took.</summary>
    public required double Seconds { get; init; }

    /// <summary>What the blocks' solvers did.</summary>
    public required SolverStatistics Statistics { get; init; }

    /// <summary>Runs <paramref name="model"/> in evaluation mode over one pass of <paramref name="images"/>; leaves it in that mode,
    /// and its statistics reset.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static Evaluation Run(Model model, DataLoader images, CancellationToken cancellation = default) =>
        Run(model, images, Precision.Float32, cancellation);

    /// <summary>The same with a model that computes in <paramref name="precision"/>.</summary>
    /// <exception cref="ArgumentException">Float16 on a CPU.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static Evaluation Run(Model model, DataLoader images, Precision precision, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(images);
        PrecisionScope.Check(precision, model.Device);
        var clock = Stopwatch.StartNew();
        model.Statistics(reset: true);
        model.Train(false);
        var (count, hits, loss) = (0L, 0L, 0.0);
        using (Autograd.NoGrad())
        using (precision.Cast(model.Device))
        {
            foreach (var batch in images.Epoch(0))
            {
                using (batch)
                {
                    cancellation.ThrowIfCancellationRequested();
                    using var scope = new TensorScope();
                    var logits = model.Forward(batch.Images).To(DType.Float32);
                    var size = batch.Labels.ElementCount;
                    loss += logits.CrossEntropy(batch.Labels).ToDouble() * size;
                    hits += logits.ArgMax(1).EqualTo(batch.Labels).Sum().ToInt64();
                    count += size;
                }
            }
        }
        if (count == 0) throw new NeuralOdeException(Status.IoError, "no image could be read, so there is nothing to evaluate on");
        return new()
        {
            Accuracy = (double)hits / count, Loss = loss / count, Images = count, Seconds = clock.Elapsed.TotalSeconds,
            Statistics = model.Statistics(reset: true),
        };
    }
}
