using System.CommandLine;

namespace NeuralOde.Cli.Commands;

/// <summary>The options that say how an ODE is solved, shared by the commands that solve one.</summary>
/// <param name="steps">What --step-size says of steps without it.</param>
/// <param name="ofRun">Whether what is not given is that of a run, and not what the descriptions say.</param>
internal sealed class SolverArguments(string steps = "without it steps adapt to --rtol and --atol", bool ofRun = false)
{
    private readonly Option<string?> _solver = Values.Text("--solver",
        $"How a step is made: {string.Join(", ", SolverNames.Solvers)}. euler, midpoint, heun, rk4, backward-euler and crank-nicolson need " +
        "--step-size. The last four are implicit, for stiff f.", "name");
    private readonly Option<string?> _gradient = Values.Text("--gradient",
        "How gradients are had: mali (alf's steps are undone: constant memory; its default), reversible (as mali, for reversible-heun and explicit " +
        "Runge-Kutta methods, whose steps are coupled), pnode (every state is kept, or --checkpoints of them; the " +
        "default of the other solvers), aca (every state is kept), anode (z0 is kept and the steps made again), adjoint (the adjoint ODE: constant " +
        "memory, gradients up to the solver's error), backprop (the whole graph is kept) or none.", "name");
    private readonly Option<double?> _stepSize = Values.Number("--step-size", $"Fixed steps of this length; {steps}.");
    private readonly Option<double?> _rtol = Values.Number("--rtol", $"Adaptive steps: relative tolerance, {Default("1e-3", ofRun)}.");
    private readonly Option<double?> _atol = Values.Number("--atol", $"Adaptive steps: absolute tolerance, {Default("1e-6", ofRun)}.");
    private readonly Option<double?> _firstStep = Values.Number("--initial-step-size",
        $"Adaptive steps: length of the first, {Default("chosen from the state and f", ofRun)}.");
    private readonly Option<string?> _controller = Values.Text("--controller", $"Adaptive steps: what decides their length: pi, i or pid; {Default("pi", ofRun)}.", "name");
    private readonly Option<double?> _eta = Values.Number("--eta", $"Damping of alf, in (0, 1], not 0.5; 1 is none; {Default("1", ofRun)}.");
    private readonly Option<string?> _snapshots = Values.Text("--snapshot-interval",
        "States that mali and reversible keep for their reverse sweep: auto (as many as keep the drift within --drift-tolerance; the default), none, or one every K steps.", "none|auto|K");
    private readonly Option<string?> _reversal = Values.Text("--reversal",
        $"Arithmetic of alf's steps: float (undone up to rounding) or exact (fixed point, undone to the bit; needs --eta 1); {Default("float", ofRun)}.", "name");
    private readonly Option<double?> _driftTolerance = Values.Number("--drift-tolerance",
        "Largest relative error of the states that mali and reversible reconstruct; by default the square root of the state's epsilon, 3.45e-4 for float32.");
    private readonly Option<long?> _checkpoints = Values.Count("--checkpoints",
        "The most states that pnode keeps at once besides z0; the others are made again. Without it every state is kept.");
    private readonly Option<bool> _stages = new("--checkpoint-stages")
    {
        Description = "Let pnode keep the stages of a step with its state, so that implicit ones are not solved for again.",
    };
    private readonly Option<double?> _coupling = Values.Number("--coupling",
        "Couple the steps of an explicit Runge-Kutta method with this factor in (0, 1], so that they can be undone; 0.999 with --gradient reversible.");
    private readonly Option<double?> _newtonTolerance = Values.Number("--newton-tolerance",
        "Implicit solvers: update relative to the tolerances, or to 1 + |z| for fixed steps, at which Newton's method ends; 1e-3, or epsilon^(2/3).");
    private readonly Option<long?> _denseJacobian = Values.Count("--dense-jacobian-limit",
        "Implicit solvers: most elements of the state for which the Jacobian is formed, 64 by default; above, GMRES is used.");
    private readonly Option<long?> _newtonIterations = Values.Count("--max-newton-iterations", "Implicit solvers: iterations before a step has failed, by default 10, of fixed steps 50.");
    private readonly Option<long?> _krylov = Values.Count("--krylov-dimension", "Implicit solvers: products before GMRES restarts, 30 by default.");
    private readonly Option<bool> _dense = new("--dense-output") { Description = "Interpolate the states at --t-eval instead of landing on them." };
    private readonly Option<bool> _perSample = new("--per-sample")
    {
        Description = "Adaptive steps for each sample (first dimension of the state) of its own; f gets t as (batch, 1, ...).",
    };
    private readonly Option<string?> _graphs = Values.Text("--graphs",
        $"CUDA graphs of fixed steps on a GPU, recorded once and replayed: auto (where they can be), off or required (or fail, saying why); {Default("off", ofRun)}.", "name");
    private readonly Option<bool> _seminorm = new("--adjoint-seminorm")
    {
        Description = "Leave the parameters' cotangents out of the error norm of adjoint's adaptive steps: fewer of them.",
    };

