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
    private readonly Learner _learner;
    private readonly TrainingBudget _budget;
    private readonly StepMeter _meter = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Stopwatch _sinceCheckpoint = Stopwatch.StartNew();
    private readonly Stopwatch _sinceReport = Stopwatch.StartNew();
    private readonly long _bytesBefore;
    private TrainingPosition _at = new();
    private DriftMeter _drift = new();
    private double _secondsBefore;
    private double _dataWaitSeen;

    public TrainingSession(TrainerOptions options, RunFolder folder)
    {
        (_options, _folder) = (options, folder);
        _bytesBefore = TensorMemory.LiveBytes;
        TensorMemory.ResetPeak();
        _data = TrainingData.Open(options);
        try
        {
            _learner = new Learner(options);
        }
        catch
        {
            _data.Dispose();
            throw;
        }
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
        checkpoint.Restore(_learner.Model, _learner.Optimizer, _learner.Scaler);
        _at = _at with { EpochLossImages = _at.EpochLossImages ?? _at.EpochImages };   // checkpoints of before there were scalers
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
        Safetensors.Save(_folder.WeightsFile, _learner.Model.Parameters.Concat(_learner.Model.Buffers));
        var result = Result(TrainingOutcome.Finished);
        _folder.WriteResult(result);
        return result;
    }

    public void Dispose()
    {
        _learner.Dispose();
        _data.Dispose();
    }

    private void TrainEpoch(IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        _learner.Model.Train(true);
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
        var rate = TrainingPlan.RateAt(_at.Plan, _options.Schedule, _at.Step);
        var stepped = _learner.Step(batch, rate, _at.Step);
        var seconds = _meter.Stop(rate);
        _budget.AddStep(seconds);
        var images = batch.Labels.ElementCount;
        _at = _at with
        {
            Step = _at.Step + 1, Batch = _data.Train.Position, Images = _at.Images + images, TrainingSeconds = _at.TrainingSeconds + seconds,
            SkippedSteps = _at.SkippedSteps + (stepped ? 0 : 1), EpochImages = _at.EpochImages + images, EpochSeconds = _at.EpochSeconds + seconds,
        };
    }

    /// <summary>Adds the losses of the steps since the last call to the run's.</summary>
    private void CollectLosses()
    {
        foreach (var step in _learner.TakeReadings())
        {
            _meter.Add(step);
            _at = _at with { EpochHits = _at.EpochHits + step.Hits };
            if (!double.IsFinite(step.Loss)) continue;
            _at = _at with
            {
                EpochLoss = _at.EpochLoss + step.Loss * step.Images, EpochLossImages = (_at.EpochLossImages ?? 0) + step.Images,
            };
        }
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
                DataWaitShare = _meter.DataWaitShare,
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
            Loss = _at.EpochLoss / Math.Max(1, _at.EpochLossImages ?? _at.EpochImages), Accuracy = (double)_at.EpochHits / Math.Max(1, _at.EpochImages),
            ImagesPerSecond = _at.EpochSeconds > 0 ? _at.EpochImages / _at.EpochSeconds : 0,
            DataWaitShare = StepMeter.Share(_at.EpochDataWaitSeconds, _at.EpochSeconds),
            TestAccuracy = evaluates ? _at.TestAccuracy : null, TestLoss = evaluates ? _at.TestLoss : null,
        });
        _at = _at with
        {
            Epoch = _at.Epoch + 1, Batch = 0, EpochImages = 0, EpochLossImages = null, EpochLoss = 0, EpochHits = 0, EpochSeconds = 0, EpochDataWaitSeconds = 0, EpochDrift = null, EpochWarned = false,
        };
        Save();
    }

    private void Evaluate(CancellationToken cancellation)
    {
        CollectWork();
        var evaluation = Evaluation.Run(_learner.Model, _data.Test!, _options.Precision, cancellation);
        _budget.AddEvaluation(evaluation.Seconds);
        _at = _at with { TestAccuracy = evaluation.Accuracy, TestLoss = evaluation.Loss, EvaluatedStep = _at.Step };
    }

    private void Save()
    {
        CollectWork();
        _at = _at with { Seconds = Seconds, PeakBytes = Math.Max(_at.PeakBytes, TensorMemory.PeakBytes - _bytesBefore) };
        Checkpoint.Save(_folder.CheckpointFile, _learner.Model, _learner.Optimizer, JsonSerializer.Serialize(_at, TrainingJson.Line.TrainingPosition), _learner.Scaler);
        _sinceCheckpoint.Restart();
    }

    /// <summary>Adds the losses and the solvers' work since the last call to the run's.</summary>
    private void CollectWork()
    {
        CollectLosses();
        CollectDataWait();
        var work = _learner.Model.Statistics(reset: true);
        _drift = _drift.With(work);
        _at = _at with
        {
            NfeForward = _at.NfeForward + work.NfeForward, NfeBackward = _at.NfeBackward + work.NfeBackward, EpochDrift = (_at.EpochDrift ?? new()).With(work),
        };
    }

    private void CollectDataWait()
    {
        var all = _data.Train.Statistics.SecondsStalled;
        var since = all - _dataWaitSeen;
        _dataWaitSeen = all;
        _meter.AddDataWait(since);
        _at = _at with { DataWaitSeconds = _at.DataWaitSeconds + since, EpochDataWaitSeconds = _at.EpochDataWaitSeconds + since };
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
        Warning = _at.EpochWarned ? null : drift.Warning(_options.Solver, _options.Precision),
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
        Precision = _options.Precision,
        Device = _options.Device,
        ChannelsLast = _learner.Model.ChannelsLast,
        SkippedSteps = _at.SkippedSteps,
        DataWaitShare = StepMeter.Share(_at.DataWaitSeconds, _at.TrainingSeconds),
        BrokenImages = _data.BrokenImages,
    };
}
