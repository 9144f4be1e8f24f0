namespace NeuralOde;

/// <summary>One number for each colour, of pixels in [0, 1].</summary>
/// <param name="Red">Of the red channel.</param>
/// <param name="Green">Of the green channel.</param>
/// <param name="Blue">Of the blue channel.</param>
public readonly record struct PixelStatistics(double Red, double Green, double Blue)
{
    /// <summary>Mean of ImageNet's training images.</summary>
    public static PixelStatistics ImageNetMean { get; } = new(0.485, 0.456, 0.406);

    /// <summary>Standard deviation of ImageNet's training images.</summary>
    public static PixelStatistics ImageNetDeviation { get; } = new(0.229, 0.224, 0.225);
}
