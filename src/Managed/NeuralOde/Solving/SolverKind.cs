namespace NeuralOde;

/// <summary>The method of one step.</summary>
public enum SolverKind
{
    /// <summary>Asynchronous leapfrog: order 2 (1 when damped), reversible. Zhuang et al. 2021.</summary>
    Alf = 0,
}
