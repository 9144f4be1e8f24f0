using System.Diagnostics;

namespace NeuralOde.Cli.Bench;

/// <summary>Peak bytes of tensors in one forward and backward through an ODE block, against its number of steps.</summary>
internal sealed record MemoryRow(long Steps, long MaliBytes, long BackpropBytes, double MaliSeconds, double BackpropSeconds);

/// <summary>What is measured: a block of two convolutions, written in C#, or a whole model.</summary>
internal sealed record MemoryBenchOptions
{
    /// <summary>"conv", or a model's name.</summary>
    public string Model { get; init; } = "conv";

    public long BatchSize { get; init; } = 8;

    public long ImageSize { get; init; } = 16;

    public long Channels { get; init; } = 16;

    public long MaxSteps { get; init; } = 256;
}

internal static class MemoryBench
{
    private const long FirstSteps = 4;

    /// <summary>Measures 4, 8, 16, ... steps.</summary>
    public static IReadOnlyList<MemoryRow> Run(MemoryBenchOptions options, Action<string> log)
    {
        TensorMemory.EnableTracking();
        var rows = new List<MemoryRow>();
        using ISubject subject = options.Model == "conv" ? new ConvBlock(options) : new WholeModel(options);
        for (var steps = FirstSteps; steps <= options.MaxSteps; steps *= 2)
        {
            var mali = Measure(subject, steps, GradientMethod.Mali);
            var backprop = Measure(subject, steps, GradientMethod.Backprop);
            rows.Add(new(steps, mali.Bytes, backprop.Bytes, mali.Seconds, backprop.Seconds));
            log($"{steps} steps: mali {mali.Bytes:n0} bytes, backprop {backprop.Bytes:n0} bytes");
        }
        return rows;
    }

    /// <summary>The table that people read.</summary>
    public static string Table(IReadOnlyList<MemoryRow> rows) => TextTable.Render(
        ["steps", "mali bytes", "to 4 steps", "mali s", "backprop bytes", "to 4 steps", "backprop s"],
        rows.Select(row => (IReadOnlyList<string>)
        [
            $"{row.Steps}", $"{row.MaliBytes:n0}", $"{(double)row.MaliBytes / rows[0].MaliBytes:f4}", $"{row.MaliSeconds:f3}",
            $"{row.BackpropBytes:n0}", $"{(double)row.BackpropBytes / rows[0].BackpropBytes:f2}", $"{row.BackpropSeconds:f3}",
        ]));

    /// <summary>Once to warm up, then the peak above what is alive before.</summary>
    private static (long Bytes, double Seconds) Measure(ISubject subject, long steps, GradientMethod gradient)
    {
        var options = new SolverOptions { StepSize = 1.0 / steps, Gradient = gradient };
        subject.Run(options);
        subject.ClearGradients();
        var before = TensorMemory.LiveBytes;
        TensorMemory.ResetPeak();
        var clock = Stopwatch.StartNew();
        subject.Run(options);
        var seconds = clock.Elapsed.TotalSeconds;
        var bytes = TensorMemory.PeakBytes - before;
        subject.ClearGradients();
        return (bytes, seconds);
    }

    private interface ISubject : IDisposable
    {
        void Run(SolverOptions options);

        void ClearGradients();
    }

    /// <summary>f = W2 * tanh(W1 * z + b1 + t), 3x3 convolutions at constant width: a dynamics that is a C# function.</summary>
    private sealed class ConvBlock : ISubject
    {
        private readonly Tensor _images;
        private readonly Tensor[] _parameters;
        private readonly Dynamics _dynamics;

        public ConvBlock(MemoryBenchOptions options)
        {
            var c = options.Channels;
            _images = Tensor.Randn([options.BatchSize, c, options.ImageSize, options.ImageSize]);
            using var scope = new TensorScope();
            _parameters = [Weight(c), Tensor.Zeros([c]).WithGrad(), Weight(c)];
            foreach (var parameter in _parameters) scope.Keep(parameter);
            _dynamics = Dynamics.FromFunction(
                (t, z) => (z.Conv2d(_parameters[0], _parameters[1], padding: 1) + t).Tanh().Conv2d(_parameters[2], padding: 1), _parameters);
        }

        public void Run(SolverOptions options)
        {
            using var scope = new TensorScope();
            using var solution = new OdeSolver(options).Solve(_dynamics, _images, 0, 1);
            solution.State.Square().Mean().Backward();
        }

        public void ClearGradients()
        {
            foreach (var parameter in _parameters) parameter.Grad = null;
        }

        public void Dispose()
        {
            _dynamics.Dispose();
            _images.Dispose();
            foreach (var parameter in _parameters) parameter.Dispose();
        }

        private static Tensor Weight(long channels) => (Tensor.Randn([channels, channels, 3, 3]) * (0.5 / Math.Sqrt(9.0 * channels))).WithGrad();
    }

    /// <summary>A model with its loss, on random images.</summary>
    private sealed class WholeModel(MemoryBenchOptions options) : ISubject
    {
        private readonly Model _model = Model.Create(new() { Name = options.Model, Classes = 10, ImageSize = options.ImageSize }, new());
        private readonly Tensor _images = Tensor.Randn([options.BatchSize, 3, options.ImageSize, options.ImageSize]);
        private readonly Tensor _labels = Tensor.FromArray<long>([.. Enumerable.Range(0, (int)options.BatchSize).Select(i => i % 10L)]);

        public void Run(SolverOptions solver)
        {
            using var scope = new TensorScope();
            _model.Solver = solver;
            _model.Forward(_images).CrossEntropy(_labels).Backward();
        }

        public void ClearGradients()
        {
            using var scope = new TensorScope();
            foreach (var parameter in _model.Parameters.Values) parameter.Grad = null;
        }

        public void Dispose()
        {
            _model.Dispose();
            _images.Dispose();
            _labels.Dispose();
        }
    }
}
