namespace NeuralOde.Cli.Commands;

/// <summary>The command-line names of solvers, gradient methods and what else an ODE is solved with.</summary>
internal static class SolverNames
{
    private static readonly IReadOnlyDictionary<string, SolverKind> SolverOf = new Dictionary<string, SolverKind>
    {
        ["alf"] = SolverKind.Alf, ["euler"] = SolverKind.Euler, ["midpoint"] = SolverKind.Midpoint, ["heun"] = SolverKind.Heun,
        ["heun-euler"] = SolverKind.HeunEuler, ["bosh3"] = SolverKind.Bosh3, ["rk4"] = SolverKind.Rk4, ["dopri5"] = SolverKind.Dopri5,
        ["tsit5"] = SolverKind.Tsit5, ["dopri8"] = SolverKind.Dopri8, ["reversible-heun"] = SolverKind.ReversibleHeun,
        ["backward-euler"] = SolverKind.BackwardEuler, ["crank-nicolson"] = SolverKind.CrankNicolson, ["trbdf2"] = SolverKind.Trbdf2,
        ["kencarp3"] = SolverKind.KenCarp3,
    };

    private static readonly IReadOnlyDictionary<string, GradientMethod> GradientOf = new Dictionary<string, GradientMethod>
    {
        ["mali"] = GradientMethod.Mali, ["backprop"] = GradientMethod.Backprop, ["adjoint"] = GradientMethod.Adjoint, ["aca"] = GradientMethod.Aca,
        ["anode"] = GradientMethod.Anode, ["pnode"] = GradientMethod.Pnode, ["reversible"] = GradientMethod.Reversible,
        ["none"] = GradientMethod.None,
    };

    private static readonly IReadOnlyDictionary<string, StepSizeController> ControllerOf = new Dictionary<string, StepSizeController>
    {
        ["i"] = StepSizeController.I, ["pi"] = StepSizeController.Pi, ["pid"] = StepSizeController.Pid,
    };

    private static readonly IReadOnlyDictionary<string, Reversal> ReversalOf = new Dictionary<string, Reversal>
    {
        ["float"] = NeuralOde.Reversal.Float, ["exact"] = NeuralOde.Reversal.Exact,
    };

    private static readonly IReadOnlyDictionary<string, GraphMode> GraphsOf = new Dictionary<string, GraphMode>
    {
        ["auto"] = GraphMode.Automatic, ["off"] = GraphMode.Off, ["required"] = GraphMode.Required,
    };

    public static IEnumerable<string> Solvers => SolverOf.Keys;

    public static IEnumerable<string> Gradients => GradientOf.Keys;

    public static SolverKind Solver(string name) => Named(name, "--solver", SolverOf);

    public static GradientMethod Gradient(string name) => Named(name, "--gradient", GradientOf);

    public static StepSizeController Controller(string name) => Named(name, "--controller", ControllerOf);

    public static Reversal Reversal(string name) => Named(name, "--reversal", ReversalOf);

    public static GraphMode Graphs(string name) => Named(name, "--graphs", GraphsOf);

    /// <summary>The name of a solver.</summary>
    public static string Of(SolverKind solver) => SolverOf.Single(pair => pair.Value == solver).Key;

    /// <summary>The name of a gradient method.</summary>
    public static string Of(GradientMethod gradient) => GradientOf.Single(pair => pair.Value == gradient).Key;

    private static T Named<T>(string name, string option, IReadOnlyDictionary<string, T> names) => names[Values.OneOf(name, option, [.. names.Keys])];
}
