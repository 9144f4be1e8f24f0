using NeuralOde;

// Prints what run.sh expects when the numbers are right; 1 and the text of the exception when the library does not load.
try
{
    using var scope = new TensorScope();

    // dz/dt = A z with A = ((0, 1), (-1, 0)) turns the plane: z(1) = (cos 1, -sin 1); d(z1 + z2)/dz0 = exp(A)^T (1, 1).
    var a = Tensor.FromArray([0.0, 1, -1, 0], 2, 2);
    a.RequiresGrad = true;
    var z0 = Tensor.FromArray([1.0, 0], 2);
    z0.RequiresGrad = true;
    using var dynamics = Dynamics.FromFunction((t, z) => a.MatMul(z), [a]);
    using var solution = new OdeSolver(new SolverOptions { StepSize = 0.001 }).Solve(dynamics, z0, 0, 1);
    Expect("z(1)", solution.State.ToArray<double>(), [Math.Cos(1), -Math.Sin(1)]);
    solution.State.Sum().Backward();
    Expect("dL/dz0", z0.Grad!.ToArray<double>(), [Math.Cos(1) - Math.Sin(1), Math.Cos(1) + Math.Sin(1)]);

    // Gradient descent finds the rate of z' = -r z from z(1) = exp(-0.7).
    var rate = 0.1;
    for (var i = 0; i < 60; ++i)
    {
        using var step = new TensorScope();
        var r = Tensor.Scalar(rate).WithGrad();
        using var decay = Dynamics.FromFunction((t, z) => -(r * z), [r]);
        using var decayed = new OdeSolver(new SolverOptions { StepSize = 0.05 }).Solve(decay, Tensor.FromArray([1.0], 1), 0, 1);
        var error = decayed.State - Tensor.Scalar(Math.Exp(-0.7));
        (error * error).Sum().Backward();
        rate -= 1.5 * r.Grad!.ToDouble();
    }

    Expect("rate", [rate], [0.7], 1e-3); // order 2 at h = 0.05
    Console.WriteLine(File.ReadLines("/proc/self/maps").First(line => line.Contains("libtorch_cpu.so", StringComparison.Ordinal)).Split(' ')[^1]);
    Console.WriteLine("numbers are right");
    return 0;
}
catch (Exception exception) when (exception is DllNotFoundException or NotSupportedException)
{
    Console.WriteLine(exception.Message);
    return 1;
}

static void Expect(string what, double[] actual, double[] expected, double tolerance = 1e-6)
{
    if (actual.Zip(expected, (x, y) => Math.Abs(x - y)).Max() > tolerance)
    {
        throw new InvalidOperationException($"{what}: {string.Join(' ', actual)} instead of {string.Join(' ', expected)}");
    }
}
