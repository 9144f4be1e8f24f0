using System.Diagnostics;
using System.Text.Json;

namespace NeuralOde;

/// <summary>One process's part of a run: what <see cref="Trainer"/> sets up, and the loop.</summary>
internal sealed class TrainingSession : IDisposable
{
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(10);

    private readonly TrainerOptions _options;
    private readonly RunFolder _folder;
    private readonly TrainingData _data;
    private readonly Model _model;
    private readonly Optimizer _optimizer;
    private readonly TrainingBudget _budget;
    private readonly StepMeter _meter = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Stopwatch _sinceCheckpoint = Stopwatch.StartNew();
    private readonly Stopwatch _sinceReport = Stopwatch.StartNew();
    private readonly long _bytesBefore;
    private TrainingPosition _at = new();
    private DriftMeter _drift = new();
    private double _secondsBefore;

    public TrainingSession(TrainerOptions options, RunFolder folder)
    {
        (_options, _folder) = (options, folder);
        _bytesBefore = TensorMemory.LiveBytes;
        TensorMemory.ResetPeak();
        _data = TrainingData.Open(options);
        _model = Model.Create(options.Model, options.Solver with { Failure = FailureMode.Value });
        _optimizer = new Optimizer(options.Optimizer, _model.Parameters.Values);
        _budget = new TrainingBudget(options, _data.Train.Batches, _data.Test?.Batches ?? 0);
    }

    private double Seconds => _secondsBefore + _clock.Elapsed.TotalSeconds;

    /// <summary>Puts the run at its start.</summary>
    public void Begin()
    {
        Library.ManualSeed(_options.Seed);
        _at = WithBounds(new() { TrainImages = _data.TrainImages, Plan = _budget.First });
        _folder.CutLog(-1, -1);
    }

    /// <summary>Puts the run where its newest checkpoint was written.</summary>
    public void Restore()
    {
        using var checkpoint = Checkpoint.Open(_folder.CheckpointFile);
        _at = JsonSerializer.Deserialize(checkpoint.Metadata, TrainingJson.Default.TrainingPosition)
            ?? throw new NeuralOdeException(Status.IoError, $"{_folder.CheckpointFile}: not a trainer's checkpoint");
        if (_at.Version != TrainingPosition.CurrentVersion)
            throw new NeuralOdeException(Status.Unsupported, $"{_folder.CheckpointFile}: position of version {_at.Version}; this build reads {TrainingPosition.CurrentVersion}");
        if (_at.TrainImages != _data.TrainImages)
            throw new NeuralOdeException(Status.InvalidArgument,
                $"{_options.Data}: {_data.TrainImages} training images, but the run began with {_at.TrainImages}; resume with the same images");
        checkpoint.Restore(_model, _optimizer);
        _secondsBefore = _at.Seconds;
        if (!_at.HasBoundsOf(_options)) _at = WithBounds(_at with { Plan = _budget.Again(_at.Step, _at.Seconds) });
        _folder.CutLog(_at.Step, _at.Epoch);
    }

