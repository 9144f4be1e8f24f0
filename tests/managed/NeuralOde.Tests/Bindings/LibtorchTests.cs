using NeuralOde.Interop;

namespace NeuralOde.Tests.Bindings;

/// <summary>Which libtorch is taken and which refused, as far as files tell; tests/packaging runs programs on wrong ones.</summary>
public sealed class LibtorchTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("neuralode-libtorch").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Library_says_its_name_and_what_it_needs_without_being_loaded()
    {
        _ = NativeMethods.neuralode_abi_version(); // loads it, so that its path is known

        var library = ElfFile.TryRead(NativeLibraryLoader.LoadedPath!)!;

        Assert.Equal(LibraryCandidate.FileName, library.Name);
        Assert.Contains(library.Needed, name => name.StartsWith("libtorch_cpu.so", StringComparison.Ordinal));
        Assert.Contains(library.Needed, name => name.StartsWith("libc10.so", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("not a library")]
    [InlineData("\u007fELF\u0002\u0001")]
    public void Files_that_are_no_libraries_say_nothing(string contents)
    {
        var path = Path.Combine(_folder, "file.so");
        File.WriteAllText(path, contents);

        Assert.Null(ElfFile.TryRead(path));
        Assert.Null(ElfFile.TryRead(Path.Combine(_folder, "missing.so")));
    }

    [Fact]
    public void Library_cut_short_anywhere_is_refused_and_not_misread()
    {
        _ = NativeMethods.neuralode_abi_version();
        var whole = File.ReadAllBytes(NativeLibraryLoader.LoadedPath!);
        var path = Path.Combine(_folder, "cut.so");

        foreach (var length in new[] { 16, 64, 1000, whole.Length / 2, whole.Length - 1 })
        {
            File.WriteAllBytes(path, whole[..length]); // the section table comes last in a file
            Assert.Null(ElfFile.TryRead(path));
        }
    }

    [Fact]
    public void Needed_name_is_preferred_to_any_other_libtorch()
    {
        var other = Directory.CreateDirectory(Path.Combine(_folder, "other")).FullName;
        File.WriteAllText(Path.Combine(_folder, "libtorch_cpu.so"), "");
        File.WriteAllText(Path.Combine(other, "libtorch_cpu.so.1.13"), "");

        Assert.Equal(Path.Combine(other, "libtorch_cpu.so.1.13"), Libtorch.FindFile([_folder, other], "libtorch_cpu.so.1.13"));
        Assert.Equal(Path.Combine(_folder, "libtorch_cpu.so"), Libtorch.FindFile([_folder, "/nowhere"], "libtorch_cpu.so.1.13"));
        Assert.Null(Libtorch.FindFile(["/nowhere"], "libtorch_cpu.so.1.13"));
    }

    [Theory]
    [InlineData("1.13.0", "1.13.1")]
    [InlineData("2.7.0", "2.7.0+cu128")]
    [InlineData("", "2.7.0")]
    [InlineData("2.7.0", "")]
    public void Patch_versions_may_differ_and_unknown_ones_pass(string compiled, string loaded) =>
        Libtorch.CheckVersions("libneuralode.so", compiled, loaded);

    [Fact]
    public void Other_minor_version_is_refused_with_both_and_the_remedy()
    {
        var exception = Assert.Throws<NotSupportedException>(() => Libtorch.CheckVersions("libneuralode.so", "2.7.1", "2.10.0"));

        Assert.All(["libneuralode.so", "2.7.1", "2.10.0", "TorchSharp", "CMAKE_PREFIX_PATH", Libtorch.SkipVariable],
            part => Assert.Contains(part, exception.Message, StringComparison.Ordinal));
    }
}
