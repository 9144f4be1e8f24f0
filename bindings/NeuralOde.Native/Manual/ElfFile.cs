using System.Text;

namespace NeuralOde.Interop;

/// <summary>What a shared library of Linux says of itself, read from its file without loading it.</summary>
/// <param name="Name">DT_SONAME, which the loader knows it by; null if it has none.</param>
/// <param name="Needed">DT_NEEDED: the names of the libraries that it loads.</param>
/// <param name="Libtorch">Section .neuralode.libtorch: the version of libtorch that a packaged library was built for; null if it has none.</param>
internal sealed record ElfFile(string? Name, IReadOnlyList<string> Needed, string? Libtorch)
{
    /// <summary>Reads a file; null if there is none, or it is not a 64-bit little-endian ELF file.</summary>
    internal static ElfFile? TryRead(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            return Read(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or OverflowException)
        {
            return null;
        }
    }

    // Offsets, types and tags are those of elf.h: Elf64_Ehdr, Elf64_Shdr (64 bytes), Elf64_Dyn (16 bytes).
    private static ElfFile? Read(FileStream file)
    {
        var header = Bytes(file, 0, 64);
        if (!header.AsSpan(0, 6).SequenceEqual<byte>([0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1]))
        {
            return null;
        }

        byte[] Section(int index) => Bytes(file, BitConverter.ToInt64(header, 40) + (64L * index), 64);
        byte[] Contents(byte[] section) => Bytes(file, BitConverter.ToInt64(section, 24), BitConverter.ToInt64(section, 32));

        var names = Contents(Section(BitConverter.ToUInt16(header, 62)));
        string? name = null, libtorch = null;
        var needed = new List<string>();
        for (var i = 0; i < BitConverter.ToUInt16(header, 60); ++i)
        {
            var section = Section(i);
            if (BitConverter.ToInt32(section, 4) == 6) // SHT_DYNAMIC
            {
                var texts = Contents(Section(BitConverter.ToInt32(section, 40)));
                var entries = Contents(section);
                needed.AddRange(DynamicTexts(entries, texts, tag: 1)); // DT_NEEDED
                name = DynamicTexts(entries, texts, tag: 14).FirstOrDefault(); // DT_SONAME
            }
            else if (Text(names, BitConverter.ToInt32(section, 0)) == ".neuralode.libtorch")
            {
                libtorch = Encoding.UTF8.GetString(Contents(section)).Trim();
            }
        }

        return new ElfFile(name, needed, libtorch);
    }

    private static IEnumerable<string> DynamicTexts(byte[] entries, byte[] texts, long tag)
    {
        for (var at = 0; at + 16 <= entries.Length; at += 16)
        {
            if (BitConverter.ToInt64(entries, at) == tag)
            {
                yield return Text(texts, checked((int)BitConverter.ToInt64(entries, at + 8)));
            }
        }
    }

    private static string Text(byte[] texts, int offset)
    {
        var rest = texts.AsSpan(offset);
        var end = rest.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]);
    }

    private static byte[] Bytes(FileStream file, long offset, long length)
    {
        var bytes = new byte[offset >= 0 && length <= file.Length ? length : throw new EndOfStreamException()];
        file.Seek(offset, SeekOrigin.Begin);
        file.ReadExactly(bytes);
        return bytes;
    }
}
