using System.Text.Json;

namespace NeuralOde.Tests;

public sealed class LibraryTests
{
    [Fact]
    public void Info_is_a_json_object_with_the_versions()
    {
        using var info = JsonDocument.Parse(Library.Info);

        Assert.Equal((int)Interop.NativeMethods.NEURALODE_ABI_VERSION, info.RootElement.GetProperty("abi").GetInt32());
        Assert.NotEmpty(info.RootElement.GetProperty("libtorch").GetString()!);
    }

    [Fact]
    public void The_number_of_threads_can_be_set()
    {
        var before = Library.Threads;
        Library.Threads = 1;
        Assert.Equal(1, Library.Threads);
        Library.Threads = before;

        Assert.Contains("Threads: 0 ", Assert.Throws<ArgumentOutOfRangeException>(() => Library.Threads = 0).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_library_cannot_be_changed_once_loaded()
    {
        _ = Library.Info;

        Assert.Throws<InvalidOperationException>(() => Library.Path = "/elsewhere/libneuralode.so");
    }

    [Fact]
    public void Live_objects_count_tensors_and_others()
    {
        var before = NativeObjects.Settled();
        using (var tensor = Tensor.Zeros([1]))
        using (var dynamics = Dynamics.FromFunction((_, z) => z))
        {
            Assert.Equal(new LiveObjects(before.Tensors + 1, before.Others + 1), Library.LiveObjects);
        }

        Assert.Equal(before, Library.LiveObjects);
    }

    [Fact]
    public void The_allocator_counts_bytes_and_their_peak()
    {
        TensorMemory.EnableTracking();
        var before = TensorMemory.LiveBytes;
        using (Tensor.Zeros([1024])) Assert.Equal(before + 4096, TensorMemory.LiveBytes);

        Assert.Equal(before, TensorMemory.LiveBytes);
        Assert.True(TensorMemory.PeakBytes >= before + 4096);
        TensorMemory.ResetPeak();
        Assert.Equal(before, TensorMemory.PeakBytes);
    }

    [Fact]
    public void Statuses_are_those_of_the_header() => Assert.Equal(
        Enum.GetValues<Interop.neuralode_status_code>().Select(code => (int)code), Enum.GetValues<Status>().Select(status => (int)status));

    [Fact]
    public void Enumerations_have_the_headers_values()
    {
        Same<DType, Interop.neuralode_dtype>();
        Same<GradientMethod, Interop.neuralode_gradient>();
        Same<SolverKind, Interop.neuralode_solver>();
        Same<StepSizeController, Interop.neuralode_controller>();
        Same<Reversal, Interop.neuralode_reversal>();
        Same<FailureMode, Interop.neuralode_failure>();
        Same<Stem, Interop.neuralode_stem>();
        Same<OptimizerKind, Interop.neuralode_optimizer_kind>();
        Same<ScheduleKind, Interop.neuralode_schedule_kind>();
        Same<Augmentation, Interop.neuralode_augmentation>();

        static void Same<TManaged, TNative>() where TManaged : struct, Enum where TNative : struct, Enum => Assert.Equal(
            Enum.GetValues<TNative>().Select(value => Convert.ToInt64(value)), Enum.GetValues<TManaged>().Select(value => Convert.ToInt64(value)));
    }

    [Fact]
    public unsafe void Options_default_to_the_librarys_defaults()
    {
        _ = Interop.NativeMethods.neuralode_solve_options_init((uint)sizeof(Interop.neuralode_solve_options), out var solve);
        Assert.Equal(solve, new SolverOptions().ToNative());

        _ = Interop.NativeMethods.neuralode_optimizer_options_init((uint)sizeof(Interop.neuralode_optimizer_options), out var optimizer);
        Assert.Equal(optimizer, new OptimizerOptions().ToNative());

        _ = Interop.NativeMethods.neuralode_loader_options_init((uint)sizeof(Interop.neuralode_loader_options), out var loader);
        Assert.Equal(loader, new LoaderOptions().ToNative());

        _ = Interop.NativeMethods.neuralode_synthetic_options_init((uint)sizeof(Interop.neuralode_synthetic_options), out var synthetic);
        Assert.Equal(synthetic, new SyntheticOptions().ToNative());
    }
}
