namespace NeuralOde.Numerics.Tests;

/// <summary>A stiff problem of the literature in Float64, with its solution at some times.</summary>
/// <param name="F">(t, z) to u; z has the shape (components,).</param>
/// <param name="Start">z at t = 0.</param>
/// <param name="Solution">Time and z there.</param>
public sealed record StiffProblem(string Name, Func<Tensor, Tensor, Tensor> F, double[] Start, IReadOnlyList<(double Time, double[] State)> Solution)
{
    /// <summary>Robertson's reactions, 1966. The state at 40 is that of Hairer and Wanner, Solving Ordinary Differential Equations II; both states were
    /// computed for these tests besides, by Radau IIA of order 9 in 30 digits on a geometric grid, refined until 12 digits stood.</summary>
    public static readonly StiffProblem Robertson = new(
        "Robertson",
        (_, z) =>
        {
            var (x, y, w) = (z.Select(0, 0), z.Select(0, 1), z.Select(0, 2));
            var (slow, back, fast) = (0.04 * x, 1e4 * y * w, 3e7 * y.Square());
            return Tensor.Stack([back - slow, slow - back - fast, fast], 0);
        },
        [1, 0, 0],
        [(40, [0.715827068719405, 9.1855347645578e-6, 0.284163745745830]), (4e5, [0.00493827452098, 1.984994087954e-8, 0.995061705629079])]);

    /// <summary>Van der Pol's oscillator with mu = 1000 over two thousand time units. The state is the reference solution of the Test Set for IVP Solvers
    /// (Mazzia and Magherini 2008, problem VDPOL), whose time and velocity are scaled by mu.</summary>
    public static readonly StiffProblem VanDerPol = new(
        "Van der Pol",
        (_, z) =>
        {
            var (x, y) = (z.Select(0, 0), z.Select(0, 1));
            return Tensor.Stack([y, (1000 * (1 - x.Square()) * y) - x], 0);
        },
        [2, 0],
        [(2000, [1.706167732170483, -0.8928097010247975e-3])]);

    /// <summary>High irradiance response of photomorphogenesis, Schäfer 1975. The state is the reference solution of the Test Set for IVP Solvers (Mazzia and
    /// Magherini 2008, problem HIRES).</summary>
    public static readonly StiffProblem Hires = new(
        "HIRES",
        (_, z) =>
        {
            var y = Enumerable.Range(0, 8).Select(i => z.Select(0, i)).ToArray();
            var binding = 280 * y[5] * y[7];
            return Tensor.Stack(
                [
                    (-1.71 * y[0]) + (0.43 * y[1]) + (8.32 * y[2]) + 0.0007,
                    (1.71 * y[0]) - (8.75 * y[1]),
                    (-10.03 * y[2]) + (0.43 * y[3]) + (0.035 * y[4]),
                    (8.32 * y[1]) + (1.71 * y[2]) - (1.12 * y[3]),
                    (-1.745 * y[4]) + (0.43 * y[5]) + (0.43 * y[6]),
                    -binding + (0.69 * y[3]) + (1.71 * y[4]) - (0.43 * y[5]) + (0.69 * y[6]),
                    binding - (1.81 * y[6]),
                    (1.81 * y[6]) - binding,
                ],
                0);
        },
        [1, 0, 0, 0, 0, 0, 0, 0.0057],
        [(321.8122,
            [
                0.7371312573325668e-3, 0.1442485726316185e-3, 0.5888729740967575e-4, 0.1175651343283149e-2,
                0.2386356198831331e-2, 0.6238968252742796e-2, 0.2849998395185769e-2, 0.2850001604814231e-2,
            ])]);

    /// <summary>z' = A (z - g(t)) + g'(t) with g = (cos t, sin t) and A of eigenvalues -1 and -1e5, whose solution from g(0) is g.</summary>
    public static readonly StiffProblem Linear = new(
        "linear",
        (t, z) =>
        {
            var matrix = Tensor.FromArray([-50000.5, 49999.5, 49999.5, -50000.5], 2, 2);
            return matrix.MatMul(z - Tensor.Stack([t.Cos(), t.Sin()], 0)) + Tensor.Stack([-t.Sin(), t.Cos()], 0);
        },
        [1, 0],
        [(1, [Math.Cos(1), Math.Sin(1)]), (3, [Math.Cos(3), Math.Sin(3)])]);

    public static readonly StiffProblem[] All = [Robertson, VanDerPol, Hires, Linear];

    public override string ToString() => Name;
}
