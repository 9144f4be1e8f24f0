namespace NeuralOde;

/// <summary>Some images with their labels. Whoever receives it disposes it.</summary>
public sealed class Batch : IDisposable
{
    internal Batch(Tensor images, Tensor labels)
    {
        Images = images;
        Labels = labels;
    }

    /// <summary>(batch, 3, height, width) in Float32, normalised.</summary>
    public Tensor Images { get; }

    /// <summary>(batch,) in Int64.</summary>
    public Tensor Labels { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Images.Dispose();
        Labels.Dispose();
    }
}
