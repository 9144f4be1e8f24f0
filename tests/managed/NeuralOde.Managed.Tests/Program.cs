using System.Diagnostics;

namespace NeuralOde.Managed.Tests;

/// <summary>This assembly as a program, for <see cref="NativeLibraryTests"/>: solves, then prints which native libraries are in the process.</summary>
internal static class Program
{
    public static int Main(string[] args)
    {
        foreach (var solver in (SolverKind[])[SolverKind.Alf, SolverKind.Dopri5])
        {
            var mlp = new MlpDynamics<double>(1, [1.5], [0.1], [0.7], [0.2]);
            var solution = new ManagedOdeSolver(new() { Solver = solver }).Solve<double>(mlp, [0.5], 0, 1);
            Console.WriteLine($"{solver}: {solution.Backward([1.0]).State.Span[0]:F3}");
        }

        if (args is ["native"]) Console.WriteLine(Library.Info.Length);
        using var self = Process.GetCurrentProcess();
        foreach (ProcessModule module in self.Modules)
        {
            var name = module.ModuleName;
            if (name.Contains("neuralode.", StringComparison.Ordinal) || name.Contains("torch", StringComparison.Ordinal)) Console.WriteLine(name);
        }

        return 0;
    }
}
