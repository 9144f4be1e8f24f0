using System.Buffers;
using System.Numerics;
using System.Numerics.Tensors;

namespace NeuralOde.Managed;

/// <summary>A perceptron of one hidden layer: f(t, z) = W2 tanh(W1 x + b1) + b2 for each row z of a batch, x = z or, with time, x = (z, t).
/// States are (batch, features), row-major, of any batch. Arrays are used as they are, not copied.</summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class MlpDynamics<T> : IManagedDynamics<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly int _features;
    private readonly int _hidden;
    private readonly int _inputs;   // features, and t where it is an input

    /// <summary>Dynamics with these weights, laid out as libtorch's Linear has them: (outputs, inputs), row-major.</summary>
    /// <param name="features">The length of a row of the state, 1 or more.</param>
    /// <param name="firstWeight">W1: (hidden, features), or (hidden, features + 1) with time, whose column is the last.</param>
    /// <param name="firstBias">b1: (hidden,); 1 or more.</param>
    /// <param name="secondWeight">W2: (features, hidden).</param>
    /// <param name="secondBias">b2: (features,).</param>
    /// <param name="withTime">Whether t is an input beside z.</param>
    /// <exception cref="ArgumentException">A length does not fit; the message tells which and what it must be.</exception>
    public MlpDynamics(int features, T[] firstWeight, T[] firstBias, T[] secondWeight, T[] secondBias, bool withTime = false)
    {
        ArgumentNullException.ThrowIfNull(firstWeight);
        ArgumentNullException.ThrowIfNull(firstBias);
        ArgumentNullException.ThrowIfNull(secondWeight);
        ArgumentNullException.ThrowIfNull(secondBias);
        ElementType.Require<T>();
        ArgumentOutOfRangeException.ThrowIfLessThan(features, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(firstBias.Length, 1, nameof(firstBias));
        (_features, _hidden, _inputs) = (features, firstBias.Length, features + (withTime ? 1 : 0));
        RequireLength(firstWeight, _hidden * _inputs, nameof(firstWeight), $"({_hidden}, {_inputs})");
        RequireLength(secondWeight, features * _hidden, nameof(secondWeight), $"({features}, {_hidden})");
        RequireLength(secondBias, features, nameof(secondBias), $"({features},)");
        Parameters = [firstWeight, firstBias, secondWeight, secondBias];
    }

    /// <summary>W1, b1, W2, b2.</summary>
    public IReadOnlyList<T[]> Parameters { get; }

    private bool WithTime => _inputs > _features;

    /// <summary>The hidden layer of each row.</summary>
    /// <exception cref="ArgumentException">The length is no multiple of the features.</exception>
    public int TapeLength(int stateLength) => stateLength % _features == 0
        ? stateLength / _features * _hidden
        : throw new ArgumentException(
            $"stateLength: {stateLength} is no multiple of the {_features} features of a row; give (batch, {_features}).", nameof(stateLength));

    /// <inheritdoc/>
    public void Evaluate(T t, ReadOnlySpan<T> z, Span<T> u, Span<T> tape)
    {
        var (firstWeight, firstBias, secondWeight, secondBias) = (Parameters[0], Parameters[1], Parameters[2], Parameters[3]);
        for (var row = 0; row < z.Length / _features; row++)
        {
            var input = z.Slice(row * _features, _features);
            var hidden = tape.Slice(row * _hidden, _hidden);
            for (var j = 0; j < _hidden; j++)
            {
                var sum = TensorPrimitives.Dot(input, firstWeight.AsSpan(j * _inputs, _features)) + firstBias[j];
                hidden[j] = WithTime ? sum + (firstWeight[(j * _inputs) + _features] * t) : sum;
            }

            TensorPrimitives.Tanh(hidden, hidden);
            for (var i = 0; i < _features; i++)
            {
                u[(row * _features) + i] = TensorPrimitives.Dot(hidden, secondWeight.AsSpan(i * _hidden, _hidden)) + secondBias[i];
            }
        }
    }

    /// <inheritdoc/>
    public T Pullback(
        T t, ReadOnlySpan<T> z, ReadOnlySpan<T> tape, ReadOnlySpan<T> cotangent, Span<T> stateCotangent, IReadOnlyList<T[]> parameterCotangents)
    {
        ArgumentNullException.ThrowIfNull(parameterCotangents);
        var scratch = ArrayPool<T>.Shared.Rent(2 * _hidden);
        var sum = scratch.AsSpan(0, _hidden);
        var inner = scratch.AsSpan(_hidden, _hidden);
        sum.Clear();   // of the cotangents before tanh, over the rows: a_b1
        for (var row = 0; row < z.Length / _features; row++)
        {
            var hidden = tape.Slice(row * _hidden, _hidden);
            PullSecondLayer(hidden, cotangent.Slice(row * _features, _features), inner, parameterCotangents);
            PullFirstLayer(z.Slice(row * _features, _features), inner, stateCotangent.Slice(row * _features, _features), parameterCotangents[0]);
            TensorPrimitives.Add(sum, inner, sum);
        }

        TensorPrimitives.Add(parameterCotangents[1], sum, parameterCotangents[1]);
        var a_t = WithTime ? PullTime(t, sum, parameterCotangents[0]) : T.Zero;
        ArrayPool<T>.Shared.Return(scratch);
        return a_t;
    }

    /// <summary>inner = (1 - tanh^2) (W2^T a_u), the cotangent before tanh; a_W2 += a_u tanh^T; a_b2 += a_u. One row.</summary>
    private void PullSecondLayer(ReadOnlySpan<T> hidden, ReadOnlySpan<T> cotangent, Span<T> inner, IReadOnlyList<T[]> parameterCotangents)
    {
        inner.Clear();
        for (var i = 0; i < _features; i++)
        {
            TensorPrimitives.MultiplyAdd(Parameters[2].AsSpan(i * _hidden, _hidden), cotangent[i], inner, inner);
            var weight = parameterCotangents[2].AsSpan(i * _hidden, _hidden);
            TensorPrimitives.MultiplyAdd(hidden, cotangent[i], weight, weight);
        }

        TensorPrimitives.Add(parameterCotangents[3], cotangent, parameterCotangents[3]);
        for (var j = 0; j < _hidden; j++) inner[j] *= T.One - (hidden[j] * hidden[j]);
    }

    /// <summary>a_z = W1^T inner; a_W1 += inner z^T. One row.</summary>
    private void PullFirstLayer(ReadOnlySpan<T> z, ReadOnlySpan<T> inner, Span<T> stateCotangent, T[] weightCotangent)
    {
        stateCotangent.Clear();
        for (var j = 0; j < _hidden; j++)
        {
            TensorPrimitives.MultiplyAdd(Parameters[0].AsSpan(j * _inputs, _features), inner[j], stateCotangent, stateCotangent);
            var weight = weightCotangent.AsSpan(j * _inputs, _features);
            TensorPrimitives.MultiplyAdd(z, inner[j], weight, weight);
        }
    }

    /// <summary>The last column of W1, which t is multiplied by. Returns a_t.</summary>
    private T PullTime(T t, ReadOnlySpan<T> sum, T[] weightCotangent)
    {
        var a_t = T.Zero;
        for (var j = 0; j < _hidden; j++)
        {
            var at = (j * _inputs) + _features;
            weightCotangent[at] += sum[j] * t;
            a_t += sum[j] * Parameters[0][at];
        }

        return a_t;
    }

    private static void RequireLength(T[] array, int length, string name, string shape)
    {
        if (array.Length != length) throw new ArgumentException($"{name}: {array.Length} numbers are not {shape}; give {length}.", name);
    }
}
