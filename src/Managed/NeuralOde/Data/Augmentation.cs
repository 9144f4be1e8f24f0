namespace NeuralOde;

/// <summary>How images are varied from epoch to epoch.</summary>
public enum Augmentation
{
    /// <summary>Not at all: the short side to ImageSize * 8 / 7 (ImageSize if it is the size), centre crop.</summary>
    None = 0,

    /// <summary>Random area and aspect, resized, random flip. Szegedy et al. 2015.</summary>
    ResizedCrop = 1,

    /// <summary>Centre square resized to ImageSize, black padding of an eighth, random crop and flip: what is customary on CIFAR.</summary>
    PaddedCrop = 2,
}
