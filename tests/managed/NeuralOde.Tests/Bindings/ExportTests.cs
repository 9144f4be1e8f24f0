using System.Reflection;
using System.Runtime.InteropServices;
using NeuralOde.Interop;

namespace NeuralOde.Tests.Bindings;

/// <summary>Imports and exports agree.</summary>
public sealed class ExportTests
{
    [Fact]
    public void Every_imported_function_is_exported_by_the_library()
    {
        _ = NativeMethods.neuralode_abi_version(); // loads it
        var library = NativeLibrary.Load(NativeLibraryLoader.LoadedPath!, typeof(NativeMethods).Assembly, null);
        var imports = typeof(NativeMethods).GetMethods(BindingFlags.Static | BindingFlags.NonPublic)
            .Where(method => method.Name.StartsWith("neuralode_", StringComparison.Ordinal))
            .Select(method => method.Name)
            .ToList();

        var missing = imports.Where(name => !NativeLibrary.TryGetExport(library, name, out _));

        Assert.NotEmpty(imports);
        Assert.Empty(missing);
    }
}
