using System.Diagnostics;

namespace NeuralOde.Cli.Solving;

/// <summary>Runs a <see cref="SolveRequest"/>: reads its files, solves, differentiates, measures, writes.</summary>
internal sealed class SolveJob : IDisposable
{
    private readonly SolveRequest _request;
    private readonly Dynamics _dynamics;
    private readonly OdeSolver _solver;
    private readonly IReadOnlyList<Tensor> _z0;
    private readonly IReadOnlyList<string> _names;
    private readonly Tensor _t0;
    private readonly Tensor _t1;
    private readonly Tensor? _tEval;
    private readonly IReadOnlyList<Tensor> _cotangent;
    private readonly IReadOnlyList<KeyValuePair<string, Tensor>> _parameters;

    private SolveJob(SolveRequest request, Action<string> log)
    {
        _request = request;
        _solver = new OdeSolver(request.Options);
        var (z0, isTuple) = StateFile.Read(request.Z0);
        var type = z0[0].DType;
        _dynamics = LoadDynamics(request, type, log);
        var differentiates = request.HasGradients;
        _z0 = [.. z0.Select(tensor => tensor.To(request.Device).WithGrad(differentiates))];
        _names = [.. _z0.Select((_, i) => StateFile.Name(i, _z0.Count, isTuple))];
        _t0 = Tensor.Scalar(request.T0).WithGrad(differentiates);
        _t1 = Tensor.Scalar(request.T1).WithGrad(differentiates);
        _tEval = request.TEval is { } times ? Tensor.FromArray<double>(times).WithGrad(differentiates) : null;
        _cotangent = ReadCotangent(request, type);
        _parameters = [.. _dynamics.Parameters.Where(pair => pair.Value.RequiresGrad)];
    }

    /// <summary>Does what was asked, up to the first run that fails; <paramref name="log"/> takes remarks.</summary>
    public static SolveReport Run(SolveRequest request, Action<string> log)
    {
        using var scope = new TensorScope();
        using var job = new SolveJob(request, log);
        var runs = new List<SolveReport>();
        if (request.Repeat is not null && job.Once(writes: false) is { Failed: true } failed) return failed;
        for (var left = request.Repeat ?? 1; left > 0; left--)
        {
            runs.Add(job.Once(writes: left == 1));
            if (runs[^1].Failed) return runs[^1];
        }
        return runs[^1] with { SecondsForward = Median(runs, run => run.SecondsForward), SecondsBackward = Median(runs, run => run.SecondsBackward) };
    }

    public void Dispose() => _dynamics.Dispose();

    private static Dynamics LoadDynamics(SolveRequest request, DType type, Action<string> log)
    {
        var dynamics = LoadDynamics(request.Dynamics, request.Device, type, log);
        if (request.ExplicitDynamics is not { } path) return dynamics;
        using (dynamics)
        {
            using var part = LoadDynamics(path, request.Device, type, log);
            return Dynamics.Split(part, dynamics);
        }
    }

    private static Dynamics LoadDynamics(string path, string device, DType type, Action<string> log)
    {
        if (!File.Exists(path)) throw new NeuralOdeException(Status.IoError, $"{path}: no such file");
        var dynamics = Dynamics.LoadTorchScript(path, device);
        var other = dynamics.Parameters.Concat(dynamics.Buffers)
            .FirstOrDefault(pair => pair.Value.DType != type && pair.Value.DType is DType.Float16 or DType.BFloat16 or DType.Float32 or DType.Float64);
        if (other.Value is null) return dynamics;
        log($"{path}: cast from {other.Value.DType} ({other.Key}) to {type}, the state's type");
        dynamics.To(type);
        return dynamics;
    }

    private IReadOnlyList<Tensor> ReadCotangent(SolveRequest request, DType type)
    {
        if (!request.HasGradients) return [];
        var outputs = _names.Zip(_z0, (name, z) => (name, Shape: (IReadOnlyList<long>)[.. OutputTimes(), .. z.Shape])).ToList();
        var given = request.Cotangent is { } path ? StateFile.ReadCotangent(path, outputs, type) : outputs.Select(output => Tensor.Ones([.. output.Shape], type));
        return [.. given.Select(tensor => tensor.To(request.Device))];
    }

