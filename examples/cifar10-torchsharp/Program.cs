using NeuralOde;
using NeuralOde.TorchSharp;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Tensor = TorchSharp.torch.Tensor;

namespace Cifar10;

/// <summary>ResNet-18-ODE on CIFAR-10 in TorchSharp: its modules, autograd, optimiser and state dicts, with ODE blocks of NeuralOde.TorchSharp, and images from
/// NeuralOde's loader. ../cifar10 is the same in NeuralOde's own API.</summary>
internal static class Program
{
    internal static int Main(string[] args) => Settings.RunWith("Trains ResNet-18-ODE in TorchSharp.", args, Train);

    internal static void Train(Settings settings, CancellationToken cancellation)
    {
        set_num_threads(settings.Threads);   // TorchSharp before NeuralOde: its libtorch is the one that both use
        manual_seed((long)settings.Seed);
        using var images = new Images(settings);
        using var model = ResNet18Ode.Create(images.Classes, settings.Solver);
        if (settings.Weights is { } file) Load(model, file);
        var options = settings.Optimizer;
        using var optimizer = optim.SGD(
            model.parameters(), options.LearningRate, options.Momentum, weight_decay: options.WeightDecay, nesterov: options.Nesterov);
        var progress = File.Exists(settings.CheckpointFile) ? Restore(settings, model, optimizer) : Progress.Begin(settings);
        var (batches, schedule) = (images.Train.Batches, settings.Schedule(images.Train.Batches));

        while (progress.Step < settings.Steps(batches))
        {
            model.train();
            progress.Resume();
            foreach (var batch in images.Train.Epoch(progress.Epoch, progress.Batch))
            {
                using var owned = batch;
                var rate = schedule.RateAt(progress.Step);
                foreach (var group in optimizer.ParamGroups) group.LearningRate = rate;
                var (loss, hits) = Step(model, optimizer, batch);
                progress.Add(settings, images.Train.Position, batch.Labels.ElementCount, loss, hits, rate);
                if (progress.Step == settings.Steps(batches) || cancellation.IsCancellationRequested) break;
            }

            Save(settings, model, optimizer, progress);
            progress.EndEpoch(Test(model, images, cancellation), batches);
            Save(settings, model, optimizer, progress);
        }

        progress.PrintSummary("torchsharp", model.parameters().Sum(parameter => parameter.numel()));
    }

    /// <summary>One step on one batch: its mean loss, and how many images were classified correctly.</summary>
    private static (double Loss, long Hits) Step(Sequential model, SGD optimizer, Batch batch)
    {
        using var scope = NewDisposeScope();   // frees every tensor made below
        var (x, labels) = (batch.Images.ToTorchSharp(), batch.Labels.ToTorchSharp());   // without a copy
        optimizer.zero_grad();
        var logits = model.call(x);
        var loss = functional.cross_entropy(logits, labels);
        loss.backward();
        optimizer.step();
        return (loss.item<float>(), Hits(logits, labels));
    }

    /// <summary>Share of the test images that are classified correctly.</summary>
    private static double Test(Sequential model, Images images, CancellationToken cancellation)
    {
        var (hits, count) = (0L, 0L);
        model.eval();
        using var guard = no_grad();
        foreach (var batch in images.Test.Epoch(0))
        {
            using var owned = batch;
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            (hits, count) = (hits + Hits(model.call(batch.Images.ToTorchSharp()), batch.Labels.ToTorchSharp()), count + batch.Labels.ElementCount);
            if (count >= images.TestCount) break;
        }

        return (double)hits / count;
    }

    private static long Hits(Tensor logits, Tensor labels) => logits.detach().argmax(1).eq(labels).sum().item<long>();

    /// <summary>Writes the position and the state dicts to one file, whole or not at all.</summary>
    private static void Save(Settings settings, Sequential model, SGD optimizer, Progress progress)
    {
        using var scope = NewDisposeScope();
        var temporary = settings.CheckpointFile + ".tmp";
        using (var stream = new BinaryWriter(File.Create(temporary)))
        {
            stream.Write(progress.ToString());
            model.save(stream);
            optimizer.save_state_dict(stream);
        }

        File.Move(temporary, settings.CheckpointFile, overwrite: true);
    }

    private static Progress Restore(Settings settings, Sequential model, SGD optimizer)
    {
        using var stream = new BinaryReader(File.OpenRead(settings.CheckpointFile));
        var progress = Progress.Parse(stream.ReadString(), settings);
        model.load(stream);
        optimizer.load_state_dict(stream);
        return progress;
    }

    /// <summary>Copies the weights and statistics that the file has under the same names.</summary>
    private static void Load(Sequential model, string file)
    {
        using var weights = Safetensors.Load(file);
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        foreach (var (name, tensor) in model.state_dict()) tensor.copy_(weights[name].ToTorchSharp());
    }
}
