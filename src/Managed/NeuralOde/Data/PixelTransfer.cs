namespace NeuralOde;

/// <summary>How pixels travel from the threads that decode them to the device that computes with them.</summary>
public enum PixelTransfer
{
    /// <summary><see cref="UInt8"/> to a GPU, <see cref="Float32"/> on the CPU.</summary>
    Auto = 0,

    /// <summary>Normalised by the threads.</summary>
    Float32 = 1,

    /// <summary>Rounded to bytes, a quarter of the memory; mirrored and normalised where they arrive, by the same arithmetic.</summary>
    UInt8 = 2,
}
