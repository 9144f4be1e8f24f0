namespace NeuralOde.Numerics.Tests;

/// <summary>Runs each test inside a tensor scope of its own.</summary>
public abstract class ScopedTests
{
    private TensorScope? _scope;

    [SetUp]
    public void OpenScope()
    {
        _scope = new TensorScope();
        Library.ManualSeed(20);
    }

    [TearDown]
    public void CloseScope() => _scope?.Dispose();
}