    /// <summary>Those of a command that trains.</summary>
    public IEnumerable<Option> All => [.. Forward, _gradient, _snapshots, _driftTolerance, _checkpoints, _stages, _seminorm];

    /// <summary>Those that change what a forward sweep gives; for commands that need no gradients.</summary>
    public IEnumerable<Option> Forward =>
        [_solver, _stepSize, _rtol, _atol, _firstStep, _controller, _eta, _coupling, _reversal, _newtonTolerance, _denseJacobian, _newtonIterations, _krylov, _graphs];

    /// <summary>Those about the times and samples of one solve, which <see cref="Read"/> looks at too.</summary>
    public IEnumerable<Option> OfOneSolve => [_dense, _perSample];

    /// <summary>What the command line says, on top of <paramref name="defaults"/>; of those, another --solver or --gradient keeps only what
    /// every one of them understands.</summary>
    public SolverOptions Read(ParseResult parsed, SolverOptions defaults)
    {
        var options = SolverCombinations.Check(WithRest(parsed, WithSteps(parsed, WithGradient(parsed, WithSolver(parsed, defaults)))));
        return parsed.GetValue(_snapshots) is null ? options : SolverCombinations.CheckSnapshots(options);
    }

    /// <summary>As <see cref="Read"/> with <see cref="Forward"/> alone, for a command that needs no gradients.</summary>
    public SolverOptions ReadForward(ParseResult parsed, SolverOptions defaults) =>
        SolverCombinations.Check(WithRest(parsed, WithSteps(parsed, To(GradientMethod.None, WithCoupling(WithSolver(parsed, defaults))))));

    private SolverOptions WithSolver(ParseResult parsed, SolverOptions defaults)
    {
        if (parsed.GetValue(_solver) is not { } name || SolverNames.Solver(name) is var solver && solver == defaults.Solver) return defaults;
        return new()
        {
            Solver = solver, StepSize = defaults.StepSize, RelativeTolerance = defaults.RelativeTolerance, AbsoluteTolerance = defaults.AbsoluteTolerance,
            InitialStepSize = defaults.InitialStepSize, Controller = defaults.Controller, MaxSteps = defaults.MaxSteps, Failure = defaults.Failure,
            Graphs = defaults.Graphs,
        };
    }

    private SolverOptions WithGradient(ParseResult parsed, SolverOptions defaults)
    {
        if (parsed.GetValue(_gradient) is not { } name) return defaults;
        var gradient = SolverNames.Gradient(name);
        return gradient == defaults.Gradient ? defaults with { Gradient = gradient } : To(gradient, defaults);
    }

    /// <summary>With another gradient method, and none of the options that belong to one.</summary>
    private static SolverOptions To(GradientMethod gradient, SolverOptions options) => options with
    {
        Gradient = gradient, Checkpoints = null, CheckpointStages = false, AdjointSeminorm = false, SnapshotInterval = default, DriftTolerance = null,
    };

    /// <summary>With the coupling that the gradient method brings written out, so that the steps stay the same without it.</summary>
    private static SolverOptions WithCoupling(SolverOptions options) =>
        options is { Gradient: GradientMethod.Reversible, Coupling: null } && options.Solver.IsExplicitRungeKutta() ? options with { Coupling = 0.999 } : options;

