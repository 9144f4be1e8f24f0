using System.Buffers.Binary;

namespace NeuralOde.Cli.Training;

/// <summary>Width and height of JPEG and PNG files, from their headers.</summary>
internal static class ImageHeader
{
    private const int LargeImage = 224;

    /// <summary>
    /// The size to train on: that of the images where all looked at are below 224 pixels (their median short side), else 224.
    /// </summary>
    public static long TrainingSize(ImageFolder images)
    {
        const int looks = 31;
        var step = Math.Max(1, images.Count / looks);
        var sides = new List<long>();
        for (long i = 0; i < images.Count && sides.Count < looks; i += step)
        {
            if (Read(images[i].Path) is { } size) sides.Add(Math.Min(size.Width, size.Height));
        }
        sides.Sort();
        return sides.Count == 0 || sides[^1] >= LargeImage ? LargeImage : sides[sides.Count / 2];
    }

    /// <summary>Null where the file is neither, or broken.</summary>
    public static (long Width, long Height)? Read(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            Span<byte> start = stackalloc byte[24];
            if (stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) < start.Length) return null;
            if (start is [0x89, (byte)'P', (byte)'N', (byte)'G', ..])
                return (BinaryPrimitives.ReadUInt32BigEndian(start[16..]), BinaryPrimitives.ReadUInt32BigEndian(start[20..]));
            return start is [0xFF, 0xD8, ..] ? ReadJpeg(stream) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Walks the segments to the frame header, marker C0 to CF without C4, C8 and CC.</summary>
    private static (long Width, long Height)? ReadJpeg(FileStream stream)
    {
        stream.Position = 2;
        Span<byte> segment = stackalloc byte[9];
        while (stream.ReadAtLeast(segment, segment.Length, throwOnEndOfStream: false) == segment.Length && segment[0] == 0xFF)
        {
            var marker = segment[1];
            if (marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC))
                return (BinaryPrimitives.ReadUInt16BigEndian(segment[7..]), BinaryPrimitives.ReadUInt16BigEndian(segment[5..]));
            var length = BinaryPrimitives.ReadUInt16BigEndian(segment[2..]);
            stream.Position += 2 + length - segment.Length;
        }
        return null;
    }
}
