using NeuralOde;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using OdeBlock = NeuralOde.TorchSharp.OdeBlock;   // NeuralOde has one for its own tensors too
using Tensor = TorchSharp.torch.Tensor;

namespace Cifar10;

/// <summary>ResNet-18 whose residual blocks of constant width are ODE blocks dz/dt = f(z), t in [0, 1]. Zhuang et al. 2021, section 4.2.</summary>
/// <remarks>Four stages of widths 64, 128, 256, 512: the first is two ODE blocks, each later one a residual block of stride 2 and an ODE block. Names, order
/// and draws of the weights are those of NeuralOde's own model "resnet18-ode": one seed gives one network, and weights move between the two.</remarks>
internal static class ResNet18Ode
{
    public static Sequential Create(long classes, SolverOptions solver)
    {
        var layers = new List<(string, Module<Tensor, Tensor>)> { ("stem", Convolution(3, 64)), ("bn", BatchNorm2d(64)), ("relu", ReLU()) };
        void AddOde(string name, long width) => layers.AddRange([(name, new OdeBlock(new Branch(width, width), solver)), (name + "_relu", ReLU())]);

        AddOde("stage1_ode1", 64);
        AddOde("stage1_ode2", 64);
        var width = 64;
        foreach (var stage in new[] { "stage2", "stage3", "stage4" })
        {
            layers.Add((stage + "_down", new Downsample(width, 2 * width)));
            width *= 2;
            AddOde(stage + "_ode", width);
        }

        layers.AddRange([("pool", AdaptiveAvgPool2d(1)), ("flatten", Flatten()), ("head", Linear(width, classes))]);
        var model = Sequential([.. layers]);
        foreach (var (_, parameter) in model.named_parameters())
        {
            if (parameter.dim() == 4) init.kaiming_normal_(parameter, 0, init.FanInOut.FanOut, init.NonlinearityType.ReLU);   // convolutions
        }

        return model;
    }

    /// <summary>A convolution without bias that leaves the size, or with stride 2 halves it.</summary>
    private static Module<Tensor, Tensor> Convolution(long from, long to, long stride = 1, long kernel = 3) =>
        Conv2d(from, to, kernel, stride: stride, padding: kernel / 2, bias: false);

    /// <summary>bn(conv(relu(bn(conv(x))))): a residual branch, and with equal widths the right-hand side of an ODE block.</summary>
    private sealed class Branch : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> conv1, conv2, bn1, bn2;

        public Branch(long from, long to, long stride = 1) : base(nameof(Branch))
        {
            (conv1, conv2) = (Convolution(from, to, stride), Convolution(to, to));
            (bn1, bn2) = (BatchNorm2d(to), BatchNorm2d(to));
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => bn2.call(conv2.call(bn1.call(conv1.call(x)).relu_()));
    }

    /// <summary>relu(shortcut(x) + branch(x)), where width and size change, which no ODE can stand for.</summary>
    private sealed class Downsample : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> branch, shortcut, bn;

        public Downsample(long from, long to) : base(nameof(Downsample))
        {
            (branch, shortcut, bn) = (new Branch(from, to, stride: 2), Convolution(from, to, stride: 2, kernel: 1), BatchNorm2d(to));
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => branch.call(x).add_(bn.call(shortcut.call(x))).relu_();
    }
}
