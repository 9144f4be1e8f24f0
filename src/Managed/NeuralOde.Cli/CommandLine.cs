using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using NeuralOde.Cli.Commands;

namespace NeuralOde.Cli;

/// <summary>The program: commands, and what becomes of their failures.</summary>
internal static class CommandLine
{
    public const int Fine = 0;
    public const int Failed = 1;
    public const int WrongUsage = 2;

    private const string JsonOption = "--json";

    /// <summary>Runs one command line; returns the exit code: 0 fine, 1 failed, 2 wrong usage.</summary>
    public static int Run(string[] args, TextWriter output, TextWriter error)
    {
        var terminal = new Terminal(output, error, args.Contains(JsonOption));
        try
        {
            var parsed = Root(terminal).Parse(args);
            if (parsed.Action is ParseErrorAction) throw new UsageException(string.Join(" ", parsed.Errors.Select(e => e.Message)));
            return parsed.Invoke(new() { Output = output, Error = error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (UsageException e)
        {
            return terminal.Fail(WrongUsage, "usage_error", $"{e.Message} (neuralode {string.Join(' ', args.TakeWhile(a => !a.StartsWith('-')).Append("--help"))} lists the options)");
        }
        catch (ArgumentException e)
        {
            return terminal.Fail(WrongUsage, "usage_error", e.Message);
        }
        catch (NeuralOdeException e)
        {
            return terminal.Fail(Failed, Terminal.Name(e.Status), e.Message);
        }
        catch (NotSupportedException e)
        {
            return terminal.Fail(Failed, Terminal.Name(Status.Unsupported), e.Message);
        }
        catch (OperationCanceledException)
        {
            return terminal.Fail(Failed, "stopped", "stopped before the end; nothing was written");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or DllNotFoundException)
        {
            return terminal.Fail(Failed, "io_error", e.Message);
        }
    }

    /// <summary>Not a RootCommand, whose name is that of the file that the runtime starts.</summary>
    private static Command Root(Terminal terminal) => new("neuralode", "Neural ODEs trained in memory that does not grow with the number of solver steps.")
    {
        InfoCommand.Create(terminal),
        SolveCommand.Create(terminal),
        TrainCommand.Create(terminal),
        EvaluateCommand.Create(terminal),
        DataCommand.Create(terminal),
        BenchCommand.Create(terminal),
        DemoCommand.Create(terminal),
        new HelpOption(),
        new VersionOption(),
        new Option<bool>(JsonOption) { Description = "Print one JSON object on stdout, nothing else; logs and progress go to stderr.", Recursive = true },
    };
}
