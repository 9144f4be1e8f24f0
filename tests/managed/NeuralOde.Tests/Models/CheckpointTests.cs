namespace NeuralOde.Tests.Models;

public sealed class CheckpointTests : IDisposable
{
    private static readonly ModelOptions Small = new() { Name = "odenet-small", Classes = 3, ImageSize = 16, Seed = 1 };
    private static readonly SolverOptions Fixed = new() { StepSize = 0.5 };
    private readonly TensorScope _scope = new();
    private readonly TestFolder _folder = new();

    private string FilePath => _folder.File("run.ckpt");

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(OptimizerKind.Sgd)]
    [InlineData(OptimizerKind.AdamW)]
    public void Training_goes_on_bit_for_bit_after_a_restore(OptimizerKind kind)
    {
        using var first = new Run(Small, kind);
        first.Train(3);
        first.Save(FilePath);
        first.Train(3);

        using var second = new Run(Small with { Seed = 99 }, kind);
        second.Train(1);   // state that the restore must replace
        second.Restore(FilePath);
        second.Train(3);

        Assert.Equal(first.Bits(), second.Bits());
    }

    [Fact]
    public void The_generator_is_restored_with_the_optimiser()
    {
        using var run = new Run(Small, OptimizerKind.Sgd);
        Library.ManualSeed(5);
        run.Save(FilePath);
        var next = Tensor.Randn([4]).ToArray<float>();

        run.Restore(FilePath);

        Assert.Equal(next, Tensor.Randn([4]).ToArray<float>());
    }

    [Fact]
    public void A_model_alone_can_be_restored_and_the_generator_stays()
    {
        using var run = new Run(Small, OptimizerKind.Sgd);
        run.Train(2);
        run.Save(FilePath);
        using var other = Model.Create(Small with { Seed = 7 }, Fixed);
        Library.ManualSeed(5);
        using (var checkpoint = Checkpoint.Open(FilePath)) checkpoint.Restore(other);
        var drawn = Tensor.Randn([4]).ToArray<float>();
        Library.ManualSeed(5);

        Assert.Equal(run.Bits(), Run.Bits(other));
        Assert.Equal(Tensor.Randn([4]).ToArray<float>(), drawn);
    }

    [Fact]
    public void Metadata_is_any_text()
    {
        using var run = new Run(Small, OptimizerKind.Sgd);
        const string Text = "{\"epoch\": 3, \"note\": \"größer als 'zuvor'\\n\"}\n✓";
        Checkpoint.Save(FilePath, run.Model, run.Optimizer, Text);

        using var checkpoint = Checkpoint.Open(FilePath);

        Assert.Equal(Text, checkpoint.Metadata);
    }

    [Fact]
    public void A_truncated_file_is_an_io_error_wherever_it_ends()
    {
        using var run = new Run(Small, OptimizerKind.AdamW);
        run.Train(1);
        run.Save(FilePath);
        var bytes = File.ReadAllBytes(FilePath);
        foreach (var length in new[] { 0, 1, 7, 8, 100, bytes.Length / 2, bytes.Length - 1 })
        {
            File.WriteAllBytes(FilePath, bytes[..length]);

            var error = Assert.Throws<NeuralOdeException>(() => Checkpoint.Open(FilePath));

            Assert.Equal(Status.IoError, error.Status);
            Assert.Contains(FilePath, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_damaged_byte_is_found()
    {
        using var run = new Run(Small, OptimizerKind.Sgd);
        run.Save(FilePath);
        var bytes = File.ReadAllBytes(FilePath);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(FilePath, bytes);

        Assert.Equal(Status.IoError, Assert.Throws<NeuralOdeException>(() => Checkpoint.Open(FilePath)).Status);
    }

    [Fact]
    public void A_missing_file_is_an_io_error_that_names_it() =>
        Assert.Contains(FilePath, Assert.Throws<NeuralOdeException>(() => Checkpoint.Open(FilePath)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("odenet-small", 4, OptimizerKind.Sgd)]    // another number of classes
    [InlineData("resnet18-ode", 3, OptimizerKind.Sgd)]    // another model
    [InlineData("odenet-small", 3, OptimizerKind.Adam)]   // another optimiser
    public void A_run_of_another_structure_is_left_untouched(string name, long classes, OptimizerKind kind)
    {
        using var run = new Run(Small, OptimizerKind.Sgd);
        run.Train(1);
        run.Save(FilePath);
        using var other = new Run(Small with { Name = name, Classes = classes, Seed = 3 }, kind);
        var before = other.Bits();

        Assert.Throws<NeuralOdeException>(() => other.Restore(FilePath));

        Assert.Equal(before, other.Bits());
    }

    [Fact]
    public void A_failed_save_leaves_the_old_file_whole()
    {
        using var run = new Run(Small, OptimizerKind.Sgd);
        var path = Path.Combine(_folder.File("missing"), "run.ckpt");

        Assert.Equal(Status.IoError, Assert.Throws<NeuralOdeException>(() => run.Save(path)).Status);

        run.Save(FilePath);
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(FilePath)!));   // no temporary file stays
    }

    private sealed class Run : IDisposable
    {
        private long _step;

        public Run(ModelOptions options, OptimizerKind kind)
        {
            Model = Model.Create(options, Fixed);
            Optimizer = new Optimizer(new() { Kind = kind, LearningRate = 0.01 }, Model.Parameters.Values);
        }

        public Model Model { get; }

        public Optimizer Optimizer { get; }

        public void Train(int steps)
        {
            for (var end = _step + steps; _step < end; _step++)
            {
                using var scope = new TensorScope();
                var images = (Tensor.Arange(2 * 3 * 16 * 16).To(DType.Float32) * (0.1 + _step)).Sin().Reshape(2, 3, 16, 16);
                Optimizer.ZeroGrad();
                Model.Forward(images).CrossEntropy(Tensor.FromArray<long>([_step % 3, 1])).Backward();
                Optimizer.Step();
            }
        }

        public void Save(string path) => Checkpoint.Save(path, Model, Optimizer, $"{_step}");

        public void Restore(string path)
        {
            using var checkpoint = Checkpoint.Open(path);
            checkpoint.Restore(Model, Optimizer);
            _step = long.Parse(checkpoint.Metadata, System.Globalization.CultureInfo.InvariantCulture);
        }

        public IReadOnlyList<int> Bits() => Bits(Model);

        public static IReadOnlyList<int> Bits(Model model) =>
            [.. model.Parameters.Concat(model.Buffers)
                .SelectMany(pair => pair.Value.To(DType.Float32).ToArray<float>()).Select(BitConverter.SingleToInt32Bits)];

        public void Dispose()
        {
            Optimizer.Dispose();
            Model.Dispose();
        }
    }
}
