namespace NeuralOde.Cli.Bench;

/// <summary>One dynamics and solver with the gradient methods that are measured.</summary>
/// <param name="Type">Of state and parameters.</param>
/// <param name="Reference">Backprop through the same steps.</param>
internal sealed record MethodsCase(BenchDynamics Dynamics, DType Type, double Time, SolverOptions Reference, IReadOnlyList<SolverOptions> Methods)
{
    private const double StiffTime = 2;
    private const double StiffTolerance = 1e-5;

    private static readonly IReadOnlyList<GradientMethod> Common = [GradientMethod.Adjoint, GradientMethod.Aca, GradientMethod.Anode, GradientMethod.Pnode];

    public static IEnumerable<MethodsCase> All(MethodsBenchOptions options) =>
    [
        .. BenchDynamics.ForPrecision().SelectMany(dynamics => Smooth(dynamics, options)),
        .. Stiff(BenchDynamics.Stiff(), options),
    ];

    /// <summary>Fixed steps over [0, 1] in float32.</summary>
    private static IEnumerable<MethodsCase> Smooth(BenchDynamics dynamics, MethodsBenchOptions options)
    {
        SolverOptions Steps(SolverKind solver) => new() { Solver = solver, StepSize = 1.0 / options.Steps };
        MethodsCase Case(SolverOptions steps, params IEnumerable<GradientMethod> methods) => Of(dynamics, DType.Float32, 1, steps, methods, options);
        return
        [
            Case(Steps(SolverKind.Alf), [GradientMethod.Mali, .. Common]),
            Case(Steps(SolverKind.ReversibleHeun), [GradientMethod.Reversible, GradientMethod.Aca, GradientMethod.Pnode]),
            Case(Steps(SolverKind.Rk4), Common),
            Case(Steps(SolverKind.Rk4) with { Coupling = 0.999 }, [GradientMethod.Reversible, GradientMethod.Aca, GradientMethod.Pnode]),
            Case(Steps(SolverKind.Dopri5), Common),
        ];
    }

    /// <summary>Over [0, 2] in float64: explicit adaptive steps, and implicit fixed and adaptive ones.</summary>
    private static IEnumerable<MethodsCase> Stiff(BenchDynamics dynamics, MethodsBenchOptions options)
    {
        SolverOptions Adaptive(SolverKind solver) => new() { Solver = solver, RelativeTolerance = StiffTolerance, AbsoluteTolerance = StiffTolerance };
        MethodsCase Case(SolverOptions steps, params IEnumerable<GradientMethod> methods) => Of(dynamics, DType.Float64, StiffTime, steps, methods, options);
        GradientMethod[] discrete = [GradientMethod.Aca, GradientMethod.Anode, GradientMethod.Pnode];
        return
        [
            Case(Adaptive(SolverKind.Dopri5), [GradientMethod.Aca, GradientMethod.Pnode]),
            Case(new() { Solver = SolverKind.BackwardEuler, StepSize = StiffTime / options.Steps }, discrete),
            Case(Adaptive(SolverKind.Trbdf2), discrete),
            Case(Adaptive(SolverKind.KenCarp3), discrete),
        ];
    }

    /// <summary>Backprop and the methods; of pnode's, one that keeps the stages of implicit steps too.</summary>
    private static MethodsCase Of(
        BenchDynamics dynamics, DType type, double time, SolverOptions steps, IEnumerable<GradientMethod> methods, MethodsBenchOptions options)
    {
        var backprop = steps with { Gradient = GradientMethod.Backprop };
        var measured = methods.Select(gradient => steps with { Gradient = gradient, Checkpoints = gradient == GradientMethod.Pnode ? options.Checkpoints : null }).ToList();
        if (steps.Solver.IsImplicit()) measured.Add(measured[^1] with { CheckpointStages = true });
        return new(dynamics, type, time, backprop, [backprop, .. measured]);
    }
}
