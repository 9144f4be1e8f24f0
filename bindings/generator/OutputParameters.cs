using CppSharp.AST;

namespace NeuralOde.Generator;

/// <summary>Which parameters become C# <c>out</c>. An output is a parameter named out_* after which only outputs, or the
/// capacity of an array output, come. It becomes <c>out</c> if native code writes one value there, and stays a pointer if it
/// writes an array. Where a function takes a count, its header alone does not say which, so the table below must; a function
/// that the table forgets, and an entry without its function, stop the generator.</summary>
internal sealed class OutputParameters
{
    private const bool Array = true;
    private const bool Single = false;

    private static readonly Dictionary<string, bool> Table = new()
    {
        ["neuralode_tensor_get_sizes.out_sizes"] = Array,
        ["neuralode_grad.out_gradients"] = Array,
        ["neuralode_op_call.out_results"] = Array,
        ["neuralode_op_call.out_count"] = Single,
        ["neuralode_dynamics_create_callback.out_dynamics"] = Single,
        ["neuralode_dynamics_eval.out_u"] = Array,
        ["neuralode_solve.out_solution"] = Single,
        ["neuralode_solve_observed.out_solution"] = Single,
        ["neuralode_optimizer_create.out_optimizer"] = Single,
    };

    private readonly HashSet<string> _used = [];

    /// <summary>Whether parameter <paramref name="index"/> of the function is printed as <c>out</c>.</summary>
    public bool IsOut(Function function, int index)
    {
        var parameter = function.Parameters[index];
        if (!IsOutput(parameter))
        {
            return false;
        }

        if (parameter.Type is not PointerType { QualifiedPointee.Qualifiers.IsConst: false })
        {
            HeaderRules.Fail(function, $"{function.Name}: output {parameter.Name} must be a pointer to something that is not const");
        }

        if (!function.Parameters.Skip(index + 1).All(p => IsOutput(p) || IsCapacity(p)))
        {
            HeaderRules.Fail(function, $"{function.Name}: output {parameter.Name} comes before an input; outputs are last");
        }

        return !IsArray(function, parameter);
    }

    /// <summary>Fails if the table names a parameter that no header has.</summary>
    public void CheckTable()
    {
        var stale = Table.Keys.Where(key => !_used.Contains(key)).ToList();
        if (stale.Count > 0)
        {
            throw new HeaderException($"No header declares {string.Join(", ", stale)}: remove it from the table in OutputParameters.cs.");
        }
    }

    private bool IsArray(Function function, Parameter parameter)
    {
        var key = $"{function.Name}.{parameter.Name}";
        if (Table.TryGetValue(key, out var isArray))
        {
            _used.Add(key);
            return isArray;
        }

        if (function.Parameters.Any(IsCount))
        {
            HeaderRules.Fail(function, $"{key}: the function takes a count; " +
                "say in the table in OutputParameters.cs whether this output is one value or an array");
        }

        return false;
    }

    private static bool IsOutput(Parameter parameter) => parameter.Name.StartsWith("out_", StringComparison.Ordinal);

    private static bool IsCapacity(Parameter parameter) => parameter.Name == "capacity";

    private static bool IsCount(Parameter parameter) =>
        IsCapacity(parameter) || parameter.Name == "count" ||
        (!IsOutput(parameter) && parameter.Name.EndsWith("_count", StringComparison.Ordinal));
}
