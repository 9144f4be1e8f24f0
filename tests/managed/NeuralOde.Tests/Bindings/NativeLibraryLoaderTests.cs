using NeuralOde.Interop;

namespace NeuralOde.Tests.Bindings;

/// <summary>Where the native library is looked for, and what is said when it is nowhere.</summary>
public sealed class NativeLibraryLoaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("neuralode-loader").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_path_that_the_program_or_else_the_user_names_is_the_only_candidate()
    {
        Assert.Equal([Path.GetFullPath("/explicit/a.so")], LibraryCandidate.List("/explicit/a.so", "/environment/b.so", "/program").Select(candidate => candidate.Path));
        Assert.Equal([Path.GetFullPath("/environment/b.so")], LibraryCandidate.List("", "/environment/b.so", "/program").Select(candidate => candidate.Path));
    }

    [Fact]
    public void Without_one_the_folders_of_the_program_are()
    {
        var candidates = LibraryCandidate.List(null, "", "/program");

        Assert.Equal(
            [
                Path.Combine("/program", LibraryCandidate.FileName),
                Path.Combine("/program", "runtimes", LibraryCandidate.RuntimeIdentifier, "native", LibraryCandidate.FileName),
            ],
            candidates.Select(candidate => candidate.Path));
    }

    [Fact]
    public void Package_folders_of_the_host_come_after_those_of_the_program_where_they_have_the_file()
    {
        File.WriteAllText(Path.Combine(_folder, LibraryCandidate.FileName), "");

        var candidates = LibraryCandidate.List(null, null, "/program", ["/nowhere", _folder]);

        Assert.Equal(3, candidates.Count);
        Assert.Equal(Path.Combine(_folder, LibraryCandidate.FileName), candidates[^1].Path);
    }

    [Fact]
    public void Failure_lists_every_path_tried_in_order_with_the_reason_and_the_remedy()
    {
        var broken = Path.Combine(_folder, LibraryCandidate.FileName);
        File.WriteAllText(broken, "not a library");
        var missing = Path.Combine(_folder, "missing", LibraryCandidate.FileName);
        LibraryCandidate[] candidates = [new(missing, "first"), new(broken, "second")];

        var exception = Assert.Throws<DllNotFoundException>(() =>
            NativeLibraryLoader.Load(candidates, () => throw new DllNotFoundException("advice\nprobed: no such file")));

        var expected = candidates.Select(candidate => $"{candidate.Path} ({candidate.Origin}): ")
            .Append("default probing of the runtime: probed: no such file")
            .Append("Remedy: ")
            .ToList();
        var positions = expected.Select(part => exception.Message.IndexOf(part, StringComparison.Ordinal)).ToList();
        Assert.All(positions, position => Assert.NotEqual(-1, position));
        Assert.Equal(positions.Order(), positions);
    }

    [Fact]
    public void Without_default_probing_the_candidates_are_all()
    {
        var exception = Assert.Throws<DllNotFoundException>(() => NativeLibraryLoader.Load([new(Path.Combine(_folder, "missing.so"), "only")], null));

        Assert.DoesNotContain("probing", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void First_candidate_that_loads_is_taken()
    {
        _ = NativeMethods.neuralode_abi_version(); // loads the library, so that its path is known
        var real = NativeLibraryLoader.LoadedPath!;
        LibraryCandidate[] candidates =
        [
            new(Path.Combine(_folder, "missing.so"), "first"),
            new(real, "second"),
            new(Path.Combine(_folder, "never.so"), "third"),
        ];

        var (handle, path) = NativeLibraryLoader.Load(candidates, () => throw new DllNotFoundException("not reached"));

        Assert.NotEqual(0, handle);
        Assert.Equal(real, path);
    }

    [Fact]
    public void Default_probing_comes_last()
    {
        var (handle, path) = NativeLibraryLoader.Load([new(Path.Combine(_folder, "missing.so"), "only")], () => 42);

        Assert.Equal(42, handle);
        Assert.Equal(LibraryCandidate.FileName, path);
    }

    [Fact]
    public void Path_cannot_change_once_the_library_is_loaded()
    {
        _ = NativeMethods.neuralode_abi_version();

        var exception = Assert.Throws<InvalidOperationException>(() => NativeLibraryLoader.ExplicitPath = "/late/libneuralode.so");

        Assert.Contains("/late/libneuralode.so", exception.Message, StringComparison.Ordinal);
    }
}
