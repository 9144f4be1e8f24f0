"""Training steps by TorchDiffEqPack's MALI, torchdiffeq, a plain ResNet-18 and bare evaluations of f, in PyTorch: the work of ../steps.cpp.

usage: python3 torch_peers.py [--device cuda:0|cpu] [--quick] [--rows FILE] [--torchdiffeqpack DIR] [mlp] [conv] [resnet] [memory]

What is not installed is left out, which is said. State and gradients are float32; with bf16, f computes under autocast.
"""
import importlib
import os
import sys
from typing import Callable, List, Optional

import torch
from torch import nn

import measure
from measure import BF16, BF16_CHANNELS_LAST, FP32, TF32, Candidate, Precision, Setting
from models import BareEvaluations, Block, Dynamics, ResNet18Ode, autocast, conv_block, laid_out, mlp

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "peers"))
from peer_torchdiffeq import import_without_scipy
from peer_torchdiffeqpack import import_without_plotting

PACK, DIFFEQ, PYTORCH = "TorchDiffEqPack", "torchdiffeq", "PyTorch"


def load(name: str) -> Optional[object]:
    """The module, or None, said."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        print(f"left out: {name} ({error})")
        return None


def load_pack(folder: Optional[str]) -> Optional[Callable]:
    """TorchDiffEqPack's MALI, or None, said."""
    if folder is None:
        print("left out: TorchDiffEqPack; give its folder with --torchdiffeqpack")
        return None
    sys.path.insert(0, folder)
    import_without_plotting()
    package = load(PACK)
    return None if package is None else package.odesolve_adjoint_sym12


def pack_block(mali: Callable, steps: int) -> Block:
    def block(f: nn.Module, x: torch.Tensor) -> torch.Tensor:
        return mali(f, x, options={"method": "fixedstep_sym12async", "h": 1 / steps, "t0": 0.0, "t1": 1.0, "print_neval": False})
    return block


def diffeq_block(solve: Callable, method: str, steps: int) -> Block:
    def block(f: nn.Module, x: torch.Tensor) -> torch.Tensor:
        times = torch.tensor([0.0, 1.0], device=x.device)
        return solve(f, x, times, method=method, options={"step_size": 1 / steps})[-1]
    return block


def bare_block(evaluations: int) -> Block:
    return lambda f, x: BareEvaluations.apply(x, f, evaluations)


def blocks(pack: Optional[Callable], steps: int, torchdiffeq: Optional[object] = None) -> List[tuple]:
    """(side, method, block) of everything that is there."""
    result = [(PYTORCH, "bare evaluations of f", bare_block(steps + 1))]
    if pack is not None:
        result.append((PACK, "mali", pack_block(pack, steps)))
    if torchdiffeq is not None:
        for method in ("midpoint", "euler"):
            result.append((DIFFEQ, f"adjoint, {method}", diffeq_block(torchdiffeq.odeint_adjoint, method, steps)))
            result.append((DIFFEQ, f"backprop, {method}", diffeq_block(torchdiffeq.odeint, method, steps)))
    return result


def use(precision: Precision) -> None:
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision.tf32


def place(module: nn.Module, setting: Setting, precision: Precision) -> nn.Module:
    module.to(setting.device)
    return module.to(memory_format=torch.channels_last) if precision.channels_last else module


def block_step(block: Block, f: nn.Module, z: torch.Tensor) -> None:
    z0 = z.detach().requires_grad_(True)
    block(f, z0).backward(torch.ones_like(z0))
    f.zero_grad(set_to_none=True)


def compare_blocks(setting: Setting, work: str, net: nn.Module, shape: tuple, steps: int, precision: Precision, candidates: List[tuple],
                   rounds: int) -> bool:
    use(precision)
    f = Dynamics(place(net, setting, precision), precision)
    z = laid_out((torch.randn(shape) * 0.5).to(setting.device), precision)
    steps_of = [Candidate(side, method, lambda block=block: block_step(block, f, z)) for side, method, block in candidates]
    return measure.report(setting, work, precision, shape, steps, steps_of, rounds)


def mlp_part(setting: Setting, pack: Optional[Callable]) -> bool:
    width, hidden, batch, steps = (16, 32, 64, 5) if setting.quick else (64, 128, 1024, 50)
    import_without_scipy()
    candidates = blocks(pack, steps, load("torchdiffeq"))
    return all([compare_blocks(setting, "mlp", mlp(width, hidden), (batch, width), steps, precision, candidates, 2 * setting.rounds)
                for precision in (FP32, TF32)])


