using NeuralOde;

namespace Cifar10;

/// <summary>ResNet-18-ODE on CIFAR-10 with this library's own model, loader and optimiser: the training loop that <see cref="Trainer"/>, and with it
/// `neuralode train`, has inside, as short as it gets. ../cifar10-torchsharp is the same with the network written in TorchSharp.</summary>
internal static class Program
{
    internal static int Main(string[] args) => Settings.RunWith("Trains ResNet-18-ODE with NeuralOde's own API.", args, Train);

    internal static void Train(Settings settings, CancellationToken cancellation)
    {
        Library.Threads = settings.Threads;
        using var images = new Images(settings);
        using var model = Model.Create(new() { Name = "resnet18-ode", Classes = images.Classes, ImageSize = 32, Seed = settings.Seed }, settings.Solver);
        if (settings.Weights is { } file) Load(model, file);
        using var optimizer = new Optimizer(settings.Optimizer, model.Parameters.Values);
        var progress = File.Exists(settings.CheckpointFile) ? Restore(settings, model, optimizer) : Progress.Begin(settings);
        var (batches, schedule) = (images.Train.Batches, settings.Schedule(images.Train.Batches));

        while (progress.Step < settings.Steps(batches))
        {
            model.Train();
            progress.Resume();
            foreach (var batch in images.Train.Epoch(progress.Epoch, progress.Batch))
            {
                using var owned = batch;
                optimizer.LearningRate = schedule.RateAt(progress.Step);
                var (loss, hits) = Step(model, optimizer, batch);
                progress.Add(settings, images.Train.Position, batch.Labels.ElementCount, loss, hits, optimizer.LearningRate);
                if (progress.Step == settings.Steps(batches) || cancellation.IsCancellationRequested) break;
            }

            Checkpoint.Save(settings.CheckpointFile, model, optimizer, progress.ToString());
            progress.EndEpoch(Test(model, images, cancellation), batches);
            Checkpoint.Save(settings.CheckpointFile, model, optimizer, progress.ToString());
        }

        progress.PrintSummary("neuralode", model.Parameters.Values.Sum(parameter => parameter.ElementCount));
    }

    /// <summary>One step on one batch: its mean loss, and how many images were classified correctly.</summary>
    private static (double Loss, long Hits) Step(Model model, Optimizer optimizer, Batch batch)
    {
        using var scope = new TensorScope();   // frees every tensor made below
        optimizer.ZeroGrad();
        var logits = model.Forward(batch.Images);
        var loss = logits.CrossEntropy(batch.Labels);
        loss.Backward();
        optimizer.Step();
        return (loss.ToDouble(), Hits(logits, batch));
    }

    /// <summary>Share of the test images that are classified correctly.</summary>
    private static double Test(Model model, Images images, CancellationToken cancellation)
    {
        var (hits, count) = (0L, 0L);
        model.Train(false);
        using var guard = Autograd.NoGrad();
        foreach (var batch in images.Test.Epoch(0))
        {
            using var owned = batch;
            cancellation.ThrowIfCancellationRequested();
            using var scope = new TensorScope();
            (hits, count) = (hits + Hits(model.Forward(batch.Images), batch), count + batch.Labels.ElementCount);
            if (count >= images.TestCount) break;
        }

        return (double)hits / count;
    }

    private static long Hits(Tensor logits, Batch batch) => logits.Detach().ArgMax(1).EqualTo(batch.Labels).Sum().ToInt64();

    private static Progress Restore(Settings settings, Model model, Optimizer optimizer)
    {
        using var checkpoint = Checkpoint.Open(settings.CheckpointFile);
        checkpoint.Restore(model, optimizer);
        return Progress.Parse(checkpoint.Metadata, settings);
    }

    private static void Load(Model model, string file)
    {
        using var weights = Safetensors.Load(file);
        using var guard = Autograd.NoGrad();
        foreach (var (name, tensor) in model.Parameters.Concat(model.Buffers)) tensor.CopyFrom_(weights[name]);
    }
}
