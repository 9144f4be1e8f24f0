namespace NeuralOde.Numerics.Tests;

/// <summary>The preconditioner of GMRES in implicit steps: what it is given, what it saves, and what becomes of its failures.</summary>
[TestFixture]
public sealed class PreconditionerTests : ScopedTests
{
    private const int Width = 40;

    [Test]
    public void The_exact_inverse_saves_products_and_changes_no_gradient()
    {
        var plain = Run(null);
        var asked = new HashSet<bool>();
        var preconditioned = Run((t, z, scale, transposed, r) =>
        {
            Assert.That((t.Shape.Count, z.Shape[0], r.Shape[0]), Is.EqualTo((0, (long)Width, (long)Width)));
            asked.Add(transposed);
            return r / (1 + (Rates * scale));   // J = -diag(rates): symmetric, so that transposed is the same
        });

        Gradients.AssertEqual(plain.Gradients, preconditioned.Gradients, 1e-6);   // the equations are solved to 1e-8
        Assert.Multiple(() =>
        {
            Assert.That(asked, Is.EquivalentTo(new[] { false, true }));
            Assert.That(preconditioned.Statistics.JacobianProducts, Is.LessThan(plain.Statistics.JacobianProducts / 2));
            Assert.That(preconditioned.Statistics.JacobianProductsBackward, Is.LessThan(plain.Statistics.JacobianProductsBackward / 2));
        });
    }

    [Test]
    public void A_preconditioner_that_is_cleared_or_beside_a_small_state_is_not_called()
    {
        var calls = 0;
        using var f = Dynamics.FromFunction((_, z) => -(Rates * z));
        f.SetPreconditioner((_, _, _, _, r) =>
        {
            calls++;
            return r;
        });
        using (Solve(f, Width)) Assert.That(calls, Is.Zero);   // the Jacobian is formed
        f.ClearPreconditioner();
        using (Solve(f, 1)) Assert.That(calls, Is.Zero);
    }

    [Test]
    public void What_the_preconditioner_throws_comes_out_of_the_solve_as_itself()
    {
        var thrown = new InvalidTimeZoneException("from the preconditioner");
        using var f = Dynamics.FromFunction((_, z) => -(Rates * z));
        f.SetPreconditioner((Tensor _, Tensor _, double _, bool _, Tensor _) => throw thrown);

        Assert.That(() => Solve(f, 1), Throws.Exception.SameAs(thrown));
    }

    [Test]
    public void A_preconditioner_that_returns_too_few_tensors_is_told_so()
    {
        using var f = Dynamics.FromFunction((_, z) => -(Rates * z));
        f.SetPreconditioner((Tensor _, IReadOnlyList<Tensor> _, double _, bool _, IReadOnlyList<Tensor> _) => []);

        Assert.That(() => Solve(f, 1), Throws.InvalidOperationException.With.Message.Contains("returned 0 tensors for a state of 1"));
    }

    /// <summary>From 1 to 1e4.</summary>
    private static Tensor Rates => Tensor.FromArray<double>([.. Enumerable.Range(0, Width).Select(i => Math.Pow(10, 4.0 * i / Width))], Width);

    private static Solution Solve(Dynamics f, long denseLimit)
    {
        var options = new SolverOptions { Solver = SolverKind.Trbdf2, StepSize = 0.25, DenseJacobianLimit = denseLimit };
        return new OdeSolver(options).Solve(f, Tensor.Ones([Width], DType.Float64), 0, 1);
    }

    /// <summary>z' = -rates z + sin t, whose Jacobian GMRES alone needs as many products for as it has elements.</summary>
    private static (SolverStatistics Statistics, Dictionary<string, double[]> Gradients) Run(Func<Tensor, Tensor, double, bool, Tensor, Tensor>? precondition)
    {
        var z0 = Tensor.Ones([Width], DType.Float64).WithGrad();
        using var f = Dynamics.FromFunction((t, z) => t.Sin() - (Rates * z));
        if (precondition is not null) f.SetPreconditioner(precondition);
        var options = new SolverOptions { Solver = SolverKind.Trbdf2, StepSize = 0.25, DenseJacobianLimit = 1, KrylovDimension = Width, NewtonTolerance = 1e-8 };
        using var solution = new OdeSolver(options).Solve(f, z0, 0, 1);
        solution.State.Sum().Backward();
        return (solution.Statistics, new() { ["z0"] = z0.Grad!.ToArray<double>() });
    }
}
