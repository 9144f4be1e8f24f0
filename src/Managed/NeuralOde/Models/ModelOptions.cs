using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>Which model, and its sizes. Immutable; vary it with <c>with</c>.</summary>
public sealed record ModelOptions
{
    /// <summary>One of <see cref="Model.Names"/>.</summary>
    public string Name { get; init; } = "odenet-small";

    /// <summary>Number of classes, 2 or more.</summary>
    public long Classes { get; init; } = 10;

    /// <summary>Height and width of the images in pixels, 1 or more.</summary>
    public long ImageSize { get; init; } = 32;

    /// <summary>The first layers of resnet18-ode.</summary>
    public Stem Stem { get; init; } = Stem.Auto;

    /// <summary>Seed of the initial weights.</summary>
    public ulong Seed { get; init; }

    /// <summary>The native form of valid options.</summary>
    /// <exception cref="ArgumentException">The message names the option, its value and the remedy.</exception>
    internal unsafe neuralode_model_options ToNative()
    {
        if (!Model.Names.Contains(Name)) throw new ArgumentException($"Name: '{Name}' is no model; use one of {string.Join(", ", Model.Names)}.", nameof(Name));
        Require.AtLeast(Classes, 2, nameof(Classes));
        Require.AtLeast(ImageSize, 1, nameof(ImageSize));
        Require.Member(Stem, nameof(Stem));
        NativeCall.Check(NativeMethods.neuralode_model_options_init((uint)sizeof(neuralode_model_options), out var native));
        native.stem = (int)Stem;
        native.classes = Classes;
        native.image_size = ImageSize;
        native.seed = Seed;
        return native;
    }
}
