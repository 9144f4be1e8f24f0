namespace NeuralOde.Managed;

/// <summary>An accepted step, which a reverse sweep makes again at the same times to the bit.</summary>
/// <param name="Time">Its start.</param>
/// <param name="Length">Signed.</param>
/// <param name="Landing">Index of the landing time that it ends on, or -1.</param>
/// <param name="StartTime">Where f was evaluated at its start: Time, or where the step before ended by its own length, which differs by rounding.</param>
internal readonly record struct GridStep(double Time, double Length, int Landing, double StartTime);
