using NeuralOde.Interop;

namespace NeuralOde;

/// <summary>The images root/split/&lt;class&gt;/*.jpg|jpeg|png: classes and files in byte order of their names; class i is label i.</summary>
public sealed unsafe class ImageFolder : IDisposable
{
    private readonly ImageFolderHandle _handle;

    private ImageFolder(nint pointer)
    {
        _handle = new ImageFolderHandle(pointer);
        NativeCall.Check(NativeMethods.neuralode_image_folder_count(pointer, out var images, out var classes));
        Count = images;
        var names = new string[classes];
        for (var i = 0L; i < classes; i++)
        {
            NativeCall.Check(NativeMethods.neuralode_image_folder_class_name(pointer, i, out var name));
            names[i] = NativeCall.Text(name);
        }

        ClassNames = names;
    }

    /// <summary>Number of images.</summary>
    public long Count { get; }

    /// <summary>The classes by label.</summary>
    public IReadOnlyList<string> ClassNames { get; }

    internal ImageFolderHandle Handle => _handle;

    /// <summary>Image <paramref name="index"/>, from 0.</summary>
    public ImageEntry this[long index]
    {
        get
        {
            if (index < 0 || index >= Count) throw new ArgumentOutOfRangeException(nameof(index), index, $"index: {index} is not in [0, {Count - 1}].");
            using var self = _handle.Lend();
            NativeCall.Check(NativeMethods.neuralode_image_folder_image(self.Pointer, index, out var path, out var label));
            return new ImageEntry(NativeCall.Text(path), label);
        }
    }

    /// <summary>Lists a folder. No image is read.</summary>
    /// <param name="root">The folder that holds the splits.</param>
    /// <param name="split">The folder in it that holds the classes: "train", "test", ...</param>
    /// <exception cref="NeuralOdeException">The folder is missing, a class has no images, or there are fewer than two classes.</exception>
    public static ImageFolder Open(string root, string split = "train")
    {
        fixed (byte* rootPointer = NativeCall.Utf8(root, nameof(root)), splitPointer = NativeCall.Utf8(split, nameof(split)))
        {
            NativeCall.Check(NativeMethods.neuralode_image_folder_open(rootPointer, splitPointer, out var pointer));
            return new ImageFolder(pointer);
        }
    }

    /// <summary>Frees the list. Loaders of it go on.</summary>
    public void Dispose() => _handle.Dispose();
}