    private IReadOnlyList<long> OutputTimes() => _request.TEval is { } times ? [times.Length] : [];

    private SolveReport Once(bool writes)
    {
        using var scope = new TensorScope();
        using var recording = _request.HasGradients ? Autograd.EnableGrad() : Autograd.NoGrad();
        var before = TensorMemory.LiveBytes;
        TensorMemory.ResetPeak();
        var clock = Stopwatch.StartNew();
        using var solution = _solver.Solve(_dynamics, _z0, _t0, _t1, _tEval);
        Library.Synchronize();
        var secondsForward = clock.Elapsed.TotalSeconds;
        var peakForward = TensorMemory.PeakBytes - before;

        var differentiates = _request.HasGradients && solution.Status == Status.Ok;
        TensorMemory.ResetPeak();
        clock.Restart();
        var (gradients, backwardError) = differentiates ? TryGradients(solution) : ([], null);
        Library.Synchronize();
        var secondsBackward = differentiates ? clock.Elapsed.TotalSeconds : 0;
        var peakBackward = differentiates ? TensorMemory.PeakBytes - before : 0;

        var failure = SolveFailure.Of(solution, backwardError, _request);
        if (failure is null ? writes : failure.Writes) Write(solution, gradients);
        return new(solution.Statistics, secondsForward, secondsBackward, peakForward, peakBackward, failure?.Status ?? Status.Ok,
            failure?.Message ?? solution.Message, solution.ReachedTime, solution.Graphs);
    }

    /// <summary>The gradients; none, and why, where the reverse sweep has none to give.</summary>
    private (IReadOnlyList<KeyValuePair<string, Tensor>> Gradients, NeuralOdeException? Error) TryGradients(Solution solution)
    {
        try
        {
            return (Gradients(solution), null);
        }
        catch (NeuralOdeException e)
        {
            return ([], e);
        }
    }

    private IReadOnlyList<KeyValuePair<string, Tensor>> Gradients(Solution solution)
    {
        var inputs = new List<KeyValuePair<string, Tensor>>();
        inputs.AddRange(_names.Zip(_z0, KeyValuePair.Create));
        inputs.Add(new("t0", _t0));
        inputs.Add(new("t1", _t1));
        if (_tEval is not null) inputs.Add(new("t_eval", _tEval));
        inputs.AddRange(_parameters);
        var gradients = Autograd.Grad(solution.States, [.. inputs.Select(input => input.Value)], _cotangent);
        return [.. inputs.Zip(gradients, (input, gradient) => KeyValuePair.Create(input.Key, gradient ?? input.Value.Detach().ZerosLike()))];
    }

    private void Write(Solution solution, IReadOnlyList<KeyValuePair<string, Tensor>> gradients)
    {
        var file = _names.Zip(solution.States, (name, state) => KeyValuePair.Create(name, state.Detach())).ToList();
        foreach (var (name, gradient) in gradients)
        {
            var written = name == "t_eval" ? WithLanding(gradient, gradients.First(pair => pair.Key == "t1").Value) : gradient;
            file.Add(new($"grad.{name}", written));
        }
        if (Path.GetDirectoryName(Path.GetFullPath(_request.Out)) is { } folder) Directory.CreateDirectory(folder);
        Safetensors.Save(_request.Out, file);
    }

    /// <summary>The last of t_eval, where it is t1, is landed on as t1: its derivative is written in both places.</summary>
    private Tensor WithLanding(Tensor tEvalGradient, Tensor t1Gradient)
    {
        if (_request.TEval![^1] != _request.T1) return tEvalGradient;
        var values = tEvalGradient.ToArray<double>();
        values[^1] = t1Gradient.ToDouble();
        return Tensor.FromArray<double>(values);
    }

    private static double Median(List<SolveReport> runs, Func<SolveReport, double> value)
    {
        double[] sorted = [.. runs.Select(value).Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
