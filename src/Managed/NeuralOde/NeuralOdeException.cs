namespace NeuralOde;

/// <summary>A native call failed. The message names the argument, the value and the remedy.</summary>
public sealed class NeuralOdeException : Exception
{
    /// <summary>A failure of unknown cause.</summary>
    public NeuralOdeException() => Status = Status.UnknownError;

    /// <summary>A failure of unknown cause with a message.</summary>
    public NeuralOdeException(string message) : base(message) => Status = Status.UnknownError;

    /// <summary>A failure of unknown cause with a message and what led to it.</summary>
    public NeuralOdeException(string message, Exception innerException) : base(message, innerException) => Status = Status.UnknownError;

    /// <summary>A failure with its status.</summary>
    public NeuralOdeException(Status status, string message) : base(message) => Status = status;

    /// <summary>What kind of failure it is.</summary>
    public Status Status { get; }
}
