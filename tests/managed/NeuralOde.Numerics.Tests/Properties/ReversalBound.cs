namespace NeuralOde.Numerics.Tests.Properties;

/// <summary>What rounding can do to a case, by recurrences over its steps. Everything is a bound of a 2-norm over all elements; velocities and
/// f are counted in w = |h|/2 v, so that a step is k = z + w, w' = (1 - 2 eta) w + 2 eta |h|/2 f(k), z' = k + w'.</summary>
/// <remarks>With L the Lipschitz constant of f, l = |h|/2 L and m = 1 / |1 - 2 eta|:
/// errors e of a state grow by e_k = e_z + e_w, e_w' = e_w / m + 2 eta l e_k, e_z' = e_k + e_w' forward, and, because
/// k = z' - w', w = (w' - 2 eta |h|/2 f(k)) / (1 - 2 eta), z = k - w, by e_k = e_z' + e_w', e_w = m (e_w' + 2 eta l e_k), e_z = e_k + e_w in
/// reverse. Each step adds at most r = c eps (sum of the norms in it), with c for the few element-wise operations and the matrix products.</remarks>
internal sealed class ReversalBound
{
    private readonly SolveCase _case;
    private readonly double _halfStep;
    private readonly double _growth;     // m
    private readonly double _constant;   // f at z = 0
    private readonly double _curvature;  // Lipschitz constant of df/dz: |tanh''| <= 0.77
    private readonly double _rounding;   // c eps
    private readonly double[] _midpoint; // |k| in each step
    private readonly double[] _added;    // r of each step
    private readonly double[] _apart;    // by how much two forward sweeps that round differently may be apart at k

    public ReversalBound(SolveCase one)
    {
        _case = one;
        _halfStep = one.StepSize / 2;
        _growth = 1 / Math.Abs(1 - (2 * one.Eta));
        _constant = one.Kind == DynamicsKind.Driven ? 1 : 0;
        _curvature = one.Kind == DynamicsKind.Tanh ? 0.77 * one.Lipschitz * one.Lipschitz : 0;
        _rounding = one.Epsilon * ((2 * one.Width) + one.Rows + 12);
        (_midpoint, _added, _apart) = (new double[one.Steps], new double[one.Steps], new double[one.Steps]);
        Forward();
    }

    /// <summary>Of <see cref="SolverStatistics.ReconstructionError"/> without snapshots. An error of v is reported relative to max |z0| / |t1 - t0|
    /// or more: with |t1 - t0| = N |h|, e_v |t1 - t0| = 2 N e_w.</summary>
    /// <param name="largestStart">max |z0|.</param>
    public double Drift(double largestStart)
    {
        var (z, w) = (0.0, 0.0);
        for (var step = _case.Steps - 1; step >= 0; step--) (z, w, _) = Undo(step, z, w);
        return Math.Max(z, 2 * _case.Steps * w) / largestStart;
    }

    /// <summary>Of the 2-norm of the difference between backprop's gradients and MALI's for a cotangent of norm 1. A snapshot starts the errors of
    /// the states anew; the automatic ones, which may be none, are left out.</summary>
    /// <remarks>With cotangents a (a_w that of w), s = a_w' + a_z', a_k = a_z' + |h| eta (df/dk)^T s: a_z = a_k, a_w = (1 - 2 eta) s + a_k. Their errors d
    /// come from their own rounding and from e_k, through the curvature of f. The parameters' gradient takes (df/dtheta)^T of a_u = |h| eta s.</remarks>
    public double Gradient()
    {
        var (z, w) = (0.0, 0.0);
        var (cotangentZ, cotangentW, errorZ, errorW, parameters) = (1.0, 0.0, 0.0, 0.0, 0.0);
        for (var step = _case.Steps - 1; step >= 0; step--)
        {
            (z, w, var k) = Undo(step, z, w);
            k += 2 * _apart[step];
            var share = _case.StepSize * _case.Eta;
            var (s, errorS) = (cotangentZ + cotangentW, errorZ + errorW + (_rounding * (cotangentZ + cotangentW)));
            var cotangentK = cotangentZ + (share * _case.Lipschitz * s);
            var errorK = errorZ + (share * ((_case.Lipschitz * errorS) + (_curvature * k * s))) + (_rounding * cotangentK);
            parameters += ParameterError(step, k, share * s, share * errorS);
            (cotangentZ, cotangentW) = (cotangentK, (s / _growth) + cotangentK);
            (errorZ, errorW) = (errorK, (errorS / _growth) + errorK + (_rounding * cotangentW));
            if (_case.Interval.Steps is { } interval && step % interval == 0) (z, w) = (0, 0);
        }

        // v0 = f(t0, z0), at the known z0
        var errorStart = errorZ + (_halfStep * _case.Lipschitz * errorW) + (_rounding * (cotangentZ + (_halfStep * _case.Lipschitz * cotangentW)));
        parameters += ParameterError(0, 0, _halfStep * cotangentW, _halfStep * errorW);
        return 2 * (errorStart + parameters);   // backprop rounds too
    }

    private void Forward()
    {
        var z = 1.0;
        var w = _halfStep * ((_case.Lipschitz * z) + _constant);
        var (apartZ, apartW) = (0.0, _rounding * w);
        for (var step = 0; step < _case.Steps; step++)
        {
            var k = z + w;
            var u = _halfStep * ((_case.Lipschitz * k) + _constant);
            var next = (w / _growth) + (2 * _case.Eta * u);
            _midpoint[step] = k;
            _added[step] = _rounding * (z + w + u + next + k + next);
            _apart[step] = apartZ + apartW;
            apartW = (apartW / _growth) + (2 * _case.Eta * _halfStep * _case.Lipschitz * _apart[step]) + _added[step];
            apartZ = _apart[step] + apartW + _added[step];
            (z, w) = (k + next, next);
        }
    }

    /// <summary>Errors of z, w and k before the step from those after it.</summary>
    private (double Z, double W, double K) Undo(int step, double z, double w)
    {
        var added = _added[step];
        (z, w) = (z + added, w + added);   // what the forward step rounded
        var k = z + w + added;
        var before = _growth * (w + (2 * _case.Eta * _halfStep * _case.Lipschitz * k) + added);
        return (k + before + added, before, k);
    }

    /// <summary>|(df/dtheta)^T a_u| is |k| |a_u| for f = k A, and (|A| + |B|) |k| |a_u| for tanh(k A) B with |B| = 1.</summary>
    private double ParameterError(int step, double k, double a, double error)
    {
        var (slope, bend) = _case.Kind == DynamicsKind.Tanh
            ? (1 + _case.Lipschitz, 1 + _case.Lipschitz + (0.77 * _case.Lipschitz * _midpoint[step])) : (1, 1);
        var sums = _rounding + (_case.Epsilon * _case.Steps);
        return (slope * _midpoint[step] * (error + (sums * a))) + (bend * k * a);
    }
}
