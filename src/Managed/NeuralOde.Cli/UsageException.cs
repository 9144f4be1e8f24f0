namespace NeuralOde.Cli;

/// <summary>The command line asks for something that does not exist or that this build does not support. The program ends with 2.</summary>
internal sealed class UsageException(string message) : Exception(message);
