// What a training step with MALI costs through TorchSharp dynamics, over the bare TorchSharp calls that it takes.
// bare: as many forward calls and as many (forward + autograd.grad) as the solver counts. mali: one OdeBlock.forward of N fixed steps and one autograd.grad.
// Rounds of the two alternate; the ratio is the median over rounds. Usage: MaliStep [threads = 1] [rounds = 15]
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using NeuralOde;
using NeuralOde.TorchSharp;
using TorchSharp;
using static TorchSharp.torch;
using OdeBlock = NeuralOde.TorchSharp.OdeBlock;
using Tensor = TorchSharp.torch.Tensor;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var (threads, rounds) = (Argument(0, 1), Argument(1, 15));
// glibc returns large blocks to the system at every free; both sides gain alike from keeping them.
_ = Allocator.mallopt(-3, 32 << 20);   // M_MMAP_THRESHOLD, the most that it accepts
_ = Allocator.mallopt(-1, 1 << 30);    // M_TRIM_THRESHOLD
InitializeDeviceType(DeviceType.CPU);
Library.Threads = threads;   // libtorch's, and those of a BLAS with threads of its own, which spin
Console.WriteLine($"CPU, float32, {threads} thread{(threads == 1 ? "" : "s")}, libtorch {__version__}, {rounds} rounds");
Compare("MLP 64-64-64 tanh, batch 128, 20 steps", Mlp(), [128, 64], 20, 10 * rounds);
Compare("conv-BN-ReLU x2, 16x64x32x32, 8 steps", Convolutions(), [16, 64, 32, 32], 8, rounds);
return 0;

int Argument(int index, int usual) => args.Length <= index ? usual
    : int.TryParse(args[index], out var value) && value > 0 ? value
    : throw new ArgumentException($"usage: MaliStep [threads >= 1] [rounds >= 1]; '{args[index]}' is no such number");

static nn.Module<Tensor, Tensor> Mlp() => nn.Sequential(("up", nn.Linear(64, 64)), ("act", nn.Tanh()), ("down", nn.Linear(64, 64)));

static nn.Module<Tensor, Tensor> Convolutions() => nn.Sequential(
    ("conv1", nn.Conv2d(64, 64, 3, padding: 1, bias: false)), ("norm1", nn.BatchNorm2d(64)), ("act1", nn.ReLU()),
    ("conv2", nn.Conv2d(64, 64, 3, padding: 1, bias: false)), ("norm2", nn.BatchNorm2d(64)), ("act2", nn.ReLU()));

void Compare(string name, nn.Module<Tensor, Tensor> f, long[] shape, int steps, int rounds)
{
    using var scope = NewDisposeScope();
    var block = new OdeBlock(f, new SolverOptions { StepSize = 1.0 / steps });
    var (z, cotangent) = (randn(shape) * 0.5, ones(shape));
    void Mali()
    {
        using var inner = NewDisposeScope();
        var leaf = z.detach().requires_grad_();
        autograd.grad([block.forward(leaf)], [leaf, .. f.parameters()], [cotangent]);
    }

    Mali();
    var (forward, backward) = (block.LastStatistics.NfeForward, block.LastStatistics.NfeBackward);
    void Bare()
    {
        using (no_grad())
        {
            for (var i = 0; i < forward; i++)
            {
                using var inner = NewDisposeScope();
                f.call(z);
            }
        }

        for (var i = 0; i < backward; i++)
        {
            using var inner = NewDisposeScope();
            var leaf = z.detach().requires_grad_();
            autograd.grad([f.call(leaf)], [leaf, .. f.parameters()], [cotangent]);
        }
    }

    var (bare, mali, ratios) = (new double[rounds], new double[rounds], new double[rounds]);
    for (var i = 0; i < 3; i++) Milliseconds(Bare);
    for (var i = 0; i < 3; i++) Milliseconds(Mali);
    for (var round = 0; round < rounds; round++)
    {
        (bare[round], mali[round]) = (Milliseconds(Bare), Milliseconds(Mali));
        ratios[round] = mali[round] / bare[round];
    }

    Console.WriteLine($"{name,-42}  bare {Median(bare),9:F3} ms   mali {Median(mali),9:F3} ms   mali/bare {Median(ratios):F3}");
}

static double Milliseconds(Action body)
{
    var start = Stopwatch.GetTimestamp();
    body();
    return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
}

static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

internal static partial class Allocator
{
    [LibraryImport("libc")]
    public static partial int mallopt(int parameter, int value);
}
