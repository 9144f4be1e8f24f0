using System.Runtime.CompilerServices;

namespace NeuralOde.Tests.Solving;

/// <summary>How long the library holds a preconditioner, and the parts of split dynamics.</summary>
public sealed class PreconditionerLifetimeTests
{
    private static readonly OdeSolver Products = new(new() { Solver = SolverKind.BackwardEuler, StepSize = 0.5, DenseJacobianLimit = 1 });

    [Fact]
    public void A_preconditioner_lives_until_it_is_replaced_cleared_or_its_dynamics_are_gone()
    {
        using var f = Dynamics.FromFunction((_, z) => -z);
        var first = Set(f);
        Assert.True(IsAlive(first));
        var second = Set(f);
        Assert.False(IsAlive(first));
        f.ClearPreconditioner();
        Assert.False(IsAlive(second));
        var third = Set(f);
        f.Dispose();
        Assert.False(IsAlive(third));
    }

    [Fact]
    public void A_graph_keeps_the_preconditioner_of_dynamics_that_are_gone()
    {
        using var scope = new TensorScope();
        var z0 = Tensor.Ones([3], DType.Float64).WithGrad();
        Tensor state;
        var transposed = 0;
        using (var f = Dynamics.FromFunction((_, z) => -z))
        {
            f.SetPreconditioner((_, _, _, isTransposed, r) =>
            {
                transposed += isTransposed ? 1 : 0;
                return r;
            });
            using var solution = Products.Solve(f, z0, 0, 1);
            state = solution.ShareState();
        }

        state.Sum().Backward();

        Assert.True(transposed > 0);
        Assert.All(z0.Grad!.ToArray<double>(), gradient => Assert.Equal(1 / 2.25, gradient, 1e-9));   // (1 + h)^-2, equations solved to rounding
    }

    [Fact]
    public void Split_dynamics_live_on_without_their_parts()
    {
        using var scope = new TensorScope();
        var first = Dynamics.FromFunction((_, z) => z);
        var second = Dynamics.FromFunction((_, z) => -3 * z);
        using var f = Dynamics.Split(first, second);
        first.Dispose();
        second.Dispose();

        Assert.Equal(-4.0, f.Evaluate(0, Tensor.Scalar(2.0)).ToDouble());
    }

    [Fact]
    public void A_part_that_is_missing_is_named()
    {
        using var f = Dynamics.FromFunction((_, z) => z);

        Assert.Equal("explicitPart", Assert.Throws<ArgumentNullException>(() => Dynamics.Split(null!, f)).ParamName);
        Assert.Equal("implicitPart", Assert.Throws<ArgumentNullException>(() => Dynamics.Split(f, null!)).ParamName);
    }

    /// <summary>Of an object that only the preconditioner refers to.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Set(Dynamics f)
    {
        var held = new object();
        f.SetPreconditioner((_, _, _, _, r) => held is null ? r : r);
        return new WeakReference(held);
    }

    private static bool IsAlive(WeakReference reference)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return reference.IsAlive;
    }
}
