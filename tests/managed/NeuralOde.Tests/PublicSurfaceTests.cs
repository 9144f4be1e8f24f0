using System.Reflection;
using System.Runtime.InteropServices;

namespace NeuralOde.Tests;

public sealed class PublicSurfaceTests
{
    [Fact]
    public void No_native_pointer_or_handle_is_public()
    {
        var exposed = typeof(Tensor).Assembly.GetExportedTypes()
            .SelectMany(type => type.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly))
            .Where(member => TypesOf(member).Any(IsNative))
            .Select(member => $"{member.DeclaringType}.{member.Name}");

        Assert.Empty(exposed);
    }

    [Fact]
    public void Everything_that_owns_native_memory_is_disposable_and_has_no_finalizer_of_its_own()
    {
        var owners = typeof(Tensor).Assembly.GetTypes().Where(type => type.GetFields(BindingFlags.NonPublic | BindingFlags.Instance)
            .Any(field => typeof(SafeHandle).IsAssignableFrom(field.FieldType)) && type is { IsByRefLike: false, IsNested: false });

        Assert.All(owners, type =>
        {
            Assert.True(typeof(IDisposable).IsAssignableFrom(type), type.Name);
            Assert.Null(type.GetMethod("Finalize", BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly));
        });
    }

    private static IEnumerable<Type> TypesOf(MemberInfo member) => member switch
    {
        MethodBase method => method.GetParameters().Select(parameter => parameter.ParameterType).Append((method as MethodInfo)?.ReturnType ?? typeof(void)),
        PropertyInfo property => [property.PropertyType],
        FieldInfo field => [field.FieldType],
        _ => [],
    };

    private static bool IsNative(Type type) =>
        type.IsPointer || type.IsFunctionPointer || type == typeof(nint) || type == typeof(nuint) || typeof(SafeHandle).IsAssignableFrom(type)
        || (type.HasElementType && IsNative(type.GetElementType()!)) || type.GenericTypeArguments.Any(IsNative);
}
