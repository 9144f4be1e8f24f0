namespace NeuralOde.Managed;

/// <summary>What a step adds to derivatives to time.</summary>
/// <param name="Start">To its start at constant length.</param>
/// <param name="Length">To its length at constant start.</param>
internal readonly record struct TimeCotangents(double Start, double Length);
