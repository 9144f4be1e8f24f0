using System.CommandLine;

namespace NeuralOde.Cli.Commands;

/// <summary>The options that say how an ODE is solved, shared by the commands that solve one.</summary>
internal sealed class SolverArguments
{
    public static readonly IReadOnlyList<string> Solvers = ["alf"];
    public static readonly IReadOnlyList<string> Gradients = ["mali", "backprop", "none"];
    public static readonly IReadOnlyList<string> Reversals = ["float", "exact"];

    private readonly Option<string?> _solver = Values.Text("--solver", "How a step is made: alf.", "name");
    private readonly Option<string?> _gradient = Values.Text("--gradient", "How gradients are had: mali (constant memory), backprop (the whole graph is kept) or none.", "name");
    private readonly Option<double?> _stepSize = Values.Number("--step-size", "Fixed steps of this length; without it steps adapt to --rtol and --atol.");
    private readonly Option<double?> _rtol = Values.Number("--rtol", "Adaptive steps: relative tolerance.");
    private readonly Option<double?> _atol = Values.Number("--atol", "Adaptive steps: absolute tolerance.");
    private readonly Option<double?> _eta = Values.Number("--eta", "Damping of alf, in (0, 1], not 0.5; 1 is none.");
    private readonly Option<string?> _snapshots = Values.Text("--snapshot-interval",
        "States that mali keeps for its reverse sweep: auto (as many as keep the drift within --drift-tolerance), none, or one every K steps.", "none|auto|K");
    private readonly Option<string?> _reversal = Values.Text("--reversal",
        "Arithmetic of the steps: float (undone up to rounding) or exact (fixed point, undone to the bit; needs --eta 1).", "name");
    private readonly Option<double?> _driftTolerance = Values.Number("--drift-tolerance",
        "Largest relative error of the states that mali reconstructs; by default the square root of the state's epsilon, 3.45e-4 for float32.");
    private readonly Option<long?> _checkpoints = Values.Count("--checkpoints", "Not supported by this build.");

    public IEnumerable<Option> All => [.. Forward, _gradient, _snapshots, _driftTolerance, _checkpoints];

    /// <summary>Those that change what a forward sweep gives; for commands that need no gradients.</summary>
    public IEnumerable<Option> Forward => [_solver, _stepSize, _rtol, _atol, _eta, _reversal];

    /// <summary>What the command line says, on top of <paramref name="defaults"/>.</summary>
    public SolverOptions Read(ParseResult parsed, SolverOptions defaults)
    {
        RefuseUnsupported(parsed);
        var stepSize = parsed.GetValue(_stepSize).Check(h => h > 0, "--step-size", "(0, inf); the direction follows from t0 and t1");
        var rtol = parsed.GetValue(_rtol).Check(r => r > 0, "--rtol", "(0, inf)");
        var atol = parsed.GetValue(_atol).Check(a => a > 0, "--atol", "(0, inf)");
        if (stepSize is not null && (rtol ?? atol) is not null)
            throw new UsageException("--step-size asks for fixed steps and --rtol or --atol for adaptive ones: give one or the other");
        var eta = parsed.GetValue(_eta).Check(e => e is > 0 and <= 1 and not 0.5, "--eta", "(0, 1] without 0.5, which leaves the step without an inverse");
        return CheckTogether(defaults with
        {
            Gradient = parsed.GetValue(_gradient) is { } name ? Gradient(name) : defaults.Gradient,
            StepSize = stepSize ?? ((rtol ?? atol) is not null ? null : defaults.StepSize),
            RelativeTolerance = rtol ?? defaults.RelativeTolerance,
            AbsoluteTolerance = atol ?? defaults.AbsoluteTolerance,
            Eta = eta ?? defaults.Eta,
            Reversal = parsed.GetValue(_reversal) is { } reversal ? Reversal(reversal) : defaults.Reversal,
            SnapshotInterval = parsed.GetValue(_snapshots) is { } snapshots ? Snapshots(snapshots) : defaults.SnapshotInterval,
            DriftTolerance = parsed.GetValue(_driftTolerance).Check(x => x > 0, "--drift-tolerance", "(0, inf)") ?? defaults.DriftTolerance,
        });
    }

    /// <summary>The command-line name of a gradient method.</summary>
    public static string Name(GradientMethod gradient) => gradient switch
    {
        GradientMethod.Mali => "mali",
        GradientMethod.Backprop => "backprop",
        _ => "none",
    };

    private static GradientMethod Gradient(string name) => Values.OneOf(name, "--gradient", Gradients) switch
    {
        "mali" => GradientMethod.Mali,
        "backprop" => GradientMethod.Backprop,
        _ => GradientMethod.None,
    };

    private static Reversal Reversal(string name) =>
        Values.OneOf(name, "--reversal", Reversals) == "exact" ? NeuralOde.Reversal.Exact : NeuralOde.Reversal.Float;

    private static SnapshotInterval Snapshots(string text) => SnapshotInterval.TryParse(text, out var interval) ? interval
        : throw new UsageException($"--snapshot-interval: '{text}' is not supported by this build; supported: none, auto, a number of steps from 1");

    /// <summary>Refuses options that do not go together, with what to give instead.</summary>
    private static SolverOptions CheckTogether(SolverOptions options)
    {
        var exact = options.Reversal == NeuralOde.Reversal.Exact;
        if (exact && options.Eta != 1)
            throw new UsageException($"--reversal exact undoes undamped steps only, and --eta is {options.Eta}: give --eta 1, or --reversal float");
        if (options.Gradient == GradientMethod.Mali) return options;
        var gradient = $"--gradient {Name(options.Gradient)}";
        if (exact && options.Gradient == GradientMethod.Backprop)
            throw new UsageException($"--reversal exact is for a reverse sweep, which {gradient} has not: give --gradient mali, or --reversal float");
        if (options.SnapshotInterval.Steps is { } steps)
            throw new UsageException($"--snapshot-interval {steps} keeps states for a reverse sweep, which {gradient} has not: give --gradient mali, or leave it out");
        if (options.DriftTolerance is { } tolerance)
            throw new UsageException($"--drift-tolerance {tolerance} is for a reverse sweep, which {gradient} has not: give --gradient mali, or leave it out");
        return options;
    }

    private void RefuseUnsupported(ParseResult parsed)
    {
        if (parsed.GetValue(_solver) is { } solver) Values.OneOf(solver, "--solver", Solvers);
        if (parsed.GetValue(_checkpoints) is not null)
            throw new UsageException("--checkpoints: not supported by this build, whose gradient methods (mali, backprop, none) keep no checkpoints; leave it out");
    }
}
