namespace NeuralOde;

/// <summary>One image of an <see cref="ImageFolder"/>.</summary>
/// <param name="Path">Its file.</param>
/// <param name="Label">The number of its class.</param>
public readonly record struct ImageEntry(string Path, long Label);
