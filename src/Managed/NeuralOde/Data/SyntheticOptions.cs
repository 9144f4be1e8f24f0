using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>The size of a synthetic image set. Immutable; vary it with <c>with</c>.</summary>
public sealed record SyntheticOptions
{
    /// <summary>Height and width in pixels, 16 or more.</summary>
    public int ImageSize { get; init; } = 32;

    /// <summary>Training images of each of the ten classes, 1 or more.</summary>
    public long TrainPerClass { get; init; } = 500;

    /// <summary>Test images of each class, 1 or more.</summary>
    public long TestPerClass { get; init; } = 100;

    /// <summary>JPEG quality, 1 to 100.</summary>
    public int Quality { get; init; } = 90;

    /// <summary>Rendering threads, 1 or more. The images do not depend on it.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Seed of the images.</summary>
    public ulong Seed { get; init; }

    /// <summary>The native form of valid options.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The message names the option, its value and the remedy.</exception>
    internal unsafe neuralode_synthetic_options ToNative()
    {
        Require.AtLeast(ImageSize, 16, nameof(ImageSize));
        Require.AtLeast(TrainPerClass, 1, nameof(TrainPerClass));
        Require.AtLeast(TestPerClass, 1, nameof(TestPerClass));
        Require.Between(Quality, 1, 100, nameof(Quality));
        Require.AtLeast(Threads, 1, nameof(Threads));
        NativeCall.Check(NativeMethods.neuralode_synthetic_options_init((uint)sizeof(neuralode_synthetic_options), out var native));
        native.image_size = ImageSize;
        native.train_per_class = TrainPerClass;
        native.test_per_class = TestPerClass;
        native.quality = Quality;
        native.threads = Threads;
        native.seed = Seed;
        return native;
    }
}
