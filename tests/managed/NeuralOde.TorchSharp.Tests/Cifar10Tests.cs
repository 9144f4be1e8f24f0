using System.Text;
using Cifar10;
using TorchSharp.Modules;

namespace TorchSharpTests;

/// <summary>examples/cifar10-torchsharp.</summary>
public sealed class Cifar10Tests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("neuralode-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_network_of_a_seed_is_the_librarys_own_and_a_step_has_the_same_loss_and_gradients()
    {
        using var scope = NewDisposeScope();
        using var ourScope = new TensorScope();
        var solver = new SolverOptions { StepSize = 0.5 };
        using var ours = Model.Create(new() { Name = "resnet18-ode", Seed = 7 }, solver);
        manual_seed(7);
        using var theirs = ResNet18Ode.Create(10, solver);

        var parameters = theirs.named_parameters().ToDictionary(pair => pair.name, pair => (Tensor)pair.parameter);
        Assert.Equal(ours.Parameters.Keys.Order(StringComparer.Ordinal), parameters.Keys.Order(StringComparer.Ordinal));
        Assert.All(ours.Parameters, pair => Assert.True(allclose(pair.Value.ToTorchSharp(), parameters[pair.Key], 0, 0), pair.Key));

        var (x, labels) = (randn(2, 3, 32, 32), tensor(new long[] { 3, 8 }));
        var ourLoss = ours.Forward(x.ToNeuralOde()).CrossEntropy(labels.ToNeuralOde());
        var theirLoss = nn.functional.cross_entropy(theirs.call(x), labels);
        ourLoss.Backward();
        theirLoss.backward();

        // The same operations; threads may sum convolutions' gradients in another order.
        Assert.Equal(ourLoss.ToDouble(), theirLoss.item<float>(), 1e-5);
        Assert.All(ours.Parameters, pair =>
        {
            var (expected, actual) = (pair.Value.Grad!.ToTorchSharp(), Gradients.Of(parameters[pair.Key]));
            Assert.True(actual.abs().sum().item<float>() > 0, $"{pair.Key} has no gradient");
            Assert.True((actual - expected).norm().item<float>() <= 1e-4 * expected.norm().item<float>(), pair.Key);
        });
    }

    [Fact]
    public void A_stopped_run_goes_on_as_if_it_had_not_been()
    {
        Synthetic.Write(Path.Combine(_folder, "images"), new() { TrainPerClass = 2, TestPerClass = 1 });
        var whole = Train("whole", stopAt: null);
        var first = Train("stopped", stopAt: "step     2");
        var rest = Train("stopped", stopAt: null);

        Assert.Equal(4, Steps(whole).Length);
        Assert.Equal(Steps(whole), Steps(first).Concat(Steps(rest)));
        Assert.True(Weights("whole").SequenceEqual(Weights("stopped")));
    }

    [Fact]
    public void Weights_of_the_librarys_own_model_can_be_loaded()
    {
        var file = Path.Combine(_folder, "weights.safetensors");
        using var ours = Model.Create(new() { Name = "resnet18-ode", Seed = 3 }, new() { StepSize = 1 });
        Safetensors.Save(file, ours.Parameters.Concat(ours.Buffers));
        Synthetic.Write(Path.Combine(_folder, "images"), new() { TrainPerClass = 2, TestPerClass = 1 });

        Train("loaded", stopAt: "step     1", "--weights", file, "--lr", "0");   // a step of nothing

        using var loaded = Load("loaded");
        Assert.All(loaded.named_parameters(), pair => Assert.True(allclose(ours.Parameters[pair.name].ToTorchSharp(), pair.parameter, 0, 0), pair.name));
    }

    /// <summary>What training of four steps prints, stopped after the line that begins with <paramref name="stopAt"/>.</summary>
    private string[] Train(string run, string? stopAt, params string[] more)
    {
        using var output = new Output(stopAt);
        var before = Console.Out;
        Console.SetOut(output);
        try
        {
            _ = Settings.RunWith(
                "", ["--data", Path.Combine(_folder, "images"), "--run", Path.Combine(_folder, run), "--epochs", "1", "--batch-size", "4", "--step-size", "1",
                    "--max-steps", "4", "--threads", "1", "--report-every", "1", .. more.Length > 0 ? more : ["--lr", "0.01"]],
                (settings, _) => Program.Train(settings, output.Stop));
        }
        finally
        {
            Console.SetOut(before);
        }

        return output.ToString()!.Split('\n');
    }

    /// <summary>Their numbers, losses and rates, without the speed.</summary>
    private static string[] Steps(string[] lines) =>
        [.. lines.Where(line => line.StartsWith("step", StringComparison.Ordinal)).Select(line => line[..line.IndexOf("lr", StringComparison.Ordinal)])];

    private byte[] Weights(string run)
    {
        using var model = Load(run);
        using var weights = new MemoryStream();
        model.save(weights);
        return weights.ToArray();
    }

    /// <summary>The network of a run's checkpoint.</summary>
    private Sequential Load(string run)
    {
        var model = ResNet18Ode.Create(10, new() { StepSize = 1 });
        using var stream = new BinaryReader(File.OpenRead(Path.Combine(_folder, run, "checkpoint.pt")));
        stream.ReadString();   // the position
        model.load(stream);
        return model;
    }

    private sealed class Output(string? stopAt) : StringWriter
    {
        private readonly CancellationTokenSource _stop = new();

        public CancellationToken Stop => _stop.Token;

        public override Encoding Encoding => Encoding.UTF8;

        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (stopAt is not null && value!.StartsWith(stopAt, StringComparison.Ordinal)) _stop.Cancel();
        }

        protected override void Dispose(bool disposing)
        {
            _stop.Dispose();
            base.Dispose(disposing);
        }
    }
}
