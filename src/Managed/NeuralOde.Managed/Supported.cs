namespace NeuralOde.Managed;

/// <summary>Which of <see cref="SolverOptions"/> the managed build has. What it does not have is an error, never ignored.</summary>
internal static class Supported
{
    /// <exception cref="ArgumentOutOfRangeException">The message names the option, its value and the remedy.</exception>
    public static void Require(SolverOptions options)
    {
        if (options.Solver is not (SolverKind.Alf or SolverKind.Dopri5))
        {
            Refuse(options.Solver, nameof(options.Solver), "take SolverKind.Alf or SolverKind.Dopri5");
        }

        RequireGradient(options);
        if (options.Reversal != Reversal.Float) Refuse(options.Reversal, nameof(options.Reversal), "take Reversal.Float");
        if (options.Coupling is not null) Refuse(options.Coupling, nameof(options.Coupling), "leave it null");
        if (options.Checkpoints is not null) Refuse(options.Checkpoints, nameof(options.Checkpoints), "leave it null, which keeps every state");
        if (options.DenseOutput) Refuse(options.DenseOutput, nameof(options.DenseOutput), "leave it false: steps land on the times asked for");
        if (options.PerSample) Refuse(options.PerSample, nameof(options.PerSample), "leave it false");
        if (options.Graphs == GraphMode.Required) Refuse(options.Graphs, nameof(options.Graphs), "leave it Automatic: there is no GPU here");
        if (options.Failure != FailureMode.Exception) Refuse(options.Failure, nameof(options.Failure), "take FailureMode.Exception");
    }

    private static void RequireGradient(SolverOptions options)
    {
        var isSupported = options.Solver == SolverKind.Alf
            ? options.Gradient is GradientMethod.Mali or GradientMethod.None
            : options.Gradient is GradientMethod.Pnode or GradientMethod.Aca or GradientMethod.None;
        if (isSupported) return;
        Refuse(options.Gradient, nameof(options.Gradient), options.Solver == SolverKind.Alf
            ? "SolverKind.Alf has GradientMethod.Mali and None here"
            : "SolverKind.Dopri5 has GradientMethod.Pnode, Aca and None here");
    }

    private static void Refuse<TValue>(TValue value, string name, string remedy) => throw new ArgumentOutOfRangeException(
        name, value, $"{name}: {value} is not in the managed build; {remedy}, or use NeuralOde.OdeSolver, which has it.");
}
