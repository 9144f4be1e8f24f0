using System.Text.Json.Nodes;

namespace NeuralOde.Managed.Tests;

/// <summary>The test vectors that the native library is held against, from PyTorch's backprop through the same steps.</summary>
[TestFixture]
public sealed class VectorTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "vectors");

    public static IEnumerable<string> Names => Cases.Where(one => $"{one["dynamics"]}" != "pair").Select(one => $"{one["name"]}");   // one state

    private static IEnumerable<JsonObject> Cases =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "cases.json")))!.AsArray().Select(one => one!.AsObject());

    [TestCaseSource(nameof(Names))]
    public void Outputs_and_gradients_are_those_of_pytorch(string name)
    {
        using var scope = new TensorScope();
        var one = Cases.Single(one => $"{one["name"]}" == name);
        var expected = Load(name, "expected");
        using var script = Dynamics.LoadTorchScript(Path.Combine(Folder, $"{one["dynamics"]}.pt"));
        var (dynamics, namesOf) = $"{one["dynamics"]}" == "linear" ? Linear(script) : TimeMlp(script);
        var times = (one["t_eval"] as JsonArray)?.Select(time => time!.GetValue<double>()).ToArray();
        var options = new SolverOptions { StepSize = one["step_size"]!.GetValue<double>(), Eta = one["eta"]!.GetValue<double>() };

        var solution = new ManagedOdeSolver(options).Solve<double>(
            dynamics, Load(name, "z0")["z"], one["t0"]!.GetValue<double>(), one["t1"]!.GetValue<double>(), times);
        var gradients = solution.Backward(
            one["cotangent"]!.GetValue<bool>() ? Load(name, "cotangent")["z"] : [.. Enumerable.Repeat(1.0, solution.States.Length)]);

        var states = solution.States.ToArray();
        Assert.Multiple(() =>
        {
            Assert.That(solution.Statistics.StepsAccepted, Is.EqualTo(one["steps"]!.GetValue<long>()));
            AssertIs(expected["z"], states, "z");
            AssertIs(expected["grad.z"], gradients.State.ToArray(), "grad.z");
            AssertIs(expected["grad.t0"], [gradients.T0], "grad.t0");
            AssertIs(expected["grad.t1"], [gradients.T1], "grad.t1");
            if (times is not null) AssertIs(expected["grad.t_eval"], WithEnd(gradients, times, one["t1"]!.GetValue<double>()), "grad.t_eval");
            foreach (var (parameter, gradient) in namesOf(gradients)) AssertIs(expected[$"grad.{parameter}"], gradient, parameter);
        });
    }

    private static (IManagedDynamics<double>, Func<ManagedGradients<double>, Dictionary<string, double[]>>) Linear(Dynamics script) =>
        (new VectorDynamics.Linear(script.Parameters["a"].ToArray<double>(), 3), gradients => new() { ["a"] = gradients.Parameters[0] });

    /// <summary>gain (W2 tanh(W1 (z, t) + b1)) + bias sin t, with the gain in W2.</summary>
    private static (IManagedDynamics<double>, Func<ManagedGradients<double>, Dictionary<string, double[]>>) TimeMlp(Dynamics script)
    {
        var gain = script.Parameters["gain"].ToArray<double>();
        var mlp = new MlpDynamics<double>(
            4, script.Parameters["first.weight"].ToArray<double>(), script.Parameters["first.bias"].ToArray<double>(),
            Scaled(script.Parameters["second.weight"].ToArray<double>()), new double[4], withTime: true);
        return (new VectorDynamics.Driven(mlp, script.Parameters["bias"].ToArray<double>()), gradients => new()
        {
            ["first.weight"] = gradients.Parameters[0], ["first.bias"] = gradients.Parameters[1],
            ["second.weight"] = Scaled(gradients.Parameters[2]), ["bias"] = gradients.Parameters[4],
        });

        double[] Scaled(double[] weight) => [.. weight.Select((value, i) => value * gain[i / 8])];
    }

    /// <summary>The vectors repeat dL/dt1 for a time asked for that is t1.</summary>
    private static double[] WithEnd(ManagedGradients<double> gradients, double[] times, double end) =>
        [.. times.Select((time, i) => time == end ? gradients.T1 : gradients.EvaluationTimes[i])];

    private static void AssertIs(double[] expected, double[] actual, string name) =>
        Assert.That(actual, Is.EqualTo(expected).Within(1e-10 * Math.Max(1, expected.Max(Math.Abs))), name);

    private static Dictionary<string, double[]> Load(string name, string kind)
    {
        using var file = Safetensors.Load(Path.Combine(Folder, $"{name}.{kind}.safetensors"));
        return file.ToDictionary(entry => entry.Key, entry => entry.Value.ToArray<double>());
    }
}
