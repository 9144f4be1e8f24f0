namespace NeuralOde;

/// <summary>How the learning rate changes over the steps.</summary>
public enum ScheduleKind
{
    /// <summary>Not at all.</summary>
    Constant = 0,

    /// <summary>LearningRate * Gamma^floor(step / Period).</summary>
    Step = 1,

    /// <summary>From LearningRate to FinalFactor * LearningRate along half a cosine. Loshchilov &amp; Hutter 2017, eq. 5.</summary>
    Cosine = 2,

    /// <summary>From LearningRate / InitialDivisor up to LearningRate over Warmup, then down to FinalFactor * LearningRate, by cosines.
    /// Smith &amp; Topin 2018.</summary>
    OneCycle = 3,
}
