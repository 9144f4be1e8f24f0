namespace NeuralOde;

/// <summary>What came out of a step: its mean loss and the images that were classified correctly.</summary>
internal readonly record struct StepReading(long Step, long Images, double Loss, long Hits);
