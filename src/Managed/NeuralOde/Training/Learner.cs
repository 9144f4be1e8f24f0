namespace NeuralOde;

/// <summary>A model with what changes its weights: steps in the run's precision on the run's device.</summary>
/// <remarks>Losses on a GPU are read when somebody asks for them, some steps later: to read one waits until the GPU has done all that it was
/// given, and then it has nothing to do until the next step was put together.</remarks>
internal sealed class Learner : IDisposable
{
    private const int MostUnread = 64;
    private readonly TrainerOptions _options;
    private readonly Tf32 _tf32Before = Library.Tf32;
    private readonly List<(long Step, long Images, Tensor Loss, Tensor Hits)> _unread = [];
    private readonly List<StepReading> _read = [];

    public Learner(TrainerOptions options)
    {
        _options = options;
        Model = Model.Create(options.Model, options.Solver with { Failure = FailureMode.Value });
        try
        {
            Model.To(options.Device);
            Optimizer = new Optimizer(options.Optimizer, Model.Parameters.Values);
            var scales = options.GradientScaler ?? (options.Precision == Precision.Float16 ? new() : null);
            Scaler = scales is null ? null : new GradientScaler(scales);
        }
        catch
        {
            Optimizer?.Dispose();
            Model.Dispose();
            throw;
        }
        Library.Tf32 = options.AllowTf32 ? Tf32.Convolutions | Tf32.MatrixProducts : Tf32.None;
    }

    public Model Model { get; }

    public Optimizer Optimizer { get; }

    /// <summary>Null where losses are not scaled.</summary>
    public GradientScaler? Scaler { get; }

    private bool OnGpu => PrecisionScope.IsGpu(_options.Device);

    /// <summary>Step <paramref name="step"/>, on a batch; whether weights were changed, which they are not where a scaled gradient overflowed.</summary>
    public bool Step(Batch batch, double rate, long step)
    {
        using var scope = new TensorScope();
        Optimizer.LearningRate = rate;
        Optimizer.ZeroGrad();
        Tensor logits, loss;
        using (_options.Precision.Cast(_options.Device))
        {
            logits = Model.Forward(batch.Images).To(DType.Float32);
            loss = logits.CrossEntropy(batch.Labels);
        }
        var hits = logits.Detach().ArgMax(1).EqualTo(batch.Labels).Sum();
        _unread.Add((step, batch.Labels.ElementCount, scope.Keep(loss.Detach()), scope.Keep(hits)));
        if (!OnGpu || _unread.Count >= MostUnread) Read();   // on a CPU before the loss has changed a weight
        if (Scaler is null)
        {
            loss.Backward();
            Optimizer.Step();
            return true;
        }
        Scaler.Scale(loss).Backward();
        var stepped = Scaler.Step(Optimizer);
        Scaler.Update();
        return stepped;
    }

    /// <summary>What came out of the steps since the last call.</summary>
    /// <exception cref="NeuralOdeException">A loss is not finite.</exception>
    public IReadOnlyList<StepReading> TakeReadings()
    {
        Read();
        var taken = _read.ToArray();
        _read.Clear();
        return taken;
    }

    public void Dispose()
    {
        Forget();
        Library.Tf32 = _tf32Before;
        Scaler?.Dispose();
        Optimizer.Dispose();
        Model.Dispose();
    }

    private void Read()
    {
        if (_unread.Count == 0) return;
        using var scope = new TensorScope();
        var losses = Tensor.Stack([.. _unread.Select(step => step.Loss)]).ToArray<float>();
        var hits = Tensor.Stack([.. _unread.Select(step => step.Hits)]).ToArray<long>();
        for (var i = 0; i < losses.Length; i++) Add(new(_unread[i].Step, _unread[i].Images, losses[i], hits[i]));
        Forget();
    }

    private void Add(StepReading reading)
    {
        _read.Add(reading);
        // With a scaler an overflow may be the scale's, which then shrinks; below 1 it no longer is.
        if (double.IsFinite(reading.Loss) || Scaler is { Factor: >= 1 }) return;
        throw new NeuralOdeException(Status.NonFinite,
            $"the loss is {reading.Loss} at step {reading.Step}; lower the learning rate or the step size (the last checkpoint is from before)");
    }

    private void Forget()
    {
        foreach (var (_, _, loss, hits) in _unread)
        {
            loss.Dispose();
            hits.Dispose();
        }
        _unread.Clear();
    }
}
