using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using NeuralOde.Interop;

namespace NeuralOde.Tests.Bindings;

/// <summary>Generated structs lie in memory as the library's compiler laid them out.</summary>
public sealed class StructLayoutTests
{
    private static readonly Type[] Structs = [.. typeof(NativeMethods).Assembly.GetTypes()
        .Where(type => type.IsValueType && !type.IsEnum && type.Name.StartsWith("neuralode_", StringComparison.Ordinal))];

    public static TheoryData<string> StructNames { get; } = [.. Structs.Select(type => type.Name).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(StructNames))]
    public void Size_and_offsets_equal_those_of_the_library(string name)
    {
        using var layouts = LibraryLayouts();
        Assert.True(layouts.RootElement.TryGetProperty(name, out var layout), $"The library reports no layout of {name}.");
        var expected = layout.EnumerateObject().ToDictionary(property => property.Name, property => property.Value.GetInt32());
        var type = Structs.Single(candidate => candidate.Name == name);

        var actual = type.GetFields(BindingFlags.Instance | BindingFlags.Public)
            .ToDictionary(field => field.Name, field => (int)Marshal.OffsetOf(type, field.Name));
        actual.Add("size", SizeOf(type));

        Assert.Equal(expected.OrderBy(pair => pair.Key, StringComparer.Ordinal), actual.OrderBy(pair => pair.Key, StringComparer.Ordinal));
    }

    [Fact]
    public void Every_struct_of_the_library_is_generated()
    {
        using var layouts = LibraryLayouts();

        var reported = layouts.RootElement.EnumerateObject().Select(property => property.Name);

        Assert.Equal(reported.Order(StringComparer.Ordinal), Structs.Select(type => type.Name).Order(StringComparer.Ordinal));
    }

    private static int SizeOf(Type type) =>
        (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;

    private static unsafe JsonDocument LibraryLayouts()
    {
        Assert.Equal((int)neuralode_status_code.NEURALODE_OK, NativeMethods.neuralode_struct_layouts(out var json));
        return JsonDocument.Parse(Marshal.PtrToStringUTF8((nint)json)!);
    }
}
