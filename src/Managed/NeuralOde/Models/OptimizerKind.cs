namespace NeuralOde;

/// <summary>How an optimiser turns gradients into steps.</summary>
public enum OptimizerKind
{
    /// <summary>Stochastic gradient descent, with momentum.</summary>
    Sgd = 0,

    /// <summary>Adam, with weight decay as a part of the gradient. Kingma &amp; Ba 2015.</summary>
    Adam = 1,

    /// <summary>Adam with decoupled weight decay. Loshchilov &amp; Hutter 2019.</summary>
    AdamW = 2,
}
