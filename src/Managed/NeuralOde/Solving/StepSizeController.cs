namespace NeuralOde;

/// <summary>What decides the length of the next adaptive step from the error estimates of the last ones.</summary>
public enum StepSizeController
{
    /// <summary>Proportional-integral, from the last two errors: steps vary smoothly. Gustafsson 1991.</summary>
    Pi = 0,

    /// <summary>Integral, from the last error alone: the length at which it would have met the tolerance.</summary>
    I = 1,

    /// <summary>Proportional-integral-derivative, from the last three errors. Söderlind 1998.</summary>
    Pid = 2,
}
