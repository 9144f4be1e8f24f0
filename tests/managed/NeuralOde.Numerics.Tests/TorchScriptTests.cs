using System.Text.Json;

namespace NeuralOde.Numerics.Tests;

/// <summary>TorchScript dynamics against gradients that PyTorch computed (tests/vectors).</summary>
[TestFixture]
public sealed class TorchScriptTests : ScopedTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "vectors");

    public static IEnumerable<string> Cases => Document().Select(vector => vector.GetProperty("name").GetString()!);

    [Test]
    [Combinatorial]
    public void States_and_gradients_are_pytorchs(
        [ValueSource(nameof(Cases))] string name, [Values(GradientMethod.Mali, GradientMethod.Backprop)] GradientMethod gradient)
    {
        var vector = Document().Single(candidate => candidate.GetProperty("name").GetString() == name);
        var expected = Read($"{name}.expected");
        var z0 = Read($"{name}.z0").ToDictionary(pair => pair.Key, pair => pair.Value.WithGrad());
        var (t0, t1) = (Tensor.Scalar(Number("t0")).WithGrad(), Tensor.Scalar(Number("t1")).WithGrad());
        var tEval = vector.TryGetProperty("t_eval", out var list)
            ? Tensor.FromArray<double>(list.EnumerateArray().Select(time => time.GetDouble()).ToArray()).WithGrad() : null;
        using var f = Dynamics.LoadTorchScript(Path.Combine(Folder, vector.GetProperty("dynamics").GetString() + ".pt"));
        var solver = new OdeSolver(new() { StepSize = Number("step_size"), Eta = Number("eta"), Gradient = gradient });
        using var solution = solver.Solve(f, [.. z0.Values], t0, t1, tEval);
        var cotangents = vector.GetProperty("cotangent").GetBoolean()
            ? Read($"{name}.cotangent").Values.ToArray() : [.. solution.States.Select(state => state.OnesLike())];
        solution.States.Zip(cotangents, (state, cotangent) => (state * cotangent).Sum()).Aggregate((a, b) => a + b).Backward();

        Assert.Multiple(() =>
        {
            Assert.That(solution.Statistics.StepsAccepted, Is.EqualTo(vector.GetProperty("steps").GetInt64()));
            foreach (var (key, state) in z0.Keys.Zip(solution.States)) AssertClose(state, expected[key], key);
            foreach (var (key, state) in z0) AssertClose(state.Grad, expected[$"grad.{key}"], $"grad.{key}");
            foreach (var (key, parameter) in f.Parameters.Where(pair => pair.Value.RequiresGrad))
            {
                AssertClose(parameter.Grad, expected[$"grad.{key}"], $"grad.{key}");
            }

            AssertClose(t0.Grad, expected["grad.t0"], "grad.t0");
            AssertTimes(t1, tEval, expected);
        });

        double Number(string key) => vector.GetProperty(key).GetDouble();
    }

    [Test]
    public void Frozen_parameters_get_no_gradient_and_unused_ones_no_error()
    {
        using var f = Dynamics.LoadTorchScript(Path.Combine(Folder, "time_mlp.pt"));
        using var solution = new OdeSolver(new() { StepSize = 0.25 }).Solve(f, Tensor.Ones([3, 4], DType.Float64), 0, 1);
        solution.State.Sum().Backward();

        Assert.Multiple(() =>
        {
            Assert.That(f.Parameters.Keys, Is.EquivalentTo(new[] { "bias", "gain", "unused", "first.weight", "first.bias", "second.weight" }));
            Assert.That(f.Parameters["gain"].RequiresGrad, Is.False);
            Assert.That(f.Parameters["gain"].Grad, Is.Null);
            Assert.That(f.Parameters["first.weight"].Grad, Is.Not.Null);
        });
    }

    [Test]
    public void A_module_can_be_cast_to_single_precision()
    {
        using var f = Dynamics.LoadTorchScript(Path.Combine(Folder, "linear.pt"));
        f.To(DType.Float32);

        Assert.That(f.Evaluate(0, Tensor.Ones([2, 3])).DType, Is.EqualTo(DType.Float32));
    }

    [Test]
    public void A_state_of_another_type_than_the_parameters_fails_with_both_named()
    {
        using var f = Dynamics.LoadTorchScript(Path.Combine(Folder, "linear.pt"));

        Assert.Throws<NeuralOdeException>(() => f.Evaluate(0, Tensor.Ones([2, 3])));
    }

    [Test]
    public void A_missing_file_is_an_io_error_that_names_it()
    {
        var error = Assert.Throws<NeuralOdeException>(() => Dynamics.LoadTorchScript("/nowhere/f.pt"));

        Assert.Multiple(() =>
        {
            Assert.That(error.Status, Is.EqualTo(Status.IoError));
            Assert.That(error.Message, Does.Contain("/nowhere/f.pt"));
        });
    }

    [Test]
    public void A_file_that_is_no_torchscript_is_an_io_error_that_names_it()
    {
        var path = Path.Combine(Folder, "cases.json");

        var error = Assert.Throws<NeuralOdeException>(() => Dynamics.LoadTorchScript(path));

        Assert.Multiple(() =>
        {
            Assert.That(error.Status, Is.EqualTo(Status.IoError));
            Assert.That(error.Message, Does.Contain(path));
        });
    }

    [Test]
    public void A_state_of_another_number_of_tensors_is_rejected()
    {
        using var f = Dynamics.LoadTorchScript(Path.Combine(Folder, "pair.pt"));

        Assert.Throws<NeuralOdeException>(() => f.Evaluate(0, Tensor.Ones([2, 3], DType.Float64)));
    }

    // Where the last time asked for is t1, its derivative belongs to both together.
    private static void AssertTimes(Tensor t1, Tensor? tEval, TensorDictionary expected)
    {
        if (tEval is null)
        {
            AssertClose(t1.Grad, expected["grad.t1"], "grad.t1");
            return;
        }

        var (times, expectedTimes) = (tEval.Grad!.ToArray<double>(), expected["grad.t_eval"].ToArray<double>());
        if (tEval[^1].ToDouble() == t1.ToDouble()) times[^1] += t1.Grad?.ToDouble() ?? 0;
        else AssertClose(t1.Grad, expected["grad.t1"], "grad.t1");
        Assert.That(times, Is.EqualTo(expectedTimes).Within(1e-9), "grad.t_eval");
    }

    private static void AssertClose(Tensor? actual, Tensor expected, string name)
    {
        var values = expected.ToArray<double>();
        Assert.That(actual?.ToArray<double>() ?? new double[values.Length], Is.EqualTo(values).Within(1e-9), name);
    }

    private static TensorDictionary Read(string name) => Safetensors.Load(Path.Combine(Folder, name + ".safetensors"));

    private static JsonElement[] Document() =>
        [.. JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "cases.json"))).RootElement.EnumerateArray()];
}
