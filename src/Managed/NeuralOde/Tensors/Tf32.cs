namespace NeuralOde;

/// <summary>Where GPUs that have TensorFloat-32 may round Float32 to it: 10 bits of fraction, as Float16 has, with Float32's range.</summary>
[Flags]
public enum Tf32
{
    /// <summary>Nowhere: Float32 is Float32.</summary>
    None = 0,

    /// <summary>In convolutions; libtorch begins with this alone.</summary>
    Convolutions = 1,

    /// <summary>In matrix products.</summary>
    MatrixProducts = 2,
}