    /// <summary>Trains to the end, or until asked to stop.</summary>
    public TrainingResult Run(IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        File.Delete(_folder.ResultFile);
        try
        {
            while (!_budget.IsSpent(_at, Seconds)) TrainEpoch(progress, cancellation);
            if (_data.Test is not null && _at.EvaluatedStep != _at.Step) Evaluate(cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            Save();
            return Result(TrainingOutcome.Stopped);
        }
        Save();
        Safetensors.Save(_folder.WeightsFile, _model.Parameters.Concat(_model.Buffers));
        var result = Result(TrainingOutcome.Finished);
        _folder.WriteResult(result);
        return result;
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _model.Dispose();
        _data.Dispose();
    }

    private void TrainEpoch(IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        _model.Train(true);
        if (_at.Batch < _data.Train.Batches)
        {
            _meter.Resume();
            foreach (var batch in _data.Train.Epoch(_at.Epoch, _at.Batch))
            {
                using (batch) Step(batch);
                AfterStep(progress);
                cancellation.ThrowIfCancellationRequested();
                if (_at.Batch < _data.Train.Batches && _budget.IsSpent(_at, Seconds)) return;
                _meter.Resume();
            }
        }
        EndEpoch(progress, cancellation);
    }

    private void Step(Batch batch)
    {
        using var scope = new TensorScope();
        var rate = TrainingPlan.RateAt(_at.Plan, _options.Schedule, _at.Step);
        _optimizer.LearningRate = rate;
        _optimizer.ZeroGrad();
        var logits = _model.Forward(batch.Images);
        var loss = logits.CrossEntropy(batch.Labels);
        var value = loss.ToDouble();
        if (!double.IsFinite(value))
            throw new NeuralOdeException(Status.NonFinite,
                $"the loss is {value} at step {_at.Step}; lower the learning rate or the step size (the last checkpoint is from before)");
        loss.Backward();
        _optimizer.Step();
        var hits = logits.Detach().ArgMax(1).EqualTo(batch.Labels).Sum().ToInt64();
        var images = batch.Labels.ElementCount;
        var seconds = _meter.Add(images, value, hits, rate);
        _budget.AddStep(seconds);
        _at = _at with
        {
            Step = _at.Step + 1, Batch = _data.Train.Position, Images = _at.Images + images, TrainingSeconds = _at.TrainingSeconds + seconds,
            EpochImages = _at.EpochImages + images, EpochLoss = _at.EpochLoss + value * images, EpochHits = _at.EpochHits + hits,
            EpochSeconds = _at.EpochSeconds + seconds,
        };
    }

    private void AfterStep(IProgress<TrainingProgress>? progress)
    {
        _at = _at with { Plan = _budget.Revise(_at.Plan, _at.Step, Seconds) };
        if (_at.Step % _options.ReportEvery == 0 || _sinceReport.Elapsed >= LongestSilence)
        {
            CollectWork();
            Report(progress, Line(TrainingEvent.Steps, _drift) with
            {
                Loss = _meter.Loss, Accuracy = _meter.Accuracy, ImagesPerSecond = _meter.ImagesPerSecond,
            });
            _meter.Clear();
            _drift = new();
            _sinceReport.Restart();
        }
        if (_sinceCheckpoint.Elapsed >= _options.CheckpointInterval || _at.Step % (_options.CheckpointEvery ?? long.MaxValue) == 0) Save();
    }

    private void EndEpoch(IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        var evaluates = _data.Test is not null && (_at.Epoch + 1) % _options.EvaluateEvery == 0;
        Save();
        if (evaluates && _at.EvaluatedStep != _at.Step) Evaluate(cancellation);
        Report(progress, Line(TrainingEvent.Epoch, _at.EpochDrift ?? new()) with
        {
            Loss = _at.EpochLoss / Math.Max(1, _at.EpochImages), Accuracy = (double)_at.EpochHits / Math.Max(1, _at.EpochImages),
            ImagesPerSecond = _at.EpochSeconds > 0 ? _at.EpochImages / _at.EpochSeconds : 0,
            TestAccuracy = evaluates ? _at.TestAccuracy : null, TestLoss = evaluates ? _at.TestLoss : null,
        });
        _at = _at with
        {
            Epoch = _at.Epoch + 1, Batch = 0, EpochImages = 0, EpochLoss = 0, EpochHits = 0, EpochSeconds = 0, EpochDrift = null, EpochWarned = false,
        };
        Save();
    }

    private void Evaluate(CancellationToken cancellation)
    {
        CollectWork();
        var evaluation = Evaluation.Run(_model, _data.Test!, cancellation);
        _budget.AddEvaluation(evaluation.Seconds);
        _at = _at with { TestAccuracy = evaluation.Accuracy, TestLoss = evaluation.Loss, EvaluatedStep = _at.Step };
    }

    private void Save()
    {
        CollectWork();
        _at = _at with { Seconds = Seconds, PeakBytes = Math.Max(_at.PeakBytes, TensorMemory.PeakBytes - _bytesBefore) };
        Checkpoint.Save(_folder.CheckpointFile, _model, _optimizer, JsonSerializer.Serialize(_at, TrainingJson.Line.TrainingPosition));
        _sinceCheckpoint.Restart();
    }

    /// <summary>Adds the solvers' work since the last call to the run's.</summary>
    private void CollectWork()
    {
        var work = _model.Statistics(reset: true);
        _drift = _drift.With(work);
        _at = _at with
        {
            NfeForward = _at.NfeForward + work.NfeForward, NfeBackward = _at.NfeBackward + work.NfeBackward, EpochDrift = (_at.EpochDrift ?? new()).With(work),
        };
    }

    private void Report(IProgress<TrainingProgress>? progress, TrainingProgress line)
    {
        if (line.Warning is not null) _at = _at with { EpochWarned = true };
        _folder.Append(line);
        progress?.Report(line);
    }

    private TrainingProgress Line(TrainingEvent kind, DriftMeter drift) => new()
    {
        Event = kind, Step = _at.Step, PlannedSteps = _at.Plan?.EndStep, Epoch = _at.Epoch + 1,
        Progress = _at.Plan?.ProgressAt(_at.Step) ?? 0, Loss = 0, Accuracy = 0, LearningRate = _meter.LearningRate, ImagesPerSecond = 0,
        Seconds = Seconds, ReconstructionError = drift.ReconstructionError, Snapshots = drift.Snapshots, StepsReplayed = drift.StepsReplayed,
        Warning = _at.EpochWarned ? null : drift.Warning(_options.Solver),
    };

    private TrainingPosition WithBounds(TrainingPosition at) =>
        at with { Epochs = _options.Epochs, MaxSteps = _options.MaxSteps, MaxTime = _options.MaxTime };

    private TrainingResult Result(TrainingOutcome outcome) => new()
    {
        Outcome = outcome,
        TestAccuracy = _at.TestAccuracy,
        TestLoss = _at.TestLoss,
        TrainImagesPerSecond = _at.TrainingSeconds > 0 ? _at.Images / _at.TrainingSeconds : 0,
        Epochs = _at.Epoch + (double)_at.Batch / Math.Max(1, _data.Train.Batches),
        Steps = _at.Step,
        Seconds = Seconds,
        PeakBytes = _at.PeakBytes,
        NfeForward = _at.NfeForward,
        NfeBackward = _at.NfeBackward,
        BrokenImages = _data.BrokenImages,
    };
}
