using CppSharp.AST;
using Type = CppSharp.AST.Type;

namespace NeuralOde.Generator;

/// <summary>The blittable C# type of a C type: a handle and void* are nint, const char* is byte*, a callback is a function
/// pointer, a pointer to anything else stays a pointer. Integers are known by their stdint.h names only, since what long and
/// its like are differs between platforms.</summary>
internal sealed class TypeNames(Declaration owner)
{
    private static readonly Dictionary<string, string> FixedWidth = new()
    {
        ["int8_t"] = "sbyte",
        ["uint8_t"] = "byte",
        ["int16_t"] = "short",
        ["uint16_t"] = "ushort",
        ["int32_t"] = "int",
        ["uint32_t"] = "uint",
        ["int64_t"] = "long",
        ["uint64_t"] = "ulong",
    };

    /// <summary>The type of a struct's field.</summary>
    public string OfField(Field field)
    {
        if (Resolve(field.Type) is ArrayType)
        {
            HeaderRules.Fail(owner, $"array field {owner.Name}.{field.Name}: use one field an element, or a pointer and a count");
        }

        if (Resolve(field.Type) is PointerType pointer && Resolve(pointer.Pointee) is FunctionType)
        {
            HeaderRules.Fail(owner, $"function-pointer field {owner.Name}.{field.Name}: pass callbacks as parameters");
        }

        return Of(field.Type);
    }

    /// <summary>The type of a parameter or a result.</summary>
    public string Of(Type type) => type switch
    {
        TypedefType { Declaration: var typedef } => OfTypedef(typedef),
        AttributedType attributed => Of(attributed.Modified.Type),
        TagType { Declaration: Class { IsIncomplete: false } structure } => structure.Name,
        PointerType pointer => OfPointer(pointer),
        DecayedType or ArrayType => Unsupported("array parameter", "a pointer"),
        BuiltinType { Type: PrimitiveType.Void } => "void",
        BuiltinType { Type: PrimitiveType.Float } => "float",
        BuiltinType { Type: PrimitiveType.Double } => "double",
        BuiltinType { Type: PrimitiveType.Bool } => Unsupported("bool", "int32_t"),
        TagType { Declaration: Enumeration e } => Unsupported($"enum {e.Name} by value", "int32_t, whose size the ABI fixes"),
        BuiltinType builtin => Unsupported($"built-in type {builtin.Type}", "a type of stdint.h, float or double"),
        _ => Unsupported(type.GetType().Name, "a type of stdint.h, float, double, void*, const char*, a struct of this ABI or a handle"),
    };

    private string OfTypedef(TypedefNameDecl typedef)
    {
        if (FixedWidth.TryGetValue(typedef.Name, out var name))
        {
            return name;
        }

        if (Folder(typedef) != Folder(owner))
        {
            return Unsupported($"type {typedef.Name}, whose size differs between platforms", "a type of stdint.h with a fixed width");
        }

        return IsHandle(typedef) ? "nint" : Of(typedef.Type);
    }

    private string OfPointer(PointerType pointer)
    {
        // A function type's name is that of the pointer to it: C# has no functions by value.
        if (Resolve(pointer.Pointee) is FunctionType function)
        {
            var types = function.Parameters.Select(p => Of(p.Type)).Append(Of(function.ReturnType.Type));
            return $"delegate* unmanaged[Cdecl]<{string.Join(", ", types)}>";
        }

        return Resolve(pointer.Pointee) switch
        {
            BuiltinType { Type: PrimitiveType.Void } => "nint",
            BuiltinType { Type: PrimitiveType.Char } when pointer.Pointee is BuiltinType => "byte*",
            TagType { Declaration: Class { IsIncomplete: true, CompleteDeclaration: null } c } =>
                Unsupported($"bare pointer to struct {c.Name}", $"a handle, typedef struct {c.Name}* <name>"),
            _ => Of(pointer.Pointee) + "*",
        };
    }

    private static bool IsHandle(TypedefNameDecl typedef) =>
        typedef.Type is PointerType pointer &&
        Resolve(pointer.Pointee) is TagType { Declaration: Class { IsIncomplete: true, CompleteDeclaration: null } };

    // The type below typedefs and attributes, except that a handle stays its typedef.
    private static Type Resolve(Type type) => type switch
    {
        TypedefType { Declaration: var typedef } when !IsHandle(typedef) => Resolve(typedef.Type),
        AttributedType attributed => Resolve(attributed.Modified.Type),
        _ => type,
    };

    private static string? Folder(Declaration declaration) => Path.GetDirectoryName(declaration.TranslationUnit.FilePath);

    private string Unsupported(string what, string remedy)
    {
        HeaderRules.Fail(owner, $"{owner.Name}: {what}: use {remedy}");
        return "";
    }
}
