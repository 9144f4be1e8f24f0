using System.CommandLine;
using System.Text.Json.Nodes;
using NeuralOde.Cli.Training;

namespace NeuralOde.Cli.Commands;

/// <summary><c>neuralode train</c>: trains a model into a run folder.</summary>
internal sealed class TrainCommand
{
    private readonly Option<bool> _resume = new("--resume") { Description = "Go on with the run in the run folder; options that are not given are the run's." };
    private readonly Option<string> _run = RunOption();
    private readonly ProcessArguments _process = new();
    private readonly TrainArguments _arguments;

    private TrainCommand() => _arguments = new(_process);

    public static Command Create(Terminal terminal) => new TrainCommand().Build(terminal);

    /// <summary>The option that names a run folder.</summary>
    public static Option<string> RunOption() => new Option<string>("--run") { Description = "Folder of the run: options, log, checkpoint, result.", HelpName = "RUN_DIR" }.Needed();

    /// <summary>Trains, shows the progress and says what is wrong with the images; the first Ctrl-C saves and stops.</summary>
    public static TrainingResult Train(Terminal terminal, Func<IProgress<TrainingProgress>, CancellationToken, TrainingResult> train)
    {
        using var signals = new StopSignals(terminal.Log);
        var result = TrainingDisplay.Show(terminal, progress => train(progress, signals.Token));
        foreach (var broken in result.BrokenImages) terminal.Log($"broken image skipped: {broken}");
        return result;
    }

    /// <summary>The result as the command line prints it.</summary>
    public static JsonObject Json(TrainingResult result) => new()
    {
        ["status"] = "success",
        ["test_accuracy"] = Terminal.Number(result.TestAccuracy),
        ["test_loss"] = Terminal.Number(result.TestLoss),
        ["train_images_per_second"] = result.TrainImagesPerSecond,
        ["epochs"] = result.Epochs,
        ["steps"] = result.Steps,
        ["seconds"] = result.Seconds,
        ["peak_bytes"] = result.PeakBytes,
        ["nfe_forward"] = result.NfeForward,
        ["nfe_backward"] = result.NfeBackward,
        ["broken_images"] = result.BrokenImages.Count,
        ["precision"] = PrecisionArguments.Name(result.Precision),
        ["device"] = result.Device,
        ["channels_last"] = result.ChannelsLast,
        ["skipped_steps"] = result.SkippedSteps,
        ["data_wait_share"] = result.DataWaitShare,
    };

    /// <summary>The result for people.</summary>
    public static string Text(TrainingResult result) => $"""
        test accuracy   {(result.TestAccuracy is { } accuracy ? $"{accuracy:p2}" : "not evaluated: no test images")}
        training speed  {result.TrainImagesPerSecond:f0} images/s, {result.DataWaitShare:p1} of the time waiting for data
        trained for     {result.Epochs:f2} epochs, {result.Steps} steps, {result.Seconds:f0} s
        peak memory     {result.PeakBytes / 1e6:f1} MB of tensors
        evaluations     {result.NfeForward} forward, {result.NfeBackward} backward
        computed in     {PrecisionArguments.Name(result.Precision)} on {result.Device}{(result.SkippedSteps > 0 ? $", {result.SkippedSteps} steps skipped" : "")}
        """;

    private Command Build(Terminal terminal)
    {
        var command = new Command("train", "Train a model on a folder of images. Ctrl-C saves and stops with exit code 1; --resume goes on from there, " +
            "and after a kill from the last checkpoint.");
        foreach (var option in (Option[])[.. _arguments.All, _resume, _run]) command.Add(option);
        command.SetAction(parsed => Run(parsed, terminal));
        return command;
    }

    private int Run(ParseResult parsed, Terminal terminal)
    {
        var folder = new RunFolder(parsed.GetValue(_run)!);
        var resumes = parsed.GetValue(_resume);
        if (folder.HasRun && !resumes)
            throw new NeuralOdeException(Status.InvalidArgument, $"{folder.Path} holds a run already; add --resume to go on with it, or choose another --run");
        if (!folder.HasRun && resumes)
            throw new NeuralOdeException(Status.IoError, $"{folder.Path} holds no run to resume; leave out --resume to start one");
        _process.Apply(parsed);
        var options = resumes ? _arguments.ReadResumed(parsed, folder, terminal.Log) : _arguments.ReadNew(parsed, folder, terminal.Log);
        var trainer = new Trainer(options, folder.Path);
        var result = Train(terminal, resumes ? trainer.Resume : trainer.Run);
        if (result.Outcome == TrainingOutcome.Stopped)
            return terminal.Fail(CommandLine.Failed, "stopped", $"stopped after step {result.Steps}; saved; continue with: neuralode train --resume --run {folder.Path}");
        terminal.Result(Json(result), Text(result));
        return CommandLine.Fine;
    }
}
