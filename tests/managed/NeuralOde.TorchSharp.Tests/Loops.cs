namespace TorchSharpTests;

/// <summary>Solvers written in TorchSharp alone, which its autograd differentiates.</summary>
internal static class Loops
{
    /// <summary>ALF (Zhuang et al. 2021, algorithm 2), undamped.</summary>
    public static Tensor Alf(Func<double, Tensor, Tensor> f, Tensor z, double t0, double t1, int steps)
    {
        var h = (t1 - t0) / steps;
        var v = f(t0, z);
        for (var i = 0; i < steps; i++)
        {
            var k = z + (v * (h / 2));
            v = (f(t0 + ((i + 0.5) * h), k) * 2) - v;
            z = k + (v * (h / 2));
        }

        return z;
    }

    /// <summary>The classical Runge-Kutta method on a tuple.</summary>
    public static Tensor[] RungeKutta(Func<double, Tensor[], Tensor[]> f, Tensor[] z, double t0, double t1, int steps)
    {
        var h = (t1 - t0) / steps;
        for (var i = 0; i < steps; i++)
        {
            var t = t0 + (i * h);
            var k1 = f(t, z);
            var k2 = f(t + (h / 2), Add(z, k1, h / 2));
            var k3 = f(t + (h / 2), Add(z, k2, h / 2));
            var k4 = f(t + h, Add(z, k3, h));
            z = [.. z.Select((state, j) => state + ((k1[j] + (k2[j] * 2) + (k3[j] * 2) + k4[j]) * (h / 6)))];
        }

        return z;
    }

    private static Tensor[] Add(Tensor[] z, Tensor[] k, double h) => [.. z.Select((state, j) => state + (k[j] * h))];
}
