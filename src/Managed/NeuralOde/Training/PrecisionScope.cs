namespace NeuralOde;

/// <summary>Puts a precision into force.</summary>
internal static class PrecisionScope
{
    /// <summary>Automatic casts as <paramref name="precision"/> asks for them, whatever they were, until the result is disposed.</summary>
    public static AutocastScope Cast(this Precision precision, string device) => precision switch
    {
        Precision.Float32 => Autograd.NoAutocast(device),
        Precision.BFloat16 => Autograd.Autocast(DType.BFloat16, device),
        _ => Autograd.Autocast(DType.Float16, device),
    };

    /// <summary>Whether <paramref name="device"/> is a GPU.</summary>
    public static bool IsGpu(string device) => device.StartsWith("cuda", StringComparison.Ordinal);

    /// <summary>Throws <see cref="ArgumentException"/> where the precision cannot be had on the device.</summary>
    public static void Check(Precision precision, string device)
    {
        Interop.Require.Member(precision, nameof(Precision));
        if (precision == Precision.Float16 && !IsGpu(device))
            throw new ArgumentException($"precision: fp16 needs a GPU, and the device is {device}; use bf16, or a GPU (device cuda:0)");
    }
}
