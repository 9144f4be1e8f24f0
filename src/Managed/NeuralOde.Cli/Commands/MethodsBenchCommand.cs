using System.CommandLine;
using System.Text.Json.Nodes;
using NeuralOde.Cli.Bench;

namespace NeuralOde.Cli.Commands;

/// <summary><c>neuralode bench methods</c>: cost and memory of the gradient methods, by formula and measured.</summary>
internal static class MethodsBenchCommand
{
    public static Command Create(Terminal terminal)
    {
        var steps = Values.Count("--steps", "Fixed steps, 20 by default.");
        var checkpoints = Values.Count("--checkpoints", "States that pnode may keep, 3 by default.");
        var process = new ProcessArguments();
        var command = new Command("methods", "Evaluations, kept states, memory, time and gradient error of every gradient method, told by formula and measured, for an MLP, convolutions and a stiff " +
            "oscillator.")
        {
            steps, checkpoints,
        };
        foreach (var option in process.All) command.Add(option);
        command.SetAction(parsed =>
        {
            var options = new MethodsBenchOptions();
            options = new()
            {
                Steps = parsed.GetValue(steps).Check(n => n is >= 1 and <= 1 << 20, "--steps", "[1, 2^20]") ?? options.Steps,
                Checkpoints = parsed.GetValue(checkpoints).Check(n => n is >= 1 and <= 1 << 20, "--checkpoints", "[1, 2^20]") ?? options.Checkpoints,
            };
            process.Apply(parsed);
            var rows = MethodsBench.Run(options);
            terminal.Result(
                new() { ["status"] = "success", ["steps"] = options.Steps, ["checkpoints"] = options.Checkpoints, ["rows"] = Json(rows) }, MethodsBench.Table(rows));
            return CommandLine.Fine;
        });
        return command;
    }

    private static JsonArray Json(IReadOnlyList<MethodsRow> rows) => [.. rows.Select(row => new JsonObject
    {
        ["dynamics"] = row.Dynamics,
        ["solver"] = SolverNames.Of(row.Options.Solver),
        ["gradient"] = SolverNames.Of(row.Options.Gradient),
        ["adaptive"] = row.Options.StepSize is null,
        ["coupling"] = row.Options.Coupling,
        ["checkpoint_stages"] = row.Options.CheckpointStages,
        ["steps_accepted"] = row.Statistics.StepsAccepted,
        ["steps_rejected"] = row.Statistics.StepsRejected,
        ["newton_iterations"] = row.Statistics.NewtonIterations,
        ["jacobian_products"] = row.Statistics.JacobianProducts,
        ["jacobian_products_backward"] = row.Statistics.JacobianProductsBackward,
        ["predicted"] = Json(row.Predicted),
        ["measured"] = Json(row.Measured),
        ["predicted_peak_bytes"] = row.PredictedBytes,
        ["peak_bytes"] = row.PeakBytes,
        ["seconds"] = row.Seconds,
        ["gradient_error"] = Terminal.Number(row.GradientError),
    })];

    /// <summary>Null is what no formula tells.</summary>
    private static JsonObject Json(MethodCost cost) => new()
    {
        ["nfe_forward"] = cost.NfeForward,
        ["nfe_backward"] = cost.NfeBackward,
        ["steps_replayed"] = cost.StepsReplayed,
        ["snapshots"] = cost.StatesKept,
    };
}
