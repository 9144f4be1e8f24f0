namespace NeuralOde;

/// <summary>How many handles of the native library are alive.</summary>
/// <param name="Tensors">Tensors made by the library and not disposed.</param>
/// <param name="Others">Everything else: dynamics, solutions, models, optimisers, loaders, collections.</param>
public readonly record struct LiveObjects(long Tensors, long Others);
