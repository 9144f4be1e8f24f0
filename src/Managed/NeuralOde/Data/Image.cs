using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>Single image files.</summary>
public static unsafe class Image
{
    /// <summary>Decodes a JPEG or PNG file, resized and cropped about its centre: (3, size, size) in Float32, pixels in [0, 1].</summary>
    /// <exception cref="NeuralOdeException">With <see cref="Status.IoError"/>: missing, or no image that can be decoded.</exception>
    public static Tensor Read(string path, long size)
    {
        Require.AtLeast(size, 1, nameof(size));
        fixed (byte* pathPointer = NativeCall.Utf8(path, nameof(path)))
        {
            NativeCall.Check(NativeMethods.neuralode_image_read(pathPointer, size, out var image));
            return Tensor.Own(image);
        }
    }
}