    private SolverOptions WithSteps(ParseResult parsed, SolverOptions defaults)
    {
        var stepSize = parsed.GetValue(_stepSize).Check(h => h > 0, "--step-size", "(0, inf); the direction follows from t0 and t1");
        var rtol = parsed.GetValue(_rtol).Check(r => r > 0, "--rtol", "(0, inf)");
        var atol = parsed.GetValue(_atol).Check(a => a > 0, "--atol", "(0, inf)");
        var firstStep = parsed.GetValue(_firstStep).Check(h => h > 0, "--initial-step-size", "(0, inf); the direction follows from t0 and t1");
        var controller = parsed.GetValue(_controller);
        var adaptive = (rtol ?? atol ?? firstStep) is not null || controller is not null;
        if (stepSize is not null && adaptive)
            throw new UsageException("--step-size asks for fixed steps and --rtol, --atol, --initial-step-size or --controller for adaptive ones: give one or the other");
        return defaults with
        {
            StepSize = stepSize ?? (adaptive ? null : defaults.StepSize),
            RelativeTolerance = rtol ?? defaults.RelativeTolerance,
            AbsoluteTolerance = atol ?? defaults.AbsoluteTolerance,
            InitialStepSize = firstStep ?? defaults.InitialStepSize,
            Controller = controller is not null ? SolverNames.Controller(controller) : defaults.Controller,
        };
    }

    private SolverOptions WithRest(ParseResult parsed, SolverOptions defaults) => WithEquations(parsed, defaults) with
    {
        Eta = parsed.GetValue(_eta).Check(e => e is > 0 and <= 1 and not 0.5, "--eta", "(0, 1] without 0.5, which leaves the step without an inverse") ?? defaults.Eta,
        Coupling = parsed.GetValue(_coupling).Check(c => c is > 0 and <= 1, "--coupling", "(0, 1]; 0.999 is usual") ?? defaults.Coupling,
        Reversal = parsed.GetValue(_reversal) is { } reversal ? SolverNames.Reversal(reversal) : defaults.Reversal,
        SnapshotInterval = parsed.GetValue(_snapshots) is { } snapshots ? Snapshots(snapshots) : defaults.SnapshotInterval,
        DriftTolerance = parsed.GetValue(_driftTolerance).Check(x => x > 0, "--drift-tolerance", "(0, inf)") ?? defaults.DriftTolerance,
        Checkpoints = parsed.GetValue(_checkpoints).Check(n => n >= 1, "--checkpoints", "[1, 2^63)") ?? defaults.Checkpoints,
        CheckpointStages = parsed.GetValue(_stages) || defaults.CheckpointStages,
        AdjointSeminorm = parsed.GetValue(_seminorm) || defaults.AdjointSeminorm,
        DenseOutput = parsed.GetValue(_dense) || defaults.DenseOutput,
        PerSample = parsed.GetValue(_perSample) || defaults.PerSample,
        Graphs = parsed.GetValue(_graphs) is { } graphs ? SolverNames.Graphs(graphs) : defaults.Graphs,
    };

    private SolverOptions WithEquations(ParseResult parsed, SolverOptions defaults) => defaults with
    {
        NewtonTolerance = parsed.GetValue(_newtonTolerance).Check(x => x > 0, "--newton-tolerance", "(0, inf)") ?? defaults.NewtonTolerance,
        DenseJacobianLimit = parsed.GetValue(_denseJacobian).Check(n => n >= 1, "--dense-jacobian-limit", "[1, 2^63)") ?? defaults.DenseJacobianLimit,
        MaxNewtonIterations = Int(parsed, _newtonIterations) ?? defaults.MaxNewtonIterations,
        KrylovDimension = Int(parsed, _krylov) ?? defaults.KrylovDimension,
    };

    private static string Default(string value, bool ofRun) => ofRun ? "the run's by default" : $"{value} by default";

    private static int? Int(ParseResult parsed, Option<long?> option) => (int?)parsed.GetValue(option).Check(n => n is >= 1 and <= int.MaxValue, option.Name, "[1, 2^31)");

    private static SnapshotInterval Snapshots(string text) => SnapshotInterval.TryParse(text, out var interval) ? interval
        : throw new UsageException($"--snapshot-interval: '{text}' is not supported by this build; supported: none, auto, a number of steps from 1");
}
