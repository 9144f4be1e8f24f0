using System.Numerics;

namespace NeuralOde.Managed.Tests;

/// <summary>The hand-written pullback is the derivative of the evaluation.</summary>
[TestFixture]
public sealed class MlpDynamicsTests
{
    private const double Time = 0.4;

    [Test]
    public void The_pullback_is_that_of_finite_differences([Values(false, true)] bool withTime)
    {
        var mlp = new Mlp<double>(withTime);
        var (f, z, cotangent) = (mlp.Dynamics, mlp.State, mlp.Draw(mlp.State.Length, 1));
        var (a_z, parameters, a_t) = Pullback(f, z, cotangent);

        Assert.Multiple(() =>
        {
            AssertDerivatives(z, a_z);
            for (var i = 0; i < parameters.Length; i++) AssertDerivatives(f.Parameters[i], parameters[i]);
            Assert.That(a_t, Is.EqualTo((Loss(Time + 1e-5) - Loss(Time - 1e-5)) / 2e-5).Within(1e-8));
        });

        // Central differences with a step of 1e-5: an error of order 1e-10 by truncation and 1e-16 / 1e-5 by rounding.
        void AssertDerivatives(double[] at, double[] derivatives)
        {
            for (var i = 0; i < at.Length; i++)
            {
                var value = at[i];
                at[i] = value + 1e-5;
                var above = Loss(Time);
                at[i] = value - 1e-5;
                var below = Loss(Time);
                at[i] = value;
                Assert.That(derivatives[i], Is.EqualTo((above - below) / 2e-5).Within(1e-8));
            }
        }

        double Loss(double t)
        {
            var u = new double[z.Length];
            f.Evaluate(t, z, u, new double[f.TapeLength(z.Length)]);
            return u.Zip(cotangent, (a, b) => a * b).Sum();
        }
    }

    [Test]
    public void Cotangents_of_parameters_are_added_and_those_of_the_state_written()
    {
        var mlp = new Mlp<double>(withTime: true);
        var (f, z) = (mlp.Dynamics, mlp.State);
        var (tape, u, a_z) = (new double[f.TapeLength(z.Length)], new double[z.Length], new double[z.Length]);
        double[][] twice = [.. f.Parameters.Select(parameter => new double[parameter.Length])];
        f.Evaluate(Time, z, u, tape);

        for (var i = 0; i < 2; i++) f.Pullback(Time, z, tape, u, a_z, twice);

        var (once_z, once, _) = Pullback(f, z, u);
        Assert.That(a_z, Is.EqualTo(once_z));
        Assert.That(twice.SelectMany(a => a), Is.EqualTo(once.SelectMany(a => a.Select(value => 2 * value))).Within(1e-14));
    }

    [Test]
    public void A_weight_of_another_length_is_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => _ = new MlpDynamics<double>(2, new double[9], new double[3], new double[6], new double[2]));

        Assert.That(error.Message, Does.Contain("firstWeight: 9 numbers are not (3, 2); give 6"));
    }

    [Test]
    public void A_state_that_is_no_multiple_of_the_features_is_refused() =>
        Assert.That(
            () => new ManagedOdeSolver(new()).Solve<double>(new Mlp<double>(withTime: false).Dynamics, new double[6], 0, 1),
            Throws.ArgumentException.With.Message.Contains("stateLength: 6 is no multiple of the 5 features"));

    [Test]
    public void Half_precision_is_refused() =>
        Assert.That(
            () => new MlpDynamics<Half>(1, new Half[1], new Half[1], new Half[1], new Half[1]),
            Throws.ArgumentException.With.Message.Contains("use float or double"));

    private static (T[] State, T[][] Parameters, T Time) Pullback<T>(MlpDynamics<T> f, T[] z, T[] cotangent) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (tape, state) = (new T[f.TapeLength(z.Length)], new T[z.Length]);
        T[][] parameters = [.. f.Parameters.Select(parameter => new T[parameter.Length])];
        f.Evaluate(T.CreateChecked(Time), z, state, tape);
        var time = f.Pullback(T.CreateChecked(Time), z, tape, cotangent, state, parameters);
        return (state, parameters, time);
    }
}
