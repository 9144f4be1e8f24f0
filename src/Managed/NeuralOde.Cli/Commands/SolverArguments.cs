using System.CommandLine;

namespace NeuralOde.Cli.Commands;

/// <summary>The options that say how an ODE is solved, shared by the commands that solve one.</summary>
internal sealed class SolverArguments
{
    public static readonly IReadOnlyList<string> Solvers = ["alf"];
    public static readonly IReadOnlyList<string> Gradients = ["mali", "backprop", "none"];

    private readonly Option<string?> _solver = Values.Text("--solver", "How a step is made: alf.", "name");
    private readonly Option<string?> _gradient = Values.Text("--gradient", "How gradients are had: mali (constant memory), backprop (the whole graph is kept) or none.", "name");
    private readonly Option<double?> _stepSize = Values.Number("--step-size", "Fixed steps of this length; without it steps adapt to --rtol and --atol.");
    private readonly Option<double?> _rtol = Values.Number("--rtol", "Adaptive steps: relative tolerance.");
    private readonly Option<double?> _atol = Values.Number("--atol", "Adaptive steps: absolute tolerance.");
    private readonly Option<double?> _eta = Values.Number("--eta", "Damping of alf, in (0, 1], not 0.5; 1 is none.");
    private readonly Option<string?> _snapshots = Values.Text("--snapshot-interval", "States kept for the reverse sweep: none.", "none");
    private readonly Option<string?> _reversal = Values.Text("--reversal", "How the reverse sweep computes: float.", "float");
    private readonly Option<long?> _checkpoints = Values.Count("--checkpoints", "Not supported by this build.");

    public IEnumerable<Option> All => [_solver, _stepSize, _rtol, _atol, _eta, _gradient, _snapshots, _reversal, _checkpoints];

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
        return defaults with
        {
            Gradient = parsed.GetValue(_gradient) is { } name ? Gradient(name) : defaults.Gradient,
            StepSize = stepSize ?? ((rtol ?? atol) is not null ? null : defaults.StepSize),
            RelativeTolerance = rtol ?? defaults.RelativeTolerance,
            AbsoluteTolerance = atol ?? defaults.AbsoluteTolerance,
            Eta = eta ?? defaults.Eta,
        };
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

    private void RefuseUnsupported(ParseResult parsed)
    {
        if (parsed.GetValue(_solver) is { } solver) Values.OneOf(solver, "--solver", Solvers);
        if (parsed.GetValue(_snapshots) is { } snapshots) Values.OneOf(snapshots, "--snapshot-interval", ["none"]);
        if (parsed.GetValue(_reversal) is { } reversal) Values.OneOf(reversal, "--reversal", ["float"]);
        if (parsed.GetValue(_checkpoints) is not null)
            throw new UsageException("--checkpoints: not supported by this build, whose gradient methods (mali, backprop, none) keep no checkpoints; leave it out");
    }
}
