using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>How images become batches. Immutable; vary it with <c>with</c>.</summary>
public sealed record LoaderOptions
{
    /// <summary>How images are varied.</summary>
    public Augmentation Augmentation { get; init; } = Augmentation.None;

    /// <summary>Images a batch, 1 or more.</summary>
    public long BatchSize { get; init; } = 128;

    /// <summary>Height and width of the output in pixels, 1 or more.</summary>
    public long ImageSize { get; init; } = 224;

    /// <summary>A new order each epoch, from seed and epoch.</summary>
    public bool Shuffle { get; init; }

    /// <summary>Leave out an incomplete last batch.</summary>
    public bool DropLast { get; init; }

    /// <summary>Decoding threads, 1 or more. The batches do not depend on it.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Batches held ready, 1 or more.</summary>
    public int Prefetch { get; init; } = 4;

    /// <summary>Whether a broken image ends the epoch with an error; else it is skipped and counted.</summary>
    public bool FailOnError { get; init; }

    /// <summary>Seed of order and variation.</summary>
    public ulong Seed { get; init; }

    /// <summary><see cref="Augmentation.ResizedCrop"/>: least share of the area, in (0, 1].</summary>
    public double MinScale { get; init; } = 0.08;

    /// <summary>Subtracted from the pixels, which are in [0, 1].</summary>
    public PixelStatistics Mean { get; init; } = PixelStatistics.ImageNetMean;

    /// <summary>What they are divided by then, above 0.</summary>
    public PixelStatistics Deviation { get; init; } = PixelStatistics.ImageNetDeviation;

    /// <summary>How pixels travel to the device of <see cref="DataLoader.To"/>.</summary>
    public PixelTransfer Transfer { get; init; }

    /// <summary>The native form of valid options.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The message names the option, its value and the remedy.</exception>
    internal unsafe neuralode_loader_options ToNative()
    {
        Validate();
        NativeCall.Check(NativeMethods.neuralode_loader_options_init((uint)sizeof(neuralode_loader_options), out var native));
        native.augmentation = (int)Augmentation;
        native.batch_size = BatchSize;
        native.image_size = ImageSize;
        native.shuffle = Shuffle ? 1 : 0;
        native.drop_last = DropLast ? 1 : 0;
        native.workers = Workers;
        native.prefetch = Prefetch;
        native.fail_on_error = FailOnError ? 1 : 0;
        native.transfer = (int)Transfer;
        native.seed = Seed;
        native.min_scale = MinScale;
        (native.mean_red, native.mean_green, native.mean_blue) = Mean;
        (native.std_red, native.std_green, native.std_blue) = Deviation;
        return native;
    }

    private void Validate()
    {
        Require.Member(Augmentation, nameof(Augmentation));
        Require.Member(Transfer, nameof(Transfer));
        Require.AtLeast(BatchSize, 1, nameof(BatchSize));
        Require.AtLeast(ImageSize, 1, nameof(ImageSize));
        Require.AtLeast(Workers, 1, nameof(Workers));
        Require.AtLeast(Prefetch, 1, nameof(Prefetch));
        Require.Above(MinScale, 0, nameof(MinScale));
        Require.Between(MinScale, 0, 1, nameof(MinScale));
        Require.Above(Math.Min(Deviation.Red, Math.Min(Deviation.Green, Deviation.Blue)), 0, nameof(Deviation));
    }
}