def conv_part(setting: Setting, pack: Optional[Callable]) -> bool:
    shape, steps = ((2, 64, 8, 8) if setting.quick else (128, 64, 56, 56)), 4
    return all([compare_blocks(setting, "conv", conv_block(64), shape, steps, precision, blocks(pack, steps), setting.rounds)
                for precision in (FP32, TF32, BF16_CHANNELS_LAST)])


def classifier_step(model: nn.Module, optimizer: torch.optim.Optimizer, images: torch.Tensor, labels: torch.Tensor, precision: Precision) -> None:
    with autocast(precision, images.device):
        logits = model(images)
    nn.functional.cross_entropy(logits.float(), labels).backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


def resnet_part(setting: Setting, pack: Optional[Callable]) -> bool:
    steps, batch, size, classes = (2, 2, 96, 10) if setting.quick else (2, 128, 224, 1000)
    torchvision = load("torchvision")
    good = True
    for precision in (FP32, TF32, BF16, BF16_CHANNELS_LAST):
        use(precision)
        images = laid_out(torch.randn((batch, 3, size, size)).to(setting.device), precision)
        labels = torch.randint(classes, (batch,)).to(setting.device)
        models = [(side, method, ResNet18Ode(classes, precision, block)) for side, method, block in blocks(pack, steps)]
        if torchvision is not None:
            models.append((PYTORCH, "plain ResNet-18", torchvision.models.resnet18(num_classes=classes)))
        candidates = []
        for side, method, model in models:
            place(model, setting, precision)
            optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
            candidates.append(Candidate(side, method, lambda m=model, o=optimizer: classifier_step(m, o, images, labels, precision)))
        good = measure.report(setting, "resnet18", precision, images.shape, steps, candidates, setting.rounds, batch) and good
    return good


def memory_part(setting: Setting, pack: Optional[Callable]) -> bool:
    if setting.device == "cpu" or pack is None:
        print("left out: memory; it is that of TorchDiffEqPack on a GPU")
        return True
    use(FP32)
    shape = (2, 64, 8, 8) if setting.quick else (32, 64, 56, 56)
    for steps in (4, 16, 64, 256):
        f = Dynamics(place(conv_block(shape[1]), setting, FP32), FP32)
        z = (torch.randn(shape) * 0.5).to(setting.device)
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        for _ in range(3):
            block_step(pack_block(pack, steps), f, z)
        peak, reserved = torch.cuda.max_memory_allocated() - before, torch.cuda.max_memory_reserved()
        print(f"memory     {PACK} mali {steps:4d} steps {peak:15d} bytes, {reserved:15d} reserved", flush=True)
        setting.write({"kind": "memory", "work": "conv", "precision": "fp32", "side": PACK, "method": "mali", "graphs": "",
                       "shape": "x".join(map(str, shape)), "steps": steps, "peak_bytes": peak, "reserved_bytes": reserved})
    return True


PARTS = {"mlp": mlp_part, "conv": conv_part, "resnet": resnet_part, "memory": memory_part}


def main() -> int:
    parser = measure.arguments(__doc__.splitlines()[0], list(PARTS))
    parser.add_argument("--torchdiffeqpack", metavar="DIR", help="checkout of github.com/juntang-zhuang/TorchDiffEqPack")
    given = parser.parse_args()
    chosen = measure.wanted(parser, given.parts, list(PARTS))
    on_gpu = torch.device(given.device).type == "cuda"
    if on_gpu and not torch.cuda.is_available():
        print(f"no GPU: PyTorch {torch.__version__} finds none", file=sys.stderr)
        return 1
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True
    pack = load_pack(given.torchdiffeqpack)
    setting = Setting(given.device, given.quick, given.rows, torch.cuda.synchronize if on_gpu else lambda: None)
    print(f"PyTorch {torch.__version__}, {given.device}, medians of {setting.rounds} rounds (MLP: twice as many)")
    status = measure.run({name: lambda s, part=part: part(s, pack) for name, part in PARTS.items()}, chosen, setting)
    return 1 if pack is None and given.torchdiffeqpack is not None else status


if __name__ == "__main__":
    sys.exit(main())
