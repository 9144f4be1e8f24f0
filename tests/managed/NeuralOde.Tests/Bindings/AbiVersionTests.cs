using System.Runtime.InteropServices;
using NeuralOde.Interop;

namespace NeuralOde.Tests.Bindings;

/// <summary>A library of another ABI is refused before its first use.</summary>
public sealed class AbiVersionTests
{
    [Fact]
    public void Library_has_the_version_that_the_raw_layer_was_generated_for() =>
        Assert.Equal(NativeMethods.NEURALODE_ABI_VERSION, NativeMethods.neuralode_abi_version());

    [Fact]
    public void Same_version_is_accepted() => AbiVersion.Check(NativeMethods.NEURALODE_ABI_VERSION, "libneuralode.so");

    [Fact]
    public void Mismatch_names_the_library_and_both_versions()
    {
        var other = NativeMethods.NEURALODE_ABI_VERSION + 41;

        var exception = Assert.Throws<NotSupportedException>(() => AbiVersion.Check(other, "/somewhere/libneuralode.so"));

        Assert.Contains("/somewhere/libneuralode.so", exception.Message, StringComparison.Ordinal);
        Assert.Contains($"has ABI version {other}", exception.Message, StringComparison.Ordinal);
        Assert.Contains($"for ABI version {NativeMethods.NEURALODE_ABI_VERSION}", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Library_without_a_version_is_refused_by_name()
    {
        var program = NativeLibrary.GetMainProgramHandle(); // exports no neuralode_abi_version

        var exception = Assert.Throws<NotSupportedException>(() => AbiVersion.CheckLibrary(program, "/somewhere/libother.so"));

        Assert.Contains("/somewhere/libother.so is not NeuralOde's native library", exception.Message, StringComparison.Ordinal);
    }
}
