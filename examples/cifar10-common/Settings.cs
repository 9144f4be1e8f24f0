using System.CommandLine;
using NeuralOde;

namespace Cifar10;

/// <summary>What a run is told on the command line, the same for both programs.</summary>
internal sealed record Settings
{
    public required string Data { get; init; }
    public required string Run { get; init; }
    public required long Epochs { get; init; }
    public required long? MaxSteps { get; init; }
    public required long BatchSize { get; init; }
    public required double LearningRate { get; init; }
    public required double StepSize { get; init; }
    public required GradientMethod Gradient { get; init; }
    public required int Threads { get; init; }
    public required ulong Seed { get; init; }
    public required long? TestImages { get; init; }
    public required long ReportEvery { get; init; }
    public required string? Weights { get; init; }

    public string CheckpointFile => Path.Combine(Run, "checkpoint.pt");

    /// <summary>How the blocks are integrated: by ALF, with any gradient method that it has.</summary>
    public SolverOptions Solver => new() { StepSize = StepSize, Gradient = Gradient };

    /// <summary>SGD as `neuralode train` has it for resnet18-ode.</summary>
    public OptimizerOptions Optimizer => new() { Kind = OptimizerKind.Sgd, LearningRate = LearningRate, Momentum = 0.9, WeightDecay = 5e-4, Nesterov = true };

    public long Steps(long batches) => Math.Min(MaxSteps ?? long.MaxValue, Epochs * batches);

    /// <summary>The learning rate: a function of the step, so that a resumed run needs nothing else to go on.</summary>
    public ScheduleOptions Schedule(long batches) =>
        new() { Kind = ScheduleKind.OneCycle, LearningRate = LearningRate, Warmup = 0.2, TotalSteps = Steps(batches) };

    /// <summary>Reads the command line and trains. The first Ctrl-C cancels the token, after which training saves and throws; a second ends at once.</summary>
    /// <returns>0 fine, 1 failed or stopped, with what to do on stderr.</returns>
    public static int RunWith(string description, string[] args, Action<Settings, CancellationToken> train)
    {
        Option<T> With<T>(string name, string text, T value) => new(name) { Description = text, DefaultValueFactory = _ => value };
        var data = new Option<string>("--data") { Description = "Folder with train/<class>/*.jpg and test/<class>/*.jpg; or: synthetic.", Required = true };
        var run = new Option<string>("--run") { Description = "Folder of the checkpoint; a run that was stopped goes on from there.", Required = true };
        var epochs = With("--epochs", "Passes over the training images.", 30L);
        var maxSteps = With<long?>("--max-steps", "Optimiser steps, where they are fewer.", null);
        var batchSize = With("--batch-size", "Images a step.", 128L);
        var lr = With("--lr", "The highest learning rate.", 0.1);
        var stepSize = With("--step-size", "Of the ODE solver.", 0.5);
        var gradient = With("--gradient", "How gradients of the ODE are had.", GradientMethod.Mali);
        var threads = With("--threads", "Threads of one operation.", Environment.ProcessorCount);
        var seed = With("--seed", "Of weights, order and variation of the images.", 0UL);
        var testImages = With<long?>("--test-images", "How many to test on, drawn once; by default all.", null);
        var reportEvery = With("--report-every", "Steps between lines.", 50L);
        var weights = With<string?>("--weights", "Weights to begin with: weights.safetensors of a run of `neuralode train --model resnet18-ode`.", null);
        var command = new RootCommand(description)
        {
            data, run, epochs, maxSteps, batchSize, lr, stepSize, gradient, threads, seed, testImages, reportEvery, weights,
        };
        command.SetAction(parsed => Guarded(train, new Settings
        {
            Data = parsed.GetRequiredValue(data), Run = parsed.GetRequiredValue(run), Epochs = parsed.GetValue(epochs), MaxSteps = parsed.GetValue(maxSteps),
            BatchSize = parsed.GetValue(batchSize), LearningRate = parsed.GetValue(lr), StepSize = parsed.GetValue(stepSize),
            Gradient = parsed.GetValue(gradient), Threads = parsed.GetValue(threads), Seed = parsed.GetValue(seed), TestImages = parsed.GetValue(testImages),
            ReportEvery = parsed.GetValue(reportEvery), Weights = parsed.GetValue(weights),
        }));
        return command.Parse(args).Invoke();
    }

    private static int Guarded(Action<Settings, CancellationToken> train, Settings settings)
    {
        using var stop = new CancellationTokenSource();
        void Stop(object? sender, ConsoleCancelEventArgs press)
        {
            press.Cancel = !stop.IsCancellationRequested;
            stop.Cancel();
        }

        Console.CancelKeyPress += Stop;
        try
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(settings.Threads, 1, "--threads");   // TorchSharp's set_num_threads ends the process
            ArgumentOutOfRangeException.ThrowIfLessThan(settings.Epochs, 1, "--epochs");
            ArgumentOutOfRangeException.ThrowIfLessThan(settings.ReportEvery, 1, "--report-every");
            if (settings.Gradient == GradientMethod.None) throw new ArgumentException("--gradient: None cannot train; leave it out for Mali");
            Directory.CreateDirectory(settings.Run);
            train(settings, stop.Token);
            return 0;
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("stopped and saved; the same command goes on from there");
        }
        catch (Exception error) when (error is NeuralOdeException or ArgumentException or IOException)
        {
            Console.Error.WriteLine(error.Message);
        }
        finally
        {
            Console.CancelKeyPress -= Stop;
        }

        return 1;
    }
}
