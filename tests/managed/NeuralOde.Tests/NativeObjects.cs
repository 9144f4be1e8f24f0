namespace NeuralOde.Tests;

/// <summary>Counts native objects for leak tests.</summary>
internal static class NativeObjects
{
    /// <summary>What is alive once objects that earlier tests left to their finalizers are gone.</summary>
    public static LiveObjects Settled()
    {
        for (var i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return Library.LiveObjects;
    }
}
