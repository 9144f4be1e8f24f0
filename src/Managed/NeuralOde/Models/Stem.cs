namespace NeuralOde;

/// <summary>What a model does to an image before its blocks.</summary>
public enum Stem
{
    /// <summary><see cref="ImageNet"/> for images of 96 px or more, else <see cref="Cifar"/>.</summary>
    Auto = 0,

    /// <summary>3x3 convolution, stride 1.</summary>
    Cifar = 1,

    /// <summary>7x7 convolution, stride 2, and 3x3 max pooling, stride 2.</summary>
    ImageNet = 2,
}
