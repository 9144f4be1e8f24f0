using System.CommandLine;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;

namespace NeuralOde.Cli.Commands;

/// <summary><c>neuralode info</c>: what this build is and can do.</summary>
internal static class InfoCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new Command("info", "Say what this build is and what it supports.");
        command.SetAction(_ =>
        {
            var info = Read();
            terminal.Result(info, Text(info));
            return CommandLine.Fine;
        });
        return command;
    }

    private static JsonObject Read()
    {
        var info = new JsonObject
        {
            ["status"] = "success",
            ["neuralode"] = typeof(Model).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0],
            ["native"] = JsonNode.Parse(Library.Info),
            ["dotnet"] = RuntimeInformation.FrameworkDescription,
            ["processors"] = Environment.ProcessorCount,
            ["models"] = Names(Model.Names),
            ["solvers"] = Names(SolverNames.Solvers),
            ["gradients"] = Names(SolverNames.Gradients),
        };
        return info;
    }

    private static JsonArray Names(IEnumerable<string> names) => [.. names.Select(name => JsonValue.Create(name))];

    private static string Text(JsonObject info)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in info.Where(pair => pair.Key != "status")) Append(text, name, value);
        return text.ToString();
    }

    private static void Append(StringBuilder text, string name, JsonNode? value)
    {
        if (value is JsonObject inner)
        {
            foreach (var (key, item) in inner) Append(text, $"{name}.{key}", item);
            return;
        }
        var shown = value is JsonArray list ? string.Join(", ", list.Select(item => item?.ToString())) : value?.ToString();
        text.Append($"{name,-24} {shown}\n");
    }
}
