using System.Numerics;

namespace NeuralOde.Managed;

/// <summary>Solves dz/dt = f(t, z) in C# alone, with the options, the steps and the gradients of <see cref="OdeSolver"/>: alf with MALI, and
/// dopri5 with its discrete adjoint, at fixed or adaptive steps. It loads no native library.</summary>
/// <remarks>The errors, grids and counts of work are the native solver's too. <see cref="SnapshotInterval.Automatic"/> plans snapshots from
/// <see cref="SolverOptions.Eta"/> alone, where the native library also learns from earlier solves, and keeps every state of a stretch that it makes again,
/// where the native library keeps as few as it can. One thread does all the work.</remarks>
public sealed class ManagedOdeSolver
{
    /// <summary>A solver with these options.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range, or not supported here; the message tells what is.</exception>
    public ManagedOdeSolver(SolverOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Supported.Require(options);
        Options = options;
    }

    /// <summary>How it solves.</summary>
    public SolverOptions Options { get; }

    /// <summary>Solves from <paramref name="t0"/> to <paramref name="t1"/>; t1 below t0 integrates backward in time.</summary>
    /// <typeparam name="T">float or double; times and step lengths are double all the same.</typeparam>
    /// <param name="dynamics">f; its calls come from this thread.</param>
    /// <param name="z0">The state at t0, of a length that f takes; copied.</param>
    /// <param name="t0">The first time, finite.</param>
    /// <param name="t1">The last time, finite.</param>
    /// <param name="tEval">Null, or the times from t0 towards t1 at which the state is wanted; steps land on them.</param>
    /// <exception cref="ArgumentException">A time, the length of z0 or its type is not usable.</exception>
    /// <exception cref="NeuralOdeException">The status tells the reason: a step size too small, too many steps, a state not finite.</exception>
    public ManagedSolution<T> Solve<T>(IManagedDynamics<T> dynamics, ReadOnlySpan<T> z0, double t0, double t1, IReadOnlyList<double>? tEval = null)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(dynamics);
        ElementType.Require<T>();
        var landings = new Landings(t0, t1, tEval);
        if (!Spans.AllFinite(z0)) throw new NeuralOdeException(Status.NonFinite, $"z0 has infinite or NaN elements; check the input at t0 = {t0}");

        var f = new Evaluator<T>(dynamics, z0.Length);
        Stepper<T> stepper = Options.Solver == SolverKind.Alf ? new AlfStepper<T>(f, Options.Eta, t0, z0) : new Dopri5Stepper<T>(f, z0);
        var record = new Record<T>(Options, landings, new Grid()) { Start = new(z0.ToArray(), []) };
        var interval = SnapshotSteps<T>();
        var states = new T[landings.Outputs.Count * z0.Length];
        Write(-1);
        new Drive<T>(stepper, Options, record.Grid, Keep).Run(landings, Write);
        record.End = stepper.State;
        return new(dynamics, record, states, f.Count);

        void Keep(int step)
        {
            if (step > 0 && step % interval == 0) record.Kept.Add(step, stepper.State.Copy());
        }

        void Write(int landing)
        {
            for (var row = 0; row < landings.Outputs.Count; row++)
            {
                if (landings.Outputs[row] == landing) stepper.State.Z.CopyTo(states, row * record.Start.Z.Length);
            }
        }
    }

    /// <summary>Steps from one state that is kept to the next.</summary>
    private int SnapshotSteps<T>() where T : unmanaged, IFloatingPointIeee754<T> => Options.Gradient switch
    {
        GradientMethod.None => int.MaxValue,
        GradientMethod.Mali => Drift.SnapshotSteps<T>(Options),
        _ => 1,
    };
}
