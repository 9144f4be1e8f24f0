"""neuralode.odeint on Python functions, against loops by backprop. Float64: both sides make the same operations, so that what differs is rounding."""
import functools
import gc
import signal
import threading
import unittest
import weakref

import torch

import loops
import neuralode

ROUNDING = 1e-11  # of some hundred float64 operations on numbers near 1


class Gradients(unittest.TestCase):
    def agrees_with_the_loop(self, solver, gradient, t, **options):
        f, z0 = loops.Field(), loops.start()
        inputs = [z0, t, *f.parameters()]
        z = neuralode.odeint(f, z0, t, solver=solver, gradient=gradient, step_size=0.15, **options)
        expected = loops.odeint(f, z0, t, solver, 0.15)
        self.assertLess(loops.gap([z], [expected]), ROUNDING)
        self.assertLess(loops.gap(loops.gradients(z, inputs), loops.gradients(expected, inputs)), ROUNDING)

    def test_of_alf_by_every_method_are_those_of_the_loop(self):
        for gradient in ("mali", "backprop", "aca", "anode", "pnode"):
            with self.subTest(gradient):
                self.agrees_with_the_loop("alf", gradient, loops.times(0.1, 0.5, 1.3))

    def test_of_runge_kutta_methods_are_those_of_the_loop(self):
        for solver in loops.TABLEAUS:
            for gradient in ("pnode", "backprop", "aca", "anode"):
                with self.subTest(solver=solver, gradient=gradient):
                    self.agrees_with_the_loop(solver, gradient, loops.times(0.1, 0.5, 1.3))

    def test_backward_in_time_are_those_of_the_loop(self):
        for solver, gradient in (("alf", "mali"), ("rk4", "pnode")):
            with self.subTest(solver):
                self.agrees_with_the_loop(solver, gradient, loops.times(1.3, 0.5, 0.1))

    def test_with_exact_reversal_are_those_of_the_loop(self):
        self.agrees_with_the_loop("alf", "mali", loops.times(0.0, 1.0), reversal="exact")

    def test_of_adjoint_converge_to_those_of_the_loop(self):
        f, z0, t = loops.Field(), loops.start(), loops.times(0.0, 1.0)
        inputs = [z0, *f.parameters()]
        adjoint = neuralode.odeint(f, z0, t, 1e-10, 1e-12, solver="dopri5", gradient="adjoint")
        loop = loops.odeint(f, z0, t, "dopri5", 0.01)  # error about 0.01^5
        self.assertLess(loops.gap(loops.gradients(adjoint, inputs), loops.gradients(loop, inputs)), 1e-8)

    def test_of_tuples_of_states_are_those_of_the_joint_state(self):
        joined, (x0, y0), t = loops.Field(), loops.start().detach().split([1, 2], 1), loops.times(0.0, 0.7)

        def f(t, z):
            return joined(t, torch.cat(z, 1)).split([1, 2], 1)

        x0, y0 = x0.requires_grad_(), y0.requires_grad_()  # x0, y0: not contiguous
        inputs = [x0, y0, t, *joined.parameters()]
        x, y = neuralode.odeint(f, (x0, y0), t, step_size=0.1, parameters=joined.parameters())
        expected = loops.alf(joined, torch.cat([x0, y0], 1), t, 0.1)
        self.assertLess(loops.gap(loops.gradients(torch.cat([x, y], 2), inputs), loops.gradients(expected, inputs)), ROUNDING)

    def test_of_float32_are_near_those_of_float64(self):
        results = []
        for dtype in (torch.float32, torch.float64):
            f, z0 = loops.Field(dtype), loops.start(dtype)
            z = neuralode.odeint(f, z0, loops.times(0.0, 1.0), step_size=0.1)
            self.assertEqual(z.dtype, dtype)
            results.append(loops.gradients(z, [z0, *f.parameters()]))
        self.assertLess(loops.gap(*results), 1e-4)  # 10 steps, epsilon 1.2e-7, undone

    def test_reach_only_what_requires_them(self):
        f, z0 = loops.Field(), loops.start(requires_grad=False)
        f.linear.weight.requires_grad_(False)
        z = neuralode.odeint(f, z0, [0.0, 1.0], step_size=0.1)
        z.sum().backward()
        self.assertIsNone(f.linear.weight.grad)
        expected = loops.alf(f, z0, loops.times(0.0, 1.0), 0.1)
        self.assertLess(loops.gap([f.linear.bias.grad], torch.autograd.grad(expected.sum(), [f.linear.bias])), ROUNDING)

    def test_are_not_recorded_without_need(self):
        f, z0 = loops.Field(), loops.start()
        with torch.no_grad():
            self.assertFalse(neuralode.odeint(f, z0, [0.0, 1.0]).requires_grad)
        self.assertFalse(neuralode.odeint(lambda t, z: -z, z0.detach(), [0.0, 1.0]).requires_grad)
        self.assertFalse(neuralode.odeint(f, z0, [0.0, 1.0], gradient="none").requires_grad)

    def test_of_a_noncontiguous_state_and_cotangent(self):
        f = loops.Field()
        z0 = loops.start().detach().t().contiguous().t().requires_grad_()
        z = neuralode.odeint(f, z0, [0.0, 1.0], step_size=0.1)
        z.sum().backward()  # an expanded cotangent
        expected = loops.alf(f, z0, loops.times(0.0, 1.0), 0.1)
        self.assertLess(loops.gap([z0.grad], torch.autograd.grad(expected.sum(), [z0])), ROUNDING)

    def test_of_steps_per_sample(self):
        f, z0 = loops.Field(), loops.start()
        z = neuralode.odeint(f, z0, [0.0, 1.0], 1e-8, 1e-10, solver="dopri5", per_sample=True)
        expected = loops.odeint(f, z0, loops.times(0.0, 1.0), "dopri5", 0.02)
        self.assertLess(loops.gap(loops.gradients(z, [z0]), loops.gradients(expected, [z0])), 1e-6)

    def test_of_an_implicit_solver(self):
        f, z0 = loops.Field(), loops.start()
        z = neuralode.odeint(f, z0, [0.0, 1.0], 1e-7, 1e-9, solver="trbdf2")
        expected = loops.odeint(f, z0, loops.times(0.0, 1.0), "dopri5", 0.02)
        self.assertLess(loops.gap(loops.gradients(z, [z0]), loops.gradients(expected, [z0])), 1e-4)


