namespace NeuralOde.Cli.Solving;

/// <summary>What <c>neuralode solve</c> was asked for.</summary>
internal sealed record SolveRequest
{
    public required string Dynamics { get; init; }

    /// <summary>The part of the dynamics besides <see cref="Dynamics"/>, which is the implicit one then; null: there is none.</summary>
    public required string? ExplicitDynamics { get; init; }

    public required string Z0 { get; init; }

    public required double T0 { get; init; }

    public required double T1 { get; init; }

    public required double[]? TEval { get; init; }

    public required string? Cotangent { get; init; }

    /// <summary>How it is solved; failures are values, so that what exists is written all the same.</summary>
    public required SolverOptions Options { get; init; }

    /// <summary>Measured runs after one to warm up; null is one run without.</summary>
    public required long? Repeat { get; init; }

    public required string Device { get; init; }

    public required string Out { get; init; }

    public bool HasGradients => Options.Gradient != GradientMethod.None;
}
