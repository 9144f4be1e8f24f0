namespace NeuralOde.Cli.Bench;

/// <summary>The peak of tensor bytes of a solve and its reverse sweep, told from a run of five of its steps: what those take plus what the method keeps
/// of every further one.</summary>
internal static class MethodMemory
{
    private const long FewSteps = 5;
    private const long MoreSteps = 10;

    /// <summary>Of <paramref name="steps"/> steps of the length <paramref name="stepSize"/>.</summary>
    public static long Predicted(BenchDynamics subject, DType type, SolverOptions options, long steps, double stepSize)
    {
        var few = options with { StepSize = stepSize, Checkpoints = options.Checkpoints is null ? null : 1 };
        var peak = Peak(FewSteps);
        if (options.Gradient == GradientMethod.Backprop && options.Solver.IsImplicit()) return peak + (steps - FewSteps) * (Peak(MoreSteps) - peak) / (MoreSteps - FewSteps);
        return peak + Kept(subject, type, options, steps) - Kept(subject, type, few, FewSteps);

        long Peak(long count) => Probe.Run(subject, type, count * stepSize, few).PeakBytes;
    }

    /// <summary>backprop: a graph for every evaluation; implicit steps record equations besides, whose graph is measured over ten steps instead. aca, anode, pnode: the states between the steps, or a budget of them, with their stages if those
    /// are kept. mali, reversible, adjoint: nothing that grows.</summary>
    private static long Kept(BenchDynamics subject, DType type, SolverOptions options, long steps)
    {
        var facts = SolverFacts.Of(options);
        var state = subject.Z0.ElementCount * Size(type);
        return options.Gradient switch
        {
            GradientMethod.Backprop => steps * facts.PerStep * Graph(subject, type),
            GradientMethod.Aca or GradientMethod.Anode => (steps - 1) * facts.TensorsOfState * state,
            GradientMethod.Pnode => Math.Min(options.Checkpoints ?? steps, steps - 1) * (facts.TensorsOfState + (options.CheckpointStages ? facts.SolvedStages : 0)) * state,
            _ => 0,
        };
    }

    /// <summary>Bytes that autograd keeps of one evaluation, its input included where f's graph holds it.</summary>
    private static long Graph(BenchDynamics subject, DType type)
    {
        using var scope = new TensorScope();
        Tensor[] theta = [.. subject.Parameters.Select(parameter => parameter.To(type).Clone().WithGrad())];
        var z0 = subject.Z0.To(type).Clone().WithGrad();
        var before = TensorMemory.LiveBytes;
        Tensor end;
        using (var evaluation = new TensorScope()) end = evaluation.Keep(subject.F(Tensor.Scalar(0.0).To(type), z0 * 1.0, theta).Sum());   // the rest is freed here
        return TensorMemory.LiveBytes - before - end.ElementCount * Size(type);
    }

    private static long Size(DType type) => type == DType.Float64 ? 8 : 4;
}