class Graphs(unittest.TestCase):
    def test_kept_graphs_can_be_run_twice_and_others_not(self):
        f, z0 = loops.Field(), loops.start()
        z = neuralode.odeint(f, z0, [0.0, 1.0], step_size=0.1)
        first, = torch.autograd.grad(loops.loss(z), [z0], retain_graph=True)
        second, = torch.autograd.grad(loops.loss(z), [z0])
        self.assertTrue(torch.equal(first, second))
        with self.assertRaisesRegex(RuntimeError, "second time"):
            loops.gradients(z, [z0])

    def test_checkpoints_are_let_go_where_the_graph_is(self):
        f, replayed = loops.Field(), []
        for keep in (True, False):
            solution = neuralode.solve(f, loops.start(), [0.0, 3.0], solver="rk4", step_size=0.05, gradient="pnode", checkpoints=3)
            solution.states.sum().backward(retain_graph=keep)
            replayed.append(solution.statistics()["steps_replayed"])
        self.assertLess(replayed[1], replayed[0])  # their slots are free again

    def test_second_derivatives_are_refused(self):
        f, z0 = loops.Field(), loops.start()
        z = neuralode.odeint(f, z0, [0.0, 1.0], step_size=0.1)
        gradient, = torch.autograd.grad(loops.loss(z), [z0], create_graph=True)
        with self.assertRaisesRegex(RuntimeError, "double backward"):
            (gradient.sum() + z0.sum()).backward()

    def test_a_parameter_changed_in_place_since_is_an_error(self):
        f, z0 = loops.Field(), loops.start()
        z = neuralode.odeint(f, z0, [0.0, 1.0], step_size=0.1)
        with torch.no_grad():
            f.c.mul_(2)
        with self.assertRaisesRegex(RuntimeError, "modified by an inplace operation"):
            z.sum().backward()

    def test_a_result_changed_in_place_is_right_or_an_error(self):
        for gradient in ("adjoint", "pnode", "aca", "anode", "backprop"):
            with self.subTest(gradient):
                f, z0 = loops.Field(), loops.start()

                def solve():
                    return neuralode.odeint(f, z0, [0.0, 0.5, 1.0], 1e-8, 1e-10, solver="dopri5", gradient=gradient)

                expected, = torch.autograd.grad(loops.loss(2 * solve()), [z0])
                try:
                    found, = loops.gradients(solve().mul_(2), [z0])
                except RuntimeError as error:
                    self.assertIn("modified by an inplace operation", str(error))
                else:
                    self.assertTrue(torch.equal(found, expected))

    def test_a_parameter_that_is_listed_twice_counts_once(self):
        w, z0 = torch.ones((), dtype=torch.float64, requires_grad=True), loops.start()
        once, = loops.gradients(neuralode.odeint(lambda t, z: -w * z, z0, [0.0, 1.0], step_size=0.1, parameters=[w]), [w])
        twice, = loops.gradients(neuralode.odeint(lambda t, z: -w * z, z0, [0.0, 1.0], step_size=0.1, parameters=[w, w]), [w])
        self.assertTrue(torch.equal(once, twice))

    def test_a_result_without_a_cotangent_gives_no_gradient(self):
        class Nothing(torch.autograd.Function):
            @staticmethod
            def forward(ctx, z):
                return z.clone()

            @staticmethod
            def backward(ctx, _):
                return None

        z0 = loops.start()
        z = neuralode.odeint(lambda t, z: -z, z0, [0.0, 1.0], step_size=0.1)
        (Nothing.apply(z).sum() + z0.sum()).backward()
        self.assertTrue(torch.equal(z0.grad, torch.ones_like(z0)))

    def test_a_failed_solve_has_none(self):
        solution = neuralode.solve(lambda t, z: z * z, torch.ones(1, dtype=torch.float64, requires_grad=True), [0.0, 2.0], solver="dopri5", failure="value",
                                   max_steps=200)
        self.assertNotEqual(solution.status()[0], 0)
        self.assertFalse(solution.states.requires_grad)

    def test_inference_mode_records_none(self):
        f, z0 = loops.Field(), loops.start()
        with torch.inference_mode():
            z = neuralode.odeint(f, z0, [0.0, 1.0], step_size=0.1)
        self.assertFalse(z.requires_grad)
        self.assertLess(loops.gap([z], [loops.alf(f, z0, loops.times(0.0, 1.0), 0.1).detach()]), ROUNDING)

    def test_a_buffer_changed_since_or_data_replaced_is_an_error(self):
        class Decay(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.register_buffer("rate", torch.ones((), dtype=torch.float64))
                self.scale = torch.nn.Parameter(torch.ones((), dtype=torch.float64))

            def forward(self, t, z):
                return -self.scale * self.rate * z

        def change(f):
            f.rate.mul_(3)

        def replace(f):
            f.scale.data = torch.tensor(3.0, dtype=torch.float64)

        for spoil in (change, replace):
            f = Decay()
            z = neuralode.odeint(f, loops.start(), [0.0, 1.0], step_size=0.1)
            spoil(f)
            with self.assertRaisesRegex(RuntimeError, "between the solve and backward"):
                z.sum().backward()

    def test_running_statistics_may_change_between_solve_and_backward(self):
        class Normed(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.norm = torch.nn.BatchNorm1d(3).double()

            def forward(self, t, z):
                return self.norm(z)

        f, z0 = Normed(), loops.start()
        expected = loops.gradients(neuralode.odeint(f, z0, [0.0, 1.0], step_size=0.1), [z0])
        first = neuralode.odeint(f, z0, [0.0, 1.0], step_size=0.1)
        second = neuralode.odeint(f, z0, [0.0, 1.0], step_size=0.1)
        for z in (first, second):
            for keep in (True, False):
                found = torch.autograd.grad(loops.loss(z), [z0], retain_graph=keep)
                self.assertLess(loops.gap(found, expected), ROUNDING)

    def test_solves_inside_f(self):
        inner, z0 = loops.Field(), loops.start()

        def f(t, z):
            return neuralode.odeint(inner, z, [0.0, 0.1], step_size=0.1)[-1] - z

        def same(t, z):
            return loops.alf(inner, z, loops.times(0.0, 0.1), 0.1)[-1] - z

        inputs = [z0, *inner.parameters()]
        z = neuralode.odeint(f, z0, [0.0, 1.0], step_size=0.5, parameters=inner.parameters())
        expected = loops.alf(same, z0, loops.times(0.0, 1.0), 0.5)
        self.assertLess(loops.gap(loops.gradients(z, inputs), loops.gradients(expected, inputs)), ROUNDING)

    def test_threads_solve_side_by_side(self):
        f = loops.Field()
        found = {}

        def work(i):
            z0 = (loops.start(requires_grad=False) + i).requires_grad_()
            for _ in range(5):
                found[i] = loops.gradients(neuralode.odeint(f, z0, [0.0, 1.0], step_size=0.1), [z0])

        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for i in range(4):
            z0 = (loops.start(requires_grad=False) + i).requires_grad_()
            self.assertLess(loops.gap(found[i], loops.gradients(loops.alf(f, z0, loops.times(0.0, 1.0), 0.1), [z0])), ROUNDING)

    def test_nothing_stays_alive(self):
        def solve_once():
            f, z0 = loops.Field(), loops.start()
            z = neuralode.odeint(f, z0, loops.times(0.0, 0.5, 1.0), step_size=0.1)
            loops.loss(z).backward()
            neuralode.odeint(f, z0, [0.0, 1.0], step_size=0.1)  # without a backward
            with self.assertRaises(ZeroDivisionError):
                neuralode.odeint(lambda t, z: z / (1 // 0), z0, [0.0, 1.0])
            return weakref.ref(f), weakref.ref(z0)

        def tensors():
            gc.collect()
            return sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects())

        gc.disable()  # without its help
        self.addCleanup(gc.enable)
        references = solve_once()
        self.assertEqual([reference() for reference in references], [None, None])
        before, objects = tensors(), neuralode.live_objects()
        gone = [reference for _ in range(20) for reference in solve_once()]
        self.assertEqual(tensors(), before)
        self.assertEqual(neuralode.live_objects(), objects)
        self.assertEqual([reference() for reference in gone], [None] * len(gone))


class Functions(unittest.TestCase):
    """What f may be and do."""

    def agrees(self, f, parameters=(), same=None):
        z0 = loops.start()
        for gradient in ("mali", "backprop"):
            z = neuralode.odeint(f, z0, [0.0, 1.0], step_size=0.1, gradient=gradient, parameters=parameters)
            expected = loops.alf(same or f, z0, loops.times(0.0, 1.0), 0.1)
            self.assertLess(loops.gap([z, *loops.gradients(z, [z0])], [expected, *loops.gradients(expected, [z0])]), ROUNDING)

    def test_may_be_a_method_of_a_module_or_a_partial(self):
        class Model(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.field = loops.Field()

            def dynamics(self, t, z, scale=1.0):
                return scale * self.field(t, z)

        model, z0 = Model(), loops.start(requires_grad=False)
        inputs = list(model.parameters())
        expected = loops.gradients(loops.alf(model.dynamics, z0, loops.times(0.0, 1.0), 0.1), inputs)
        for f in (model.dynamics, functools.partial(model.dynamics, scale=1.0), functools.partial(model.field), model.field.forward):
            self.assertLess(loops.gap(loops.gradients(neuralode.odeint(f, z0, [0.0, 1.0], step_size=0.1), inputs), expected), ROUNDING)

    def test_may_return_what_it_was_given(self):
        self.agrees(lambda t, z: z)

    def test_may_return_a_view(self):
        self.agrees(lambda t, z: z.flip(1).transpose(0, 1).reshape(3, 4).transpose(0, 1))

    def test_may_keep_what_it_returns(self):
        kept = []

        def f(t, z):
            kept.append((-z).detach() if not z.requires_grad else -z)
            return kept[-1]

        z0 = loops.start(requires_grad=False)
        neuralode.odeint(f, z0, [0.0, 1.0], step_size=0.1)
        again = []
        loops.alf(lambda t, z: again.append(-z) or -z, z0, loops.times(0.0, 1.0), 0.1)
        self.assertLess(loops.gap([tensor.detach() for tensor in kept], again), ROUNDING)

    def test_may_keep_what_it_is_given(self):
        kept, copies = [], []
        neuralode.odeint(lambda t, z: kept.append(z) or copies.append(z.clone()) or -z, loops.start(requires_grad=False), [0.0, 1.0], step_size=0.1)
        self.assertTrue(all(torch.equal(a, b) for a, b in zip(kept, copies)))

    def test_may_ignore_the_state(self):
        self.agrees(lambda t, z: torch.ones_like(z) * torch.cos(t))

    def test_may_write_each_result_into_the_same_buffer(self):
        buffer = torch.empty(4, 3, dtype=torch.float64)
        z = neuralode.odeint(lambda t, z: torch.mul(z, -1, out=buffer), loops.start(requires_grad=False), [0.0, 1.0], step_size=0.1)
        expected = loops.alf(lambda t, z: -z, loops.start(requires_grad=False), loops.times(0.0, 1.0), 0.1)
        self.assertLess(loops.gap([z], [expected]), ROUNDING)

    def test_replays_its_random_draws(self):
        layer, z0 = torch.nn.Linear(3, 3).double(), loops.start()
        inputs = [z0, *layer.parameters()]
        for gradient in ("mali", "backprop", "pnode"):
            masks = []

            def dropping(t, z):
                mask = torch.bernoulli(torch.full_like(z, 0.5))
                masks.append(mask)
                return mask * layer(z)

            z = neuralode.odeint(dropping, z0, [0.0, 1.0], step_size=0.1, gradient=gradient, parameters=layer.parameters())
            given = iter(masks[:])
            expected = loops.alf(lambda t, z: next(given) * layer(z), z0, loops.times(0.0, 1.0), 0.1)
            self.assertEqual(len(masks), 11)
            after = torch.get_rng_state()
            self.assertLess(loops.gap(loops.gradients(z, inputs), loops.gradients(expected, inputs)), ROUNDING, gradient)
            self.assertTrue(torch.equal(after, torch.get_rng_state()))

    def test_may_have_a_state_of_any_floating_dtype_and_shape(self):
        for z0 in (torch.tensor(1.0), torch.ones(2, 0), torch.ones(2, 3, 4, dtype=torch.bfloat16), torch.ones(1, 1, dtype=torch.float64)):
            z0.requires_grad_()
            z = neuralode.odeint(lambda t, z: -z * torch.ones(()), z0, [0.0, 0.5], step_size=0.25)
            self.assertEqual((z.shape, z.dtype), ((2, *z0.shape), z0.dtype))
            z.sum().backward()
            self.assertTrue(torch.isfinite(z0.grad).all())

    def test_may_have_buffers_of_any_dtype(self):
        class Masked(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.register_buffer("mask", torch.tensor([True, False, True]))
                self.register_buffer("calls", torch.zeros((), dtype=torch.int64))

            def forward(self, t, z):
                self.calls += 1
                return -z * self.mask

        f = Masked()
        neuralode.odeint(f, loops.start(), [0.0, 1.0], step_size=0.25).sum().backward()
        self.assertEqual(int(f.calls), 5)

    def test_updates_running_statistics_once_an_evaluation(self):
        class Normed(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.norm = torch.nn.BatchNorm1d(3).double()

            def forward(self, t, z):
                return self.norm(z)

        f, z0 = Normed(), loops.start()
        solution = neuralode.solve(f, z0, [0.0, 1.0], step_size=0.1)
        self.assertEqual(int(f.norm.num_batches_tracked), solution.statistics()["nfe_forward"])
        mean = f.norm.running_mean.clone()
        f.eval()
        solution.states.sum().backward()  # in training mode, as forward was
        self.assertFalse(f.norm.training)
        self.assertTrue(torch.equal(f.norm.running_mean, mean))
        self.assertEqual(int(f.norm.num_batches_tracked), solution.statistics()["nfe_forward"])

    def test_sees_the_autocast_of_the_caller(self):
        seen = set()
        layer, z0 = torch.nn.Linear(3, 3), loops.start(torch.float32)

        def f(t, z):
            u = layer(z)
            seen.add(u.dtype)
            return u

        with torch.autocast("cpu", dtype=torch.bfloat16):
            z = neuralode.odeint(f, z0, [0.0, 1.0], step_size=0.25, parameters=layer.parameters())
        self.assertEqual(z.dtype, torch.float32)
        z.sum().backward()  # outside of autocast
        self.assertEqual(seen, {torch.bfloat16})
        self.assertTrue(torch.isfinite(z0.grad).all())


class Errors(unittest.TestCase):
    def raises(self, kind, text, f, z0=None, **options):
        z0 = loops.start() if z0 is None else z0
        with self.assertRaisesRegex(kind, text):
            neuralode.odeint(f, z0, [0.0, 1.0], **options)

    def test_an_exception_of_f_arrives_as_itself(self):
        for error in (KeyError("here"), KeyboardInterrupt(), SystemExit(3)):
            def f(t, z):
                raise error

            with self.assertRaises(type(error)) as caught:
                neuralode.odeint(f, loops.start(), [0.0, 1.0])
            self.assertIs(caught.exception, error)

    def test_an_exception_of_f_in_backward_arrives_as_itself(self):
        fails = False

        def f(t, z):
            if fails:
                raise KeyError("there")
            return -z

        z = neuralode.odeint(f, loops.start(), [0.0, 1.0], step_size=0.1)
        fails = True
        with self.assertRaisesRegex(KeyError, "there"):
            z.sum().backward()

    def test_a_solve_goes_on_after_one_that_failed(self):
        with self.assertRaises(ZeroDivisionError):
            neuralode.odeint(lambda t, z: z / (1 // 0), loops.start(), [0.0, 1.0])
        self.assertTrue(torch.isfinite(neuralode.odeint(lambda t, z: -z, loops.start(), [0.0, 1.0])).all())

    def test_an_interrupt_ends_a_solve(self):
        def interrupt(*_):
            raise KeyboardInterrupt

        before = signal.signal(signal.SIGALRM, interrupt)
        try:
            for _ in range(20):
                signal.setitimer(signal.ITIMER_REAL, 0.01)
                with self.assertRaises(KeyboardInterrupt):
                    neuralode.odeint(lambda t, z: -z, torch.zeros(3), [0.0, 1.0], step_size=1e-9, max_steps=2_000_000_000)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def test_results_of_another_shape_dtype_kind_or_number(self):
        self.raises(RuntimeError, r"\[2, 3\]", lambda t, z: z[:2])
        self.raises(RuntimeError, "Float", lambda t, z: z.float())
        self.raises(TypeError, "float; it must return a tensor of", lambda t, z: 1.0)
        self.raises(TypeError, "tuple of 2 tensors", lambda t, z: (z[0],), (loops.start(), loops.start()))

    def test_results_that_are_not_finite(self):
        self.raises(RuntimeError, "(?i)nan|not finite|infinite", lambda t, z: z * float("nan"))

    def test_a_state_changed_in_place(self):
        self.raises(RuntimeError, "in place", lambda t, z: z.mul_(2), loops.start(requires_grad=False))

    def test_a_tensor_whose_gradient_would_be_lost(self):
        w = torch.ones((), dtype=torch.float64, requires_grad=True)
        self.raises(ValueError, "list it in parameters", lambda t, z: -w * z)
        self.raises(ValueError, "list it in parameters", lambda t, z: -(2 * w) * z)
        neuralode.odeint(lambda t, z: -w * z, loops.start(), [0.0, 1.0], parameters=[w]).sum().backward()
        self.assertIsNotNone(w.grad)
        double = 2 * w
        neuralode.odeint(lambda t, z: -double * z, loops.start(), [0.0, 1.0], parameters=[double]).sum().backward()

    def test_a_tensor_whose_gradient_would_be_lost_where_nothing_else_requires_one(self):
        net, z0 = torch.nn.Linear(3, 3).double(), loops.start(requires_grad=False)
        self.raises(ValueError, "list it in parameters", lambda t, z: net(z), z0, step_size=0.1)
        self.raises(ValueError, "list it in parameters", lambda t, z: net.bias.expand(4, 3), z0, step_size=0.1)
        w = torch.zeros(4, 3, dtype=torch.float64, requires_grad=True)
        self.raises(ValueError, "list it in parameters", lambda t, z: w, z0, step_size=0.1)
        with torch.no_grad():
            neuralode.odeint(lambda t, z: net(z), z0, [0.0, 1.0], step_size=0.1)
        neuralode.odeint(lambda t, z: net(z), z0, [0.0, 1.0], step_size=0.1, gradient="none")

    def test_a_tensor_whose_gradient_would_be_lost_that_is_used_late(self):
        w = torch.ones((), dtype=torch.float64, requires_grad=True)
        z = neuralode.odeint(lambda t, z: -w * z if t > 0.5 else -z, loops.start(), [0.0, 1.0], step_size=0.1)
        with self.assertRaisesRegex(ValueError, "list it in parameters"):
            z.sum().backward()

    def test_one_of_several_results_of_an_operator_is_not_the_others(self):
        w = torch.ones(2, dtype=torch.float64, requires_grad=True)
        a, b = (w * 1).unbind()
        self.raises(ValueError, "list it in parameters", lambda t, z: -a * b * z, parameters=[a])
        neuralode.odeint(lambda t, z: -a * b * z, loops.start(), [0.0, 1.0], parameters=[a, b]).sum().backward()
        self.assertTrue((w.grad != 0).all())

    def test_parameters_of_which_one_is_computed_from_another(self):
        w = torch.ones(2, dtype=torch.float64, requires_grad=True)
        view, product = w[0], 2 * w
        self.raises(ValueError, "computed from another", lambda t, z: -w.sum() * view * z, parameters=[w, view])
        self.raises(ValueError, "computed from another", lambda t, z: -product.sum() * z, parameters=[product, product.exp()])

    def test_arguments(self):
        self.raises(RuntimeError, "solver: 'foo' is not supported by this build; supported: alf, euler", lambda t, z: z, solver="foo")
        self.raises(RuntimeError, "gradient: 'foo' is not supported", lambda t, z: z, gradient="foo")
        self.raises(RuntimeError, "eta: 0.5", lambda t, z: z, eta=0.5)
        self.raises(RuntimeError, "Unknown keyword argument 'steps'", lambda t, z: z, steps=3)
        self.raises(RuntimeError, "mali", lambda t, z: z, solver="dopri5", gradient="mali")
        self.raises(TypeError, "cannot be called", 3)
        self.raises(RuntimeError, "z0", lambda t, z: z, torch.zeros(3, dtype=torch.int64))
        for t in (torch.zeros(()), torch.zeros(1), [[0.0, 1.0]]):
            with self.assertRaisesRegex(ValueError, "list of times"):
                neuralode.odeint(lambda t, z: z, loops.start(), t)
        with self.assertRaisesRegex(RuntimeError, "out of order"):
            neuralode.odeint(lambda t, z: z, loops.start(), [0.0, 0.7, 0.5, 1.0])


class Torchdiffeq(unittest.TestCase):
    """Programs written for torchdiffeq run as they are."""

    def test_arguments_by_position_and_name(self):
        f, z0, t = loops.Field(), loops.start(), loops.times(0.0, 0.5, 1.0)
        expected = loops.odeint(f, z0, t, "rk4", 1e-2)
        for z in (neuralode.odeint(f, z0, t, 1e-9, 1e-11, "dopri5"), neuralode.odeint(f, z0, t, rtol=1e-6, atol=1e-8, method="adaptive_heun"),
                  neuralode.odeint(f, z0, t, method="rk4", options={"step_size": 1e-2})):
            self.assertLess(loops.gap([z], [expected]), 1e-5)

    def test_names_of_options(self):
        f, z0 = loops.Field(), loops.start()
        z = neuralode.odeint(f, z0, [0.0, 1.0], method="dopri5", options={"first_step": 0.1, "max_num_steps": 1000})
        self.assertTrue(torch.equal(z, neuralode.odeint(f, z0, [0.0, 1.0], solver="dopri5", initial_step_size=0.1, max_steps=1000)))
        for twice in ({"method": "rk4", "solver": "rk4"}, {"first_step": 0.1, "initial_step_size": 0.1}):
            with self.assertRaisesRegex(ValueError, "give one"):
                neuralode.odeint(f, z0, [0.0, 1.0], **twice)

    def test_times_may_be_integers_or_a_list_of_tensors(self):
        f, z0 = loops.Field(), loops.start()
        expected = neuralode.odeint(f, z0, [0.0, 1.0, 2.0], step_size=0.1)
        self.assertTrue(torch.equal(neuralode.odeint(f, z0, torch.arange(3), step_size=0.1), expected))
        end = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
        z = neuralode.odeint(f, z0, [0.0, 1.0, end], step_size=0.1)
        self.assertTrue(torch.equal(z, expected))
        self.assertTrue(torch.isfinite(loops.gradients(z, [end])[0]))

    def test_fixed_steps_go_from_time_to_time(self):
        f, z0, t = loops.Field(), loops.start(), loops.times(0.0, 0.3, 0.4, 1.0)
        self.assertLess(loops.gap([neuralode.odeint(f, z0, t, method="rk4")], [loops.odeint(f, z0, t, "rk4", 2.0)]), ROUNDING)

    def test_the_figures_of_a_solve(self):
        f, z0 = loops.Field(), loops.start()
        solution = neuralode.solve(f, z0, [0.0, 1.0], step_size=0.1)
        self.assertEqual((solution.statistics()["nfe_forward"], solution.statistics()["nfe_backward"]), (11, 0))
        solution.states.sum().backward()
        self.assertEqual(solution.statistics()["nfe_backward"], 11)
        self.assertLess(solution.statistics()["reconstruction_error"], 1e-13)
        self.assertEqual(solution.status(), (0, "", 1.0))

    def test_failures_as_values(self):
        solution = neuralode.solve(lambda t, z: z * z, torch.ones(1, dtype=torch.float64), [0.0, 2.0], solver="dopri5", failure="value", max_steps=200)
        code, text, reached = solution.status()
        self.assertNotEqual(code, 0)
        self.assertTrue(text)
        self.assertLess(reached, 1.01)  # z = 1 / (1 - t)


if __name__ == "__main__":
    unittest.main()
