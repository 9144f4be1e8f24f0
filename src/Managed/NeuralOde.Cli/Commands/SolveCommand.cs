using System.CommandLine;
using System.Text.Json.Nodes;
using NeuralOde.Cli.Solving;

namespace NeuralOde.Cli.Commands;

/// <summary><c>neuralode solve</c>: integrates a TorchScript file and its gradients.</summary>
internal sealed class SolveCommand
{
    private readonly Option<string> _dynamics = new Option<string>("--dynamics")
    {
        Description = "TorchScript file of a module with forward(t, z), or forward(t, z0, z1, ...) for a tuple state.", HelpName = "f.pt",
    }.Needed();

    private readonly Option<string?> _explicitDynamics = Values.Text("--explicit-dynamics",
        "TorchScript file of g: solve dz/dt = g + f instead, of which --solver kencarp3 steps f alone implicitly.", "g.pt");

    private readonly Option<string> _z0 = new Option<string>("--z0")
    {
        Description = "The state at t0: tensors z, or z0, z1, ..., float32 or float64.", HelpName = "z0.safetensors",
    }.Needed();

    private readonly Option<double?> _t0 = Values.Number("--t0", "The time to start at.").Needed();
    private readonly Option<double?> _t1 = Values.Number("--t1", "The time to end at; below t0 integrates backward in time.").Needed();
    private readonly Option<string?> _tEval = Values.Text("--t-eval", "Times to write the state at, from t0 towards t1, with commas.", "t,t,...");
    private readonly Option<string?> _cotangent = Values.Text("--cotangent", "Cotangent of the output, same names; all ones when absent.", "c.safetensors");
    private readonly Option<long?> _maxSteps = Values.Count("--max-steps", "Steps tried, accepted and rejected, before giving up; 1000000 by default.");
    private readonly Option<long?> _repeat = Values.Count("--repeat", "Run n times after one to warm up, and report the median seconds.");
    private readonly Option<string> _out = new Option<string>("--out") { Description = "What to write: the output, grad.z, grad.t0, grad.t1, grad.t_eval, grad.<parameter>.", HelpName = "out.safetensors" }.Needed();
    private readonly SolverArguments _solver = new();
    private readonly ProcessArguments _process = new();
    private readonly DeviceArgument _device = new();

    public static Command Create(Terminal terminal) => new SolveCommand().Build(terminal);

    private Command Build(Terminal terminal)
    {
        var command = new Command("solve", "Solve dz/dt = f(t, z) for a TorchScript f, with the gradients of <output, cotangent>.");
        foreach (var option in (Option[])[_dynamics, _explicitDynamics, _z0, _t0, _t1, _tEval, .. _solver.All, .. _solver.OfOneSolve, _maxSteps, _cotangent, .. _process.All, _repeat, _device.Option, _out])
            command.Add(option);
        command.SetAction(parsed =>
        {
            var request = Read(parsed);
            CheckUse(request);
            _process.Apply(parsed);
            var report = SolveJob.Run(request, terminal.Log);
            if (report.Failed) return terminal.Fail(CommandLine.Failed, report.Message, Json(report));
            terminal.Result(Json(report), Text(report, request));
            return CommandLine.Fine;
        });
        return command;
    }

    private SolveRequest Read(ParseResult parsed)
    {
        var options = _solver.Read(parsed, new());
        var (t0, t1) = (parsed.GetValue(_t0)!.Value, parsed.GetValue(_t1)!.Value);
        return new()
        {
            Dynamics = parsed.GetValue(_dynamics)!,
            ExplicitDynamics = parsed.GetValue(_explicitDynamics),
            Z0 = parsed.GetValue(_z0)!,
            T0 = t0,
            T1 = t1,
            TEval = parsed.GetValue(_tEval) is { } text ? CheckTimes(Values.List(text, "--t-eval"), t0, t1) : null,
            Cotangent = parsed.GetValue(_cotangent),
            Options = options with
            {
                MaxSteps = parsed.GetValue(_maxSteps).Check(n => n > 0, "--max-steps", "[1, 2^63)") ?? options.MaxSteps,
                Failure = FailureMode.Value,
            },
            Repeat = parsed.GetValue(_repeat).Check(n => n > 0, "--repeat", "[1, 2^63)"),
            Device = _device.Read(parsed),
            Out = parsed.GetValue(_out)!,
        };
    }

