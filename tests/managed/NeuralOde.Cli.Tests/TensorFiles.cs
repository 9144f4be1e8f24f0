namespace NeuralOde.Cli.Tests;

/// <summary>Comparing what commands wrote.</summary>
internal static class TensorFiles
{
    /// <summary>Every name, and every number to <paramref name="tolerance"/> of the largest of its tensor.</summary>
    public static void AssertSame(string expectedFile, string actualFile, double tolerance, Func<string, bool>? compared = null)
    {
        using var scope = new TensorScope();
        var (expected, actual) = (Safetensors.Load(expectedFile), Safetensors.Load(actualFile));
        Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
        foreach (var (name, tensor) in expected.Where(pair => compared?.Invoke(pair.Key) ?? true))
        {
            Assert.Equal(tensor.Shape, actual[name].Shape);
            var difference = (actual[name] - tensor).Abs().Max().ToDouble();
            Assert.True(difference <= tolerance * Math.Max(1, tensor.Abs().Max().ToDouble()), $"{name} differs by {difference}");
        }
    }
}
