using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>Reads images ahead on threads of its own and hands them out in batches. Given options and seed, the batches are the same
/// for any number of workers.</summary>
public sealed unsafe class DataLoader : IDisposable
{
    private const long MaxReasons = 1000;   // what the library keeps
    private readonly LoaderHandle _handle;
    private long _started;

    /// <summary>A loader of a folder, which may be disposed before it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public DataLoader(ImageFolder folder, LoaderOptions options)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(options);
        var native = options.ToNative();
        using var lease = folder.Handle.Lend();
        NativeCall.Check(NativeMethods.neuralode_loader_create(lease.Pointer, &native, out var pointer));
        _handle = new LoaderHandle(pointer);
        Options = options;
    }

    /// <summary>What it was made with.</summary>
    public LoaderOptions Options { get; }

    /// <summary>Batches an epoch.</summary>
    public long Batches
    {
        get
        {
            using var self = _handle.Lend();
            NativeCall.Check(NativeMethods.neuralode_loader_batches(self.Pointer, out var batches));
            return batches;
        }
    }

    /// <summary>What it did up to now.</summary>
    public LoaderStatistics Statistics
    {
        get
        {
            using var self = _handle.Lend();
            NativeCall.Check(NativeMethods.neuralode_loader_get_statistics(self.Pointer, (uint)sizeof(neuralode_loader_statistics), out var statistics));
            return new LoaderStatistics
            {
                Images = statistics.images, Broken = statistics.broken, SecondsWaiting = statistics.seconds_waiting,
                SecondsStalled = statistics.seconds_stalled,
            };
        }
    }

    /// <summary>The broken images met up to now, "path: reason"; the first 1000.</summary>
    public IReadOnlyList<string> BrokenImages
    {
        get
        {
            using var self = _handle.Lend();
            var texts = new string[Math.Min(Statistics.Broken, MaxReasons)];
            for (var i = 0; i < texts.Length; i++)
            {
                NativeCall.Check(NativeMethods.neuralode_loader_broken(self.Pointer, i, out var text));
                texts[i] = NativeCall.Text(text);
            }

            return texts;
        }
    }

    /// <summary>The batch after the one last handed out, batches passed over because all their images are broken included: the
    /// <c>firstBatch</c> with which <see cref="Epoch"/> goes on from here.</summary>
    public long Position
    {
        get
        {
            using var self = _handle.Lend();
            NativeCall.Check(NativeMethods.neuralode_loader_position(self.Pointer, out var batch));
            return batch;
        }
    }

    /// <summary>Sends the batches of epochs started from now on to a device: to a GPU from pinned memory on a stream of their own, each while
    /// the one before is computed with. An epoch that is being read ends.</summary>
    /// <param name="device">"cpu", "cuda:0", ...</param>
    /// <param name="channelsLast">Lay images out with the channels last; null where it is a GPU.</param>
    /// <exception cref="NeuralOdeException">With <see cref="Status.Unsupported"/>: the build or the machine has no such GPU.</exception>
    public void To(string device, bool? channelsLast = null)
    {
        using var self = _handle.Lend();
        fixed (byte* name = NativeCall.Utf8(device, nameof(device)))
        {
            NativeCall.Check(NativeMethods.neuralode_loader_to(self.Pointer, name, channelsLast ?? PrecisionScope.IsGpu(device) ? 1 : 0));
        }
        _started++;   // what was being read is over
    }

    /// <summary>The batches of an epoch; the caller disposes each. Reading starts when the first is asked for.</summary>
    /// <param name="epoch">Its number, which with the seed decides order and variation; 0 or more.</param>
    /// <param name="firstBatch">The first batch wanted, from 0; for going on where a run was stopped.</param>
    /// <exception cref="NeuralOdeException">With <see cref="LoaderOptions.FailOnError"/>: an image is broken.</exception>
    /// <exception cref="InvalidOperationException">Another epoch was started before this one ended.</exception>
    public IEnumerable<Batch> Epoch(long epoch, long firstBatch = 0)
    {
        Require.AtLeast(epoch, 0, nameof(epoch));
        Require.AtLeast(firstBatch, 0, nameof(firstBatch));
        return Read(epoch, firstBatch);
    }

    /// <summary>Stops the threads.</summary>
    public void Dispose() => _handle.Dispose();

    private IEnumerable<Batch> Read(long epoch, long firstBatch)
    {
        var number = ++_started;
        Start(epoch, firstBatch);
        while (Next(number) is { } batch) yield return batch;
    }

    private void Start(long epoch, long firstBatch)
    {
        using var self = _handle.Lend();
        NativeCall.Check(NativeMethods.neuralode_loader_start(self.Pointer, epoch, firstBatch));
    }

    private Batch? Next(long number)
    {
        if (number != _started)
        {
            throw new InvalidOperationException("The loader started another epoch, or went to another device, while this one was being read; read one at a time, or make a second loader.");
        }

        using var self = _handle.Lend();
        NativeCall.Check(NativeMethods.neuralode_loader_next(self.Pointer, out var images, out var labels));
        return images == 0 ? null : new Batch(Tensor.OwnUnscoped(images), Tensor.OwnUnscoped(labels));
    }
}
