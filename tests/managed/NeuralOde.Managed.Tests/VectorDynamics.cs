namespace NeuralOde.Managed.Tests;

/// <summary>The dynamics of tests/vectors in C#: what a user writes for f of his own. Weights come from the TorchScript files.</summary>
internal static class VectorDynamics
{
    /// <summary>f = z A^T.</summary>
    public sealed class Linear(double[] matrix, int features) : IManagedDynamics<double>
    {
        public IReadOnlyList<double[]> Parameters { get; } = [matrix];

        public int TapeLength(int stateLength) => 0;

        public void Evaluate(double t, ReadOnlySpan<double> z, Span<double> u, Span<double> tape)
        {
            u.Clear();
            for (var i = 0; i < u.Length; i++)
            {
                for (var j = 0; j < features; j++) u[i] += matrix[(i % features * features) + j] * z[i - (i % features) + j];
            }
        }

        public double Pullback(
            double t, ReadOnlySpan<double> z, ReadOnlySpan<double> tape, ReadOnlySpan<double> cotangent, Span<double> stateCotangent,
            IReadOnlyList<double[]> parameterCotangents)
        {
            stateCotangent.Clear();
            for (var i = 0; i < z.Length; i++)
            {
                for (var j = 0; j < features; j++)
                {
                    var (at, column) = ((i % features * features) + j, i - (i % features) + j);
                    stateCotangent[column] += matrix[at] * cotangent[i];
                    parameterCotangents[0][at] += z[column] * cotangent[i];
                }
            }

            return 0;
        }
    }

    /// <summary>f = mlp(t, z) + bias sin t.</summary>
    public sealed class Driven(MlpDynamics<double> mlp, double[] bias) : IManagedDynamics<double>
    {
        public IReadOnlyList<double[]> Parameters { get; } = [.. mlp.Parameters, bias];

        public int TapeLength(int stateLength) => mlp.TapeLength(stateLength);

        public void Evaluate(double t, ReadOnlySpan<double> z, Span<double> u, Span<double> tape)
        {
            mlp.Evaluate(t, z, u, tape);
            for (var i = 0; i < u.Length; i++) u[i] += bias[i % bias.Length] * Math.Sin(t);
        }

        public double Pullback(
            double t, ReadOnlySpan<double> z, ReadOnlySpan<double> tape, ReadOnlySpan<double> cotangent, Span<double> stateCotangent,
            IReadOnlyList<double[]> parameterCotangents)
        {
            var a_t = mlp.Pullback(t, z, tape, cotangent, stateCotangent, parameterCotangents);
            for (var i = 0; i < cotangent.Length; i++)
            {
                parameterCotangents[^1][i % bias.Length] += Math.Sin(t) * cotangent[i];
                a_t += Math.Cos(t) * bias[i % bias.Length] * cotangent[i];
            }

            return a_t;
        }
    }
}
