using System.CommandLine;

namespace NeuralOde.Cli.Commands;

/// <summary>The options that say what a network computes in and where.</summary>
internal sealed class PrecisionArguments
{
    private static readonly IReadOnlyList<string> Names = ["fp32", "bf16", "fp16"];

    private readonly Option<string?> _precision;
    private readonly DeviceArgument _device = new();
    private readonly Option<bool> _tf32 = new("--tf32") { Description = "Let GPUs round float32 to TF32 in convolutions and matrix products. No effect on a CPU." };

    /// <param name="defaults">What holds where nothing is said.</param>
    public PrecisionArguments(string defaults) =>
        _precision = Values.Text("--precision", $"What convolutions and matrix products compute in: fp32, bf16, or on a GPU fp16 with a scaled loss; weights and states of ODE blocks stay fp32. {defaults}.", "name");

    public IEnumerable<Option> All => [_precision, _device.Option, _tf32];

    /// <summary>The precision's name on the command line.</summary>
    public static string Name(Precision precision) => Names[(int)precision];

    /// <summary>What was given, else what <paramref name="before"/> has. Refuses a device that is not here, and fp16 on a CPU.</summary>
    public TrainerOptions Read(ParseResult parsed, TrainerOptions before)
    {
        var precision = parsed.GetValue(_precision) is { } name ? (Precision)Names.ToList().IndexOf(Values.OneOf(name, "--precision", Names)) : before.Precision;
        var device = _device.Read(parsed, before.Device);
        if (precision == Precision.Float16 && device == "cpu")
            throw new UsageException("--precision: fp16 needs a GPU, and the device is cpu; use --precision bf16, or a GPU with --device cuda:0");
        return before with { Precision = precision, Device = device, AllowTf32 = parsed.GetValue(_tf32) || before.AllowTf32 };
    }
}
