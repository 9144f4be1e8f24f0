using NeuralOde;
using NeuralOde.Managed;

// z' = W2 tanh(W1 z + b1) + b2; the gradients of z(1) against central differences of it.
double[] w1 = [0.5], b1 = [0.1], w2 = [2.0], b2 = [0.05];
var dynamics = new MlpDynamics<double>(1, w1, b1, w2, b2);
var solver = new ManagedOdeSolver(new SolverOptions { StepSize = 0.01 });

var gradients = solver.Solve<double>(dynamics, [0.3], 0, 1).Backward([1.0]);
Expect("dz(1)/dz0", gradients.State.Span[0], Difference(x => End(0.3 + x)));
for (var i = 0; i < 4; ++i)
{
    var parameter = dynamics.Parameters[i];
    Expect($"dz(1)/dp{i}", gradients.Parameters[i][0], Difference(x =>
    {
        parameter[0] += x;
        var end = End(0.3);
        parameter[0] -= x;
        return end;
    }));
}

// Without W2, z' = b2.
w2[0] = 0;
Expect("z(1)", End(0.3), 0.35);
Console.WriteLine("numbers are right");

double End(double z0) => solver.Solve<double>(dynamics, [z0], 0, 1).States[0];

static double Difference(Func<double, double> f) => (f(1e-5) - f(-1e-5)) / 2e-5;

static void Expect(string what, double actual, double expected)
{
    if (Math.Abs(actual - expected) > 1e-7)
    {
        throw new InvalidOperationException($"{what}: {actual} instead of {expected}");
    }
}
