using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>The native library and its process-wide settings.</summary>
public static unsafe class Library
{
    /// <summary>The library file to load, to be set before anything else of this namespace is used. Null leaves the choice to the
    /// search: the environment variable NEURALODE_LIBRARY, next to the program, the runtime's default probing.</summary>
    /// <exception cref="InvalidOperationException">Set after another library was loaded.</exception>
    public static string? Path
    {
        get => NativeLibraryLoader.ExplicitPath;
        set => NativeLibraryLoader.ExplicitPath = value;
    }

    /// <summary>Waits for everything that was queued on GPUs: for taking times.</summary>
    public static void Synchronize() => NativeCall.Check(NativeMethods.neuralode_synchronize());

    /// <summary>A JSON object: version, abi, libtorch (version of the build), cxx11_abi, cuda (whether there are kernels for GPUs),
    /// gpus (that it can use), mkldnn, openmp, lapack, libtorch_configuration.</summary>
    public static string Info
    {
        get
        {
            NativeCall.Check(NativeMethods.neuralode_build_info(out var json));
            return NativeCall.Text(json);
        }
    }

    /// <summary>Threads of one operation (libtorch's intra-op pool); 1 to 1024.</summary>
    public static int Threads
    {
        get
        {
            NativeCall.Check(NativeMethods.neuralode_threads_get(out var threads));
            return threads;
        }
        set
        {
            Require.AtLeast(value, 1, nameof(Threads));
            NativeCall.Check(NativeMethods.neuralode_threads_set(value));
        }
    }

    /// <summary>Where TensorFloat-32 is allowed, for the whole process. Without effect on a CPU.</summary>
    public static Tf32 Tf32
    {
        get
        {
            NativeCall.Check(NativeMethods.neuralode_tf32_set(0, out var flags));
            NativeCall.Check(NativeMethods.neuralode_tf32_set(flags, out _));
            return (Tf32)flags;
        }
        set => NativeCall.Check(NativeMethods.neuralode_tf32_set((int)value, out _));
    }

    /// <summary>Handles of the native library alive now, in the whole process; for leak tests.</summary>
    public static LiveObjects LiveObjects
    {
        get
        {
            NativeCall.Check(NativeMethods.neuralode_live_objects(out var tensors, out var others));
            return new LiveObjects(tensors, others);
        }
    }

    /// <summary>Seeds libtorch's default generators, which random tensors and dropout draw from.</summary>
    public static void ManualSeed(ulong seed) => NativeCall.Check(NativeMethods.neuralode_manual_seed(seed));
}
