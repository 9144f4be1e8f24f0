namespace TorchSharpTests;

/// <summary>A leaf's gradient, which TorchSharp has as a method in some versions and as a property in others.</summary>
internal static class Gradients
{
    public static Tensor Of(Tensor tensor)
    {
        using var shared = tensor.ToNeuralOde();
        using var gradient = shared.Grad ?? throw new InvalidOperationException("no gradient");
        return gradient.ToTorchSharp();
    }
}
