"""torch.ops.neuralode and torch.classes.neuralode, and neuralode.odeint on them, against loops by backprop in float64."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import torch

import loops
import neuralode

ops, classes = torch.ops.neuralode, torch.classes.neuralode
ROUNDING = 1e-11  # of some hundred float64 operations on numbers near 1


class Perceptron(torch.nn.Module):
    """With t as an input or not, as torch.classes.neuralode.Mlp has it."""

    def __init__(self, with_time):
        super().__init__()
        self.with_time = with_time
        self.first, self.second, self.third = (torch.nn.Linear(*sizes).double() for sizes in ((3 + with_time, 5), (5, 4), (4, 3)))

    def forward(self, t, z):
        x = torch.cat([z, t.expand(z.shape[:-1]).unsqueeze(-1)], -1) if self.with_time else z
        return self.third(torch.tanh(self.second(torch.tanh(self.first(x)))))

    def mlp(self):
        layers = [self.first, self.second, self.third]
        return classes.Mlp([layer.weight for layer in layers], [layer.bias for layer in layers], self.with_time)


class Script(unittest.TestCase):
    def test_has_the_gradients_of_the_loop(self):
        f, z0, t = loops.Field(), loops.start(), loops.times(0.1, 0.5, 1.3)
        inputs = [z0, t, *f.parameters()]
        script = torch.jit.script(f)
        for solver, gradients in (("alf", ("mali", "backprop")), ("rk4", ("pnode", "aca", "reversible"))):
            loop = loops.odeint(f, z0, t, solver, 0.15)
            expected = [loop, *loops.gradients(loop, inputs)]
            for gradient in gradients:
                with self.subTest(solver=solver, gradient=gradient):
                    options = {"coupling": 1.0} if gradient == "reversible" else {}  # 1: y' = y + Psi(z), the method's own order
                    z = neuralode.odeint(script, z0, t, solver=solver, gradient=gradient, step_size=0.15, **options)
                    tolerance = ROUNDING if gradient != "reversible" else 1e-4  # steps of order 4 that differ
                    self.assertLess(loops.gap([z, *loops.gradients(z, inputs)], expected), tolerance)

    def test_from_a_file(self):
        f, z0, t = loops.Field(), loops.start(), loops.times(0.0, 1.0)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "f.pt")
            torch.jit.script(f).save(path)
            loaded = classes.TorchScript(path)
        z = ops.odeint(loaded, z0, t, step_size=0.1)
        parameters = loaded.parameters()
        self.assertEqual(set(parameters), {"c", "linear.weight", "linear.bias"})
        found = loops.gradients(z, [z0, t, parameters["c"], parameters["linear.weight"]])
        expected = loops.gradients(loops.alf(f, z0, t, 0.1), [z0, t, f.c, f.linear.weight])
        self.assertLess(loops.gap(found, expected), ROUNDING)

    def test_has_second_derivatives_by_backprop(self):
        f, z0, t = loops.Field(), loops.start(), loops.times(0.0, 1.0)

        def second(z):
            first, = torch.autograd.grad(loops.loss(z), [z0], create_graph=True)
            return torch.autograd.grad(loops.loss(first), [z0])

        z = neuralode.odeint(torch.jit.script(f), z0, t, step_size=0.25, gradient="backprop")
        self.assertLess(loops.gap(second(z), second(loops.alf(f, z0, t, 0.25))), ROUNDING)

    def test_of_several_states_takes_each_as_an_argument(self):
        class Pair(torch.nn.Module):
            def forward(self, t, x, y):
                return y, -x

        start = (torch.ones(2, dtype=torch.float64), torch.zeros(2, dtype=torch.float64))
        x, y = neuralode.odeint(torch.jit.script(Pair()), start, [0.0, 1.0], 1e-10, 1e-12, solver="dopri5")
        self.assertLess(loops.gap([x[-1], y[-1]], [torch.cos(torch.ones(2)).double(), -torch.sin(torch.ones(2)).double()]), 1e-6)

    def test_can_be_solved_inside_torchscript(self):
        @torch.jit.script
        def program(z0: torch.Tensor, t: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor):
            f = torch.classes.neuralode.Mlp([weight], [bias], False)
            return torch.ops.neuralode.odeint(f, z0, t, step_size=0.1)

        z0, layer, t = loops.start(), torch.nn.Linear(3, 3).double(), loops.times(0.0, 1.0)
        z = program(z0, t, layer.weight, layer.bias)
        expected = loops.alf(lambda t, z: layer(z), z0, t, 0.1)
        self.assertLess(loops.gap(loops.gradients(z, [z0, layer.weight]), loops.gradients(expected, [z0, layer.weight])), ROUNDING)


class Mlp(unittest.TestCase):
    def test_has_the_gradients_of_the_same_module(self):
        for with_time in (False, True):
            for solver, gradient in (("alf", "mali"), ("alf", "backprop"), ("dopri5", "pnode"), ("dopri5", "adjoint")):
                with self.subTest(with_time=with_time, solver=solver, gradient=gradient):
                    f, z0, t = Perceptron(with_time), loops.start(), loops.times(0.0, 0.4, 1.0)
                    inputs = [z0, t, *f.parameters()]
                    results = []
                    for dynamics in (f.mlp(), torch.jit.script(f)):
                        z = neuralode.odeint(dynamics, z0, t, solver=solver, gradient=gradient, step_size=0.1)
                        results.append([z, *loops.gradients(z, inputs)])
                    self.assertLess(loops.gap(*results), ROUNDING)

    def test_takes_steps_per_sample(self):
        f, z0, t = Perceptron(True), loops.start(), [0.0, 1.0]

        def rows(t, z):  # t: (batch, 1)
            x = torch.cat([z, t.expand(len(z), 1)], -1)
            return f.third(torch.tanh(f.second(torch.tanh(f.first(x)))))

        results = []
        for dynamics, parameters in ((f.mlp(), None), (rows, f.parameters())):
            z = neuralode.odeint(dynamics, z0, t, solver="dopri5", per_sample=True, parameters=parameters)
            results.append([z, *loops.gradients(z, [z0, *f.parameters()])])
        self.assertLess(loops.gap(*results), 1e-9)

    def test_leaves_frozen_layers_alone(self):
        f, z0 = Perceptron(False), loops.start()
        f.second.weight.requires_grad_(False)
        neuralode.odeint(f.mlp(), z0, [0.0, 1.0], step_size=0.1).sum().backward()
        self.assertIsNone(f.second.weight.grad)
        self.assertIsNotNone(f.third.weight.grad)

    def test_names_what_does_not_fit(self):
        w, b = torch.zeros(3, 3), torch.zeros(3)
        for weights, biases, text in (([w], [], "biases"), ([w, torch.zeros(3, 2)], [b, b], r"weights\[1\]"), ([w], [torch.zeros(2)], r"biases\[0\]"),
                                      ([torch.zeros(2, 3)], [torch.zeros(2)], "must return what it is given")):
            with self.assertRaisesRegex(RuntimeError, text):
                classes.Mlp(weights, biases)
        with self.assertRaisesRegex(RuntimeError, r"takes \(..., 3\)"):
            neuralode.odeint(classes.Mlp([w], [b]), torch.zeros(2, 4), [0.0, 1.0])


class Operators(unittest.TestCase):
    f = torch.jit.script(loops.Field())

    def test_refuse_with_a_text(self):
        z0, t, f = loops.start(), loops.times(0.0, 1.0), classes.Mlp([torch.zeros(3, 3).double()], [torch.zeros(3).double()])
        for text, call in (("solver: 'foo' is not supported by this build; supported: alf, euler", lambda: ops.odeint(f, z0, t, solver="foo")),
                           ("controller: 'x' is not supported by this build; supported: pi, i, pid", lambda: ops.odeint(f, z0, t, controller="x")),
                           ("snapshot_interval: '0' is not supported by this build; supported: none, auto", lambda: ops.odeint(f, z0, t, snapshot_interval="0")),
                           ("checkpoints: 3", lambda: ops.odeint(f, z0, t, checkpoints=3)),
                           ("max_newton_iterations", lambda: ops.odeint(f, z0, t, max_newton_iterations=2**40)),
                           ("is no dynamics", lambda: ops.odeint(3, z0, t)),
                           ("is no list of times", lambda: ops.odeint(f, z0, t[0])),
                           ("no such file", lambda: classes.TorchScript("missing.pt")),
                           ("forward", lambda: neuralode.odeint(torch.jit.script(torch.nn.Identity()), z0, t))):
            with self.subTest(text), self.assertRaisesRegex(RuntimeError, text):
                call()

    def test_solve_tells_how_it_went(self):
        solution = ops.solve(self.f._c, [loops.start()], torch.tensor(0.0), torch.tensor(1.0), step_size=0.1)
        self.assertEqual(solution.states()[0].shape, (4, 3))
        self.assertEqual(solution.statistics()["nfe_forward"], 11)
        self.assertEqual(solution.status(), (0, "", 1.0))

    def test_gradients_follow_the_solver_where_none_is_named(self):
        self.assertEqual((ops.options()["gradient"], ops.options(solver="dopri5")["gradient"]), (0, 6))

    def test_threads_differentiate_side_by_side(self):
        import threading
        z0, found = loops.start(), []
        expected, = loops.gradients(ops.odeint(self.f._c, z0, loops.times(0.0, 1.0), step_size=0.1), [z0])
        threads = [threading.Thread(target=lambda: found.extend(
            loops.gradients(ops.odeint(self.f._c, z0, loops.times(0.0, 1.0), step_size=0.1), [z0]))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertTrue(len(found) == 4 and all(torch.equal(gradient, expected) for gradient in found))


class Library(unittest.TestCase):
    """Finding and loading it. Each in a process of its own, for a library cannot be unloaded."""

    def python(self, code, **environment):
        return subprocess.run([sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, check=False)

    def test_loads_twice_and_from_two_places(self):
        with tempfile.TemporaryDirectory() as folder:
            copy = shutil.copy(neuralode.library_path, folder)
            code = (f"import torch; [torch.ops.load_library(path) for path in ({neuralode.library_path!r}, {copy!r}, {copy!r})]; "
                    "f = torch.classes.neuralode.Mlp([torch.eye(2)], [torch.zeros(2)]); "
                    "print(torch.ops.neuralode.odeint(f, torch.ones(2), torch.tensor([0., 1.]), step_size=0.1).shape)")
            done = self.python(code)
        self.assertEqual((done.returncode, done.stdout), (0, "torch.Size([2, 2])\n"), done.stderr)

    def test_names_a_libtorch_that_is_not_this_pythons(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "libneuralode.so")
            with open(path, "wb") as file:
                file.write(b"\x7fELF\0libtorch_cpu.so.99.1\0")
            done = self.python("import neuralode", NEURALODE_LIBRARY=path)
        self.assertIn("was built with another libtorch than this Python's torch", done.stderr)
        self.assertEqual(done.returncode, 1)

    def test_is_found_from_an_installed_tree(self):
        with tempfile.TemporaryDirectory() as folder:
            for part in ("share/neuralode", "lib"):
                os.makedirs(os.path.join(folder, part))
            module = shutil.copy(neuralode.__file__, os.path.join(folder, "share/neuralode"))
            library = shutil.copy(neuralode.library_path, os.path.join(folder, "lib"))
            done = self.python("import neuralode; print(neuralode.library_path)", PYTHONPATH=os.path.dirname(module), NEURALODE_LIBRARY="")
            self.assertEqual((done.stdout.strip(), done.returncode), (os.path.realpath(library), 0), done.stderr)

    def test_that_is_named_and_absent_is_an_error(self):
        environment = {**os.environ, "NEURALODE_LIBRARY": "/nowhere/libneuralode.so"}
        done = subprocess.run([sys.executable, "-c", "import neuralode"], env=environment, capture_output=True, text=True)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("is no file", done.stderr)

    def test_structs_are_those_of_the_library(self):
        import ctypes
        import json
        text = ctypes.c_char_p()
        neuralode._call("struct_layouts", ctypes.byref(text))
        layouts = json.loads(text.value)
        for struct in (neuralode._Options, neuralode._Statistics, neuralode._Value):
            layout = layouts[struct.__doc__.rstrip(".")]
            self.assertEqual({"size": ctypes.sizeof(struct), **{name: getattr(struct, name).offset for name, _ in struct._fields_}}, layout)

    def test_the_example_of_the_readme_runs(self):
        here = os.path.dirname(os.path.abspath(__file__))
        with open(os.path.join(here, "..", "..", "README.md"), encoding="utf-8") as file:
            example = re.search(r"```python\n(.*?)```", file.read(), re.DOTALL).group(1)
        done = self.python(example)
        found = [float(number) for number in re.findall(r"-?\d+\.\d+", done.stdout)]
        matrix = torch.tensor([[0.0, 1], [-1, 0]], requires_grad=True)
        z = torch.matrix_exp(matrix) @ torch.tensor([1.0, 0])
        expected = z.tolist() + torch.autograd.grad(z.sum(), matrix)[0].flatten().tolist()
        self.assertEqual(len(found), len(expected), done.stdout + done.stderr)
        self.assertLess(max(abs(a - b) for a, b in zip(found, expected)), 1e-4)  # 1000 steps of order 2 in float32

    def test_a_program_ends_well_with_tensors_left(self):
        done = self.python("import torch, neuralode; z0 = torch.ones(2, requires_grad=True); "
                           "z = neuralode.odeint(lambda t, z: -z, z0, [0., 1.]); f = torch.classes.neuralode.Mlp([torch.eye(2)], [torch.zeros(2)]); "
                           "s = neuralode.solve(f, z0, [0., 1.]); keep = [z, s]")
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
