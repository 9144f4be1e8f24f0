namespace NeuralOde.Interop;

internal sealed class TensorHandle(nint pointer) : NativeHandle(pointer)
{
    protected override int Destroy(nint pointer) => NativeMethods.neuralode_tensor_destroy(pointer);
}

internal sealed class TensorMapHandle(nint pointer) : NativeHandle(pointer)
{
    protected override int Destroy(nint pointer) => NativeMethods.neuralode_tensor_map_destroy(pointer);
}

internal sealed class DynamicsHandle(nint pointer) : NativeHandle(pointer)
{
    protected override int Destroy(nint pointer) => NativeMethods.neuralode_dynamics_destroy(pointer);
}

internal sealed class SolutionHandle(nint pointer) : NativeHandle(pointer)
{
    protected override int Destroy(nint pointer) => NativeMethods.neuralode_solution_destroy(pointer);
}

internal sealed class ObserverHandle(nint pointer) : NativeHandle(pointer)
{
    protected override int Destroy(nint pointer) => NativeMethods.neuralode_observer_destroy(pointer);
}

internal sealed class ModelHandle(nint pointer) : NativeHandle(pointer)
{
    protected override int Destroy(nint pointer) => NativeMethods.neuralode_model_destroy(pointer);
}

internal sealed class OptimizerHandle(nint pointer) : NativeHandle(pointer)
{
    protected override int Destroy(nint pointer) => NativeMethods.neuralode_optimizer_destroy(pointer);
}

internal sealed class GradScalerHandle(nint pointer) : NativeHandle(pointer)
{
    protected override int Destroy(nint pointer) => NativeMethods.neuralode_grad_scaler_destroy(pointer);
}

internal sealed class CheckpointHandle(nint pointer) : NativeHandle(pointer)
{
    protected override int Destroy(nint pointer) => NativeMethods.neuralode_checkpoint_destroy(pointer);
}

internal sealed class ImageFolderHandle(nint pointer) : NativeHandle(pointer)
{
    protected override int Destroy(nint pointer) => NativeMethods.neuralode_image_folder_destroy(pointer);
}

internal sealed class LoaderHandle(nint pointer) : NativeHandle(pointer)
{
    protected override int Destroy(nint pointer) => NativeMethods.neuralode_loader_destroy(pointer);
}
