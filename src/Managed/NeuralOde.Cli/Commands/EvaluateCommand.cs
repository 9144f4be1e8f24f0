using System.CommandLine;
using System.Text.Json.Nodes;
using NeuralOde.Cli.Training;

namespace NeuralOde.Cli.Commands;

/// <summary><c>neuralode evaluate</c>: a trained model on the images of a folder, with the solver it was trained with or another.</summary>
internal sealed class EvaluateCommand
{
    private readonly Option<string> _data = new Option<string>("--data") { Description = "Folder with test/<class>/ (or val/, or --split).", HelpName = "DIR" }.Needed();
    private readonly Option<string?> _split = Values.Text("--split", "Folder of images below --data: test, or val where there is no test.", "name");
    private readonly Option<long?> _batchSize = Values.Count("--batch-size", "Images at once.");
    private readonly Option<long?> _workers = Values.Count("--workers", "Threads that decode images.");
    private readonly Option<string> _run = TrainCommand.RunOption();
    private readonly SolverArguments _solver = new("the run's steps by default", ofRun: true);
    private readonly PrecisionArguments _precision = new("The run's by default, as its device");
    private readonly ProcessArguments _process = new();

    public static Command Create(Terminal terminal) => new EvaluateCommand().Build(terminal);

    private Command Build(Terminal terminal)
    {
        var command = new Command("evaluate", "Evaluate a run's newest checkpoint on test images.");
        foreach (var option in (Option[])[_data, _split, _run, .. _solver.Forward, .. _precision.All, .. _process.All, _batchSize, _workers]) command.Add(option);
        command.SetAction(parsed =>
        {
            _process.Apply(parsed);
            using var signals = new StopSignals(terminal.Log);
            var (evaluation, options) = Run(parsed, terminal, signals.Token);
            terminal.Result(Json(evaluation, options), Text(evaluation, options));
            return CommandLine.Fine;
        });
        return command;
    }

    private (Evaluation, TrainerOptions) Run(ParseResult parsed, Terminal terminal, CancellationToken cancellation)
    {
        var folder = new RunFolder(parsed.GetValue(_run)!);
        var options = _precision.Read(parsed, folder.ReadOptions());
        if (!folder.HasCheckpoint) throw new NeuralOdeException(Status.IoError, $"{folder.Path}: no checkpoint yet; train first");
        using var checkpoint = Checkpoint.Open(folder.CheckpointFile);
        using var model = Model.Create(options.Model, _solver.ReadForward(parsed, options.Solver));
        checkpoint.Restore(model);
        model.To(options.Device);
        Library.Tf32 = options.AllowTf32 ? Tf32.Convolutions | Tf32.MatrixProducts : Tf32.None;
        using var images = ImageFolder.Open(parsed.GetValue(_data)!, Split(parsed));
        if (images.ClassNames.Count != options.Model.Classes)
            throw new NeuralOdeException(Status.InvalidArgument, $"{parsed.GetValue(_data)}: {images.ClassNames.Count} classes, but the model knows {options.Model.Classes}");
        using var loader = new DataLoader(images, new()
        {
            ImageSize = options.Model.ImageSize,
            BatchSize = parsed.GetValue(_batchSize).Check(n => n >= 1, "--batch-size", "[1, 2^63)") ?? options.BatchSize,
            Workers = (int)(parsed.GetValue(_workers).Check(n => n is >= 1 and <= 1024, "--workers", "[1, 1024]") ?? options.Workers),
        });
        loader.To(options.Device);
        var evaluation = Evaluation.Run(model, loader, options.Precision, cancellation);
        foreach (var broken in loader.BrokenImages) terminal.Log($"broken image skipped: {broken}");
        return (evaluation, options);
    }

    private string Split(ParseResult parsed)
    {
        if (parsed.GetValue(_split) is { } split) return split;
        var root = parsed.GetValue(_data)!;
        return Directory.Exists(Path.Combine(root, "test")) || !Directory.Exists(Path.Combine(root, "val")) ? "test" : "val";
    }

    private static JsonObject Json(Evaluation evaluation, TrainerOptions options) => new()
    {
        ["status"] = "success",
        ["test_accuracy"] = Terminal.Number(evaluation.Accuracy),
        ["test_loss"] = Terminal.Number(evaluation.Loss),
        ["images"] = evaluation.Images,
        ["images_per_second"] = evaluation.Images / evaluation.Seconds,
        ["seconds"] = evaluation.Seconds,
        ["nfe_forward"] = evaluation.Statistics.NfeForward,
        ["precision"] = PrecisionArguments.Name(options.Precision),
        ["device"] = options.Device,
        ["channels_last"] = options.Device != "cpu",
    };

    private static string Text(Evaluation evaluation, TrainerOptions options) => $"""
        test accuracy  {evaluation.Accuracy:p2}
        test loss      {evaluation.Loss:f4}
        images         {evaluation.Images}, {evaluation.Images / evaluation.Seconds:f0} a second
        evaluations    {evaluation.Statistics.NfeForward} of the blocks' dynamics
        computed in    {PrecisionArguments.Name(options.Precision)} on {options.Device}
        """;
}