    private static double[] CheckTimes(double[] times, double t0, double t1)
    {
        var sign = Math.Sign(t1 - t0);
        for (var i = 0; i < times.Length; i++)
        {
            var inside = times[i] >= Math.Min(t0, t1) && times[i] <= Math.Max(t0, t1);
            if (!inside || (i > 0 && (times[i] - times[i - 1]) * sign <= 0))
                throw new UsageException($"--t-eval: {times[i]} is there twice, out of order or outside [{Math.Min(t0, t1)}, {Math.Max(t0, t1)}]; write the times from --t0 towards --t1");
        }
        return times;
    }

    private static void CheckUse(SolveRequest request)
    {
        if (request.Options.DenseOutput && request.TEval is null)
            throw new UsageException("--dense-output interpolates the states at --t-eval, which is not given: give --t-eval, or leave it out");
        if (request.Cotangent is not null && !request.HasGradients)
            throw new UsageException("--cotangent is what gradients are taken of, and --gradient none has none: leave one of them out");
    }

    /// <summary>peak_bytes_* are the most bytes of tensors alive in each sweep above those alive before the solve. A failure has the time
    /// reached and, as every failed command, the message as error.</summary>
    private static JsonObject Json(SolveReport report)
    {
        JsonObject json = new()
        {
            ["status"] = report.Failed ? Terminal.Name(report.Status) : "success",
            ["steps_accepted"] = report.Statistics.StepsAccepted,
            ["steps_rejected"] = report.Statistics.StepsRejected,
            ["nfe_forward"] = report.Statistics.NfeForward,
            ["nfe_backward"] = report.Statistics.NfeBackward,
            ["seconds_forward"] = report.SecondsForward,
            ["seconds_backward"] = report.SecondsBackward,
            ["peak_bytes_forward"] = report.PeakBytesForward,
            ["peak_bytes_backward"] = report.PeakBytesBackward,
            ["reconstruction_error"] = Terminal.Number(report.Statistics.ReconstructionError),
            ["snapshots"] = report.Statistics.Snapshots,
            ["snapshot_bytes"] = report.Statistics.SnapshotBytes,
            ["steps_replayed"] = report.Statistics.StepsReplayed,
            ["newton_iterations"] = report.Statistics.NewtonIterations,
            ["newton_failures"] = report.Statistics.NewtonFailures,
            ["jacobian_products"] = report.Statistics.JacobianProducts,
            ["jacobian_products_backward"] = report.Statistics.JacobianProductsBackward,
            ["graphs_forward"] = report.Graphs.Forward,
            ["graphs_backward"] = report.Graphs.Backward,
            ["message"] = report.Message,
        };
        if (report.Failed) (json["error"], json["reached"]) = (report.Message, report.Reached);
        return json;
    }

    private static string Text(SolveReport report, SolveRequest request)
    {
        var s = report.Statistics;
        return $"""
            {s.StepsAccepted} steps, {s.StepsRejected} rejected
            forward   {s.NfeForward,8} evaluations  {report.SecondsForward,10:f6} s  {report.PeakBytesForward,12:n0} bytes at the peak
            backward  {s.NfeBackward,8} evaluations  {report.SecondsBackward,10:f6} s  {report.PeakBytesBackward,12:n0} bytes at the peak
            {Equations(s)}{Drift(s)}{(report.Message.Length > 0 ? report.Message + "\n" : "")}written to {request.Out}
            """;
    }

    /// <summary>A line on the equations of implicit steps; "" where there were none.</summary>
    private static string Equations(SolverStatistics s) => s.NewtonIterations == 0 ? ""
        : $"equations {s.NewtonIterations,8} Newton iterations, {s.NewtonFailures:n0} steps shortened; "
            + $"Jacobian products {s.JacobianProducts:n0} forward, {s.JacobianProductsBackward:n0} backward\n";

    /// <summary>A line on what the reverse sweep had to go by: how well the states came back, and the states that were kept and made again.</summary>
    private static string Drift(SolverStatistics s)
    {
        var kept = s.Snapshots switch { 0 => "no snapshot kept", 1 => "1 snapshot kept", _ => $"{s.Snapshots:n0} snapshots kept" };
        var bytes = s.SnapshotBytes > 0 ? $" ({s.SnapshotBytes:n0} bytes)" : "";
        var replayed = s.StepsReplayed switch { 0 => "no step made again", 1 => "1 step made again", _ => $"{s.StepsReplayed:n0} steps made again" };
        if (double.IsNaN(s.ReconstructionError)) return s.Snapshots + s.StepsReplayed > 0 ? $"states    {kept}{bytes}, {replayed}\n" : "";
        var error = s.ReconstructionError == 0 ? "to the bit" : $"to {s.ReconstructionError:g2} of their size";
        return $"drift     known states reconstructed {error}; {kept}{bytes}, {replayed}\n";
    }
}
