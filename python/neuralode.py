"""Neural ODEs for PyTorch on libneuralode: gradients in memory that does not grow with the number of solver steps.

    z = neuralode.odeint(f, z0, t, rtol=1e-6, atol=1e-8)                       # alf and mali: constant memory
    z = neuralode.odeint(f, z0, t, solver="dopri5", gradient="adjoint")        # or any other of the library's

f is any callable f(t, z), such as an nn.Module, and runs as it is, driven through the library's C ABI; a scripted module, or an object of
torch.classes.neuralode, is called without Python in between. docs/python.md is the manual. One file, so that it can be copied anywhere.
"""
import contextlib
import ctypes as c
import functools
import glob
import itertools
import os
import re
import sys
import threading
import weakref

import torch
from torch.utils import dlpack

__all__ = ["odeint", "solve", "Solution", "library_path", "live_objects"]

ABI_VERSION = 4  # of the library that this file is for
_CALLBACK_FAILED = 5

# What solvers without an error estimate do in torchdiffeq when no step_size is given: one step from each time of t to the next.
_FIXED = {"euler", "midpoint", "heun", "rk4", "backward-euler", "crank-nicolson"}
_TORCHDIFFEQ_NAMES = {"adaptive_heun": "heun-euler", "heun2": "heun"}
_TORCHDIFFEQ_OPTIONS = {"first_step": "initial_step_size", "max_num_steps": "max_steps"}


# --- the library ----------------------------------------------------------------------------------------------------------------------

def _find():
    here = os.path.dirname(os.path.realpath(__file__))
    named = os.environ.get("NEURALODE_LIBRARY", "")
    if named and not os.path.isfile(named):
        raise ImportError(f"NEURALODE_LIBRARY: {named} is no file; give the path of libneuralode.so, or unset it")
    candidates = [named, os.path.join(here, "libneuralode.so"),
                  os.path.join(here, "..", "out", "lib", "libneuralode.so"),
                  *glob.glob(os.path.join(here, "..", "..", "lib*", "libneuralode.so")),
                  *glob.glob(os.path.join(here, "..", "..", "lib*", "*", "libneuralode.so"))]
    for candidate in candidates:
        if candidate and os.path.isfile(candidate):
            return os.path.realpath(candidate)
    raise ImportError("libneuralode.so not found: set NEURALODE_LIBRARY to its path, or build it (./build.sh)")


def _load(path):
    with open(path, "rb") as file:
        needed = re.search(rb"libtorch_cpu\.so[.\d]*(?=\0)", file.read())
    other = (f"{path} was built with another libtorch than this Python's torch {torch.__version__} ({os.path.dirname(torch.__file__)}); build it with "
             "CMAKE_PREFIX_PATH set to what `python3 -c 'import torch; print(torch.utils.cmake_prefix_path)'` prints, or use the Python whose torch it was built with")
    try:
        if needed:
            c.CDLL(needed.group().decode(), mode=os.RTLD_NOLOAD | os.RTLD_LAZY)  # loaded with torch, or it is another one
        torch.ops.load_library(path)
        library = c.CDLL(path)
    except OSError as error:
        raise ImportError(f"{other} ({error})") from None
    if library.neuralode_abi_version() != ABI_VERSION:
        raise ImportError(f"{path} has ABI {library.neuralode_abi_version()}, and {__file__} is for ABI {ABI_VERSION}: take both from one version")
    library.neuralode_last_error.restype = c.c_char_p
    return library


library_path = _find()
_library = _load(library_path)
_ops = torch.ops.neuralode
_ADJOINT = int(_ops.options(solver="dopri5", gradient="adjoint")["gradient"])


# --- the C ABI's structs --------------------------------------------------------------------------------------------------------------

def _fields(**groups):
    kinds = {"u32": c.c_uint32, "i32": c.c_int32, "i64": c.c_int64, "f64": c.c_double, "pointer": c.c_void_p}
    return [(name, kinds[kind.rstrip("_")]) for kind, names in groups.items() for name in names.split()]


class _Options(c.Structure):
    """neuralode_solve_options."""
    _fields_ = _fields(u32="struct_size", i32="solver gradient reversal", f64="step_size rtol atol initial_step_size eta", i64="max_steps",
                       i32_="snapshots failure", i64_="snapshot_interval", f64_="drift_tolerance", i64__="checkpoints",
                       i32__="controller adjoint_seminorm", f64__="coupling newton_tolerance", i64___="dense_jacobian_limit",
                       i32___="max_newton_iterations krylov_dimension dense_output per_sample checkpoint_stages graphs")


class _Statistics(c.Structure):
    """neuralode_statistics."""
    _fields_ = _fields(i64="steps_accepted steps_rejected nfe_forward nfe_backward snapshots", f64="reconstruction_error",
                       i64_="snapshot_bytes steps_replayed newton_iterations newton_failures jacobian_products jacobian_products_backward")


class _Value(c.Structure):
    """neuralode_value."""
    _fields_ = _fields(i32="kind reserved", i64="integer", f64="real", pointer="tensor data", i64_="count")


# --- handles, and tensors across the ABI ----------------------------------------------------------------------------------------------

def _call(name, *arguments):
    if getattr(_library, "neuralode_" + name)(*arguments) != 0:
        raise RuntimeError(_library.neuralode_last_error().decode())


class _Handle:
    """An owned handle: kind is the noun of its destroy function."""
    _as_parameter_, _destroy = None, staticmethod(lambda pointer: None)  # of one whose making was interrupted

    def __init__(self, kind, create, *arguments):
        self._as_parameter_ = c.c_void_p()
        self._destroy = getattr(_library, f"neuralode_{kind}_destroy")
        _call(create, *arguments, c.byref(self._as_parameter_))

    def __del__(self):
        self._destroy(self._as_parameter_)

    def given_away(self):
        """The pointer, for somebody who destroys it."""
        pointer, self._as_parameter_ = self._as_parameter_.value, None
        return pointer


def _array(handles):
    return (c.c_void_p * len(handles))(*(handle._as_parameter_ for handle in handles))


_capsule_new = c.pythonapi.PyCapsule_New
_capsule_new.restype, _capsule_new.argtypes = c.py_object, [c.c_void_p, c.c_char_p, c.c_void_p]
_capsule_pointer = c.pythonapi.PyCapsule_GetPointer
_capsule_pointer.restype, _capsule_pointer.argtypes = c.c_void_p, [c.py_object, c.c_char_p]
_capsule_rename = c.pythonapi.PyCapsule_SetName
_capsule_rename.restype, _capsule_rename.argtypes = c.c_int, [c.py_object, c.c_char_p]
_NEW, _USED = b"dltensor", b"used_dltensor"  # capsules borrow their names: these live as long as the module


def _native(tensor):
    """A handle that shares the tensor's memory."""
    capsule = dlpack.to_dlpack(tensor.detach())
    pointer = _capsule_pointer(capsule, _NEW)
    _capsule_rename(capsule, _USED)  # first: an interrupt between the two must not leave the memory with two owners
    return _Handle("tensor", "tensor_from_dlpack", c.c_void_p(pointer))


def _leaf(tensor, requires_grad):
    handle = _native(tensor)
    if requires_grad:
        _call("tensor_set_requires_grad", handle, 1)
    return handle


def _torch(handle):
    """A tensor that shares the memory of a handle (or of what a callback was lent); None for NULL."""
    if handle is None:
        return None
    managed = c.c_void_p()
    _call("tensor_to_dlpack", handle if isinstance(handle, _Handle) else c.c_void_p(handle), c.byref(managed))
    return dlpack.from_dlpack(_capsule_new(managed, _NEW, None))


def _detached(handle):
    """What a handle that requires gradients holds."""
    argument, result, count = _Value(kind=4, tensor=handle._as_parameter_.value), _Value(), c.c_int64()
    _call("op_call", b"aten::detach", b"", c.byref(argument), c.c_int64(1), c.byref(result), c.c_int64(1), c.byref(count))
    return _adopted(result.tensor)


def _adopted(pointer):
    """The tensor of a handle that is ours to destroy; None for NULL."""
    if not pointer:
        return None
    tensor = _torch(pointer)
    _call("tensor_destroy", c.c_void_p(pointer))
    return tensor


def _count_references():
    one = [object()].pop()
    return sys.getrefcount(one)


_ALONE = _count_references()  # what sys.getrefcount counts in _give of a tensor that nobody else holds: Pythons differ


def _give(tensors, slots):
    """Fills a callback's slots with the tensors of a list that this empties; None stays NULL. The library may write over what it is given,
    so that a tensor which somebody else holds is copied."""
    for i in reversed(range(len(tensors))):
        tensor = tensors.pop()
        if tensor is not None:
            if sys.getrefcount(tensor) > _ALONE or not _ops.holds_alone(tensor):
                tensor = tensor.detach().clone()
            slots[i] = _native(tensor).given_away()


# --- f as the library calls it ---------------------------------------------------------------------------------------------------------

_live = weakref.WeakValueDictionary()  # callbacks' user pointer -> _Problem
_numbers = itertools.count(1)


def _distinct(tensors):
    return list({id(tensor): tensor for tensor in tensors}.values())


def _depends(tensor, others):
    """Whether the tensor, which is no leaf, is computed from one of the others."""
    leaves = {id(other) for other in others}
    ends = {(other.grad_fn, other.output_nr) for other in others if other.grad_fn is not None}
    nodes, seen = [tensor.grad_fn], {None}
    while nodes:
        node = nodes.pop()
        if node in seen:
            continue
        seen.add(node)
        if id(getattr(node, "variable", None)) in leaves or any(edge in ends for edge in node.next_functions):
            return True
        nodes += [edge[0] for edge in node.next_functions]
    return False


def _reached(tensors, known):
    """A leaf that requires a gradient, is not among the known, and is reached from the tensors without passing through one that is; or None."""
    leaves = {id(tensor) for tensor in known}
    ends = {(tensor.grad_fn, tensor.output_nr) for tensor in known if tensor.grad_fn is not None}  # of one of several outputs, that one
    for tensor in tensors:
        if tensor.requires_grad and tensor.grad_fn is None and id(tensor) not in leaves:
            return tensor
    edges, seen = [(tensor.grad_fn, tensor.output_nr) for tensor in tensors], {None}
    while edges:
        edge = edges.pop()
        node = edge[0]
        if node in seen or edge in ends:
            continue
        seen.add(node)
        following = node.next_functions
        if following:
            edges += following
        else:
            leaf = getattr(node, "variable", None)
            if leaf is not None and id(leaf) not in leaves:
                return leaf
    return None


def _module_of(f):
    """(the module that f is, or is a method of, functools.partial aside, or None; whether f is the whole of it)."""
    while isinstance(f, functools.partial):
        f = f.func
    module = getattr(f, "__self__", f)
    return (module, module is f or f.__name__ == "forward") if isinstance(module, torch.nn.Module) else (None, False)


def _version(tensor):
    """How often it was changed in place; tensors of torch.inference_mode() do not know."""
    return None if tensor.is_inference() else tensor._version


class _Problem:
    """A solve with a Python f: what its callbacks need, and the handles that its backward needs."""

    def __init__(self, f, module, single, parameters, buffers, watched, options):
        """module: the one that f is, or is a method of, or None. watched: the buffers that f reads, as far as that is known."""
        self.f, self.single, self.parameters, self.options = f, single, parameters, options
        self.wants_t, self.recording, self.unchecked, self.error = False, False, False, None
        self.modes = [(part, part.training) for part in module.modules()] if module is not None else []
        self.watched = watched
        self.user = next(_numbers)
        _live[self.user] = self
        self.leaves = [_leaf(parameter, parameter.requires_grad) for parameter in parameters]
        self.buffers = [_native(buffer.view(torch.uint8) if buffer.dtype == torch.bool else buffer) for buffer in buffers]
        self.dynamics = _Handle("dynamics", "dynamics_create_callback", _eval, _vjp, None, c.c_void_p(self.user), _array(self.leaves),
                                c.c_int64(len(self.leaves)), _array(self.buffers), c.c_int64(len(self.buffers)))

    def evaluate(self, t, z):
        """f's result as a list that alone holds the tensors."""
        versions = [_version(tensor) for tensor in z]
        u = self.f(t, z[0] if self.single else tuple(z))
        if any(_version(tensor) != version for tensor, version in zip(z, versions)):
            raise RuntimeError("f changed z in place, which the solver still needs; make it return a new tensor")
        u = [u] if self.single else u
        if not isinstance(u, (list, tuple)) or len(u) != len(z) or not all(isinstance(tensor, torch.Tensor) for tensor in u):
            kinds = ", ".join(type(tensor).__name__ for tensor in u) if isinstance(u, (list, tuple)) else type(u).__name__
            raise TypeError(f"f returned {kinds}; it must return {'a tensor' if self.single else f'a tuple of {len(z)} tensors'} of z's shape")
        return list(u)

    def call(self, name, *arguments):
        """A native call during which f may run: an exception of f comes out as itself."""
        with _interrupts_to(self):
            status = getattr(_library, "neuralode_" + name)(*arguments)
        error, self.error = self.error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # this frame is in its traceback
        if status != 0:
            raise RuntimeError(_library.neuralode_last_error().decode())

    def solve(self, t, z0, recording, checking, wants):
        """checking: whether f must not use what it has not named. wants: of t and of every z0, whether gradients may be asked for."""
        self.unchecked, self.recording, self.wants_t = checking, recording, recording and wants[0]
        self.z0 = [_leaf(tensor, wanted) for tensor, wanted in zip(z0, wants[1:])]
        self.times = [_leaf(time.clone(), wants[0]) for time in (t[0], t[-1], t)]  # t0, t1, t_eval
        self.t = t.detach()
        handle, versions = c.c_void_p(), [_version(buffer) for buffer in self.watched]
        with torch.set_grad_enabled(recording):
            self.call("solve", self.dynamics, _array(self.z0), c.c_int64(len(z0)), *self.times, c.byref(self.options), c.byref(handle))
        # Buffers that f changes itself, such as running means, may change further.
        self.watched = [buffer for buffer, version in zip(self.watched, versions) if _version(buffer) == version]
        self.seen = self.look()
        self.solution = _Handle.__new__(_Handle)
        self.solution._as_parameter_, self.solution._destroy = handle, _library.neuralode_solution_destroy
        self.states = [_Handle("tensor", "solution_state", self.solution, c.c_int64(i)) for i in range(len(z0))]
        return tuple(_detached(state) for state in self.states)

    def status(self):
        code, text, reached = c.c_int32(), c.c_char_p(), c.c_double()
        _call("solution_status", self.solution, c.byref(code), c.byref(text), c.byref(reached))
        return code.value, text.value.decode(), reached.value

    def pull_back(self, cotangents, wanted):
        """wanted: of t, z0... and parameters..., as the result."""
        inputs = list(zip([None, *self.z0, *self.leaves], wanted))[1:]
        asked = [handle for handle, wants in inputs if wants]
        if wanted[0]:
            asked = self.times + asked
        given = [(state, _native(cotangent)) for state, cotangent in zip(self.states, cotangents) if cotangent is not None]
        states, cotangents = [state for state, _ in given], [cotangent for _, cotangent in given]
        out = (c.c_void_p * len(asked))()
        with self.same_modes():
            self.call("grad", _array(states), _array(cotangents), c.c_int64(len(given)), _array(asked), c.c_int64(len(asked)),
                      int(_ops.keeps_graph()), 0, out)
        gradients = iter([_adopted(pointer) for pointer in out])
        a_t = None
        if wanted[0]:
            a_t0, a_t1, a_t = (torch.zeros_like(like) if a is None else a for a, like in zip(itertools.islice(gradients, 3), (self.t[0], self.t[-1], self.t)))
            a_t[0] += a_t0
            a_t[-1] += a_t1
        return (a_t, *(next(gradients) if wants else None for _, wants in inputs))

    def look(self):
        """What tells whether somebody changed what f reads; versions of parameters are autograd's to check."""
        return [tensor.data_ptr() for tensor in self.parameters] + [(tensor.data_ptr(), _version(tensor)) for tensor in self.watched]

    def check_unchanged(self):
        for tensor, before, now in zip([*self.parameters, *self.watched], self.seen, self.look()):
            if before != now:
                raise RuntimeError(f"a parameter or buffer of f, of shape {list(tensor.shape)}, was changed or replaced between the solve and backward, so "
                                   "that the trajectory cannot be retraced; call backward first, or solve again")

    @contextlib.contextmanager
    def same_modes(self):
        """f's modules in training or evaluation mode as in the forward sweep."""
        now = [(module, module.training) for module, _ in self.modes]
        try:
            for module, training in self.modes:
                module.training = training
            yield
        finally:
            for module, training in now:
                module.training = training

    def first_evaluation(self, t, z):
        """As evaluate, recorded to see whether f uses a tensor whose gradient would be lost, which is an error."""
        leaves = [tensor.detach().requires_grad_(self.recording) for tensor in z]
        with torch.enable_grad():
            u = self.evaluate(t, leaves)
        self.check_leaves(u, leaves)
        return [tensor.detach() for tensor in u]

    def check_leaves(self, u, inputs):
        """Raises where u depends on a tensor that requires a gradient and is neither of the inputs nor a parameter."""
        foreign = _reached(u, [*inputs, *self.parameters])
        if foreign is not None:
            raise ValueError(f"parameters: f uses a tensor of shape {list(foreign.shape)} that requires a gradient and is not among them, so that its "
                             "gradient would be lost; list it in parameters=[...], detach it in f, or solve under torch.no_grad()")

    def linearise(self, t, z, a_u):
        """u and the cotangents of t, z and every parameter; lists that alone hold the tensors."""
        t.requires_grad_(self.wants_t)
        inputs = [tensor.requires_grad_() for tensor in z]
        inputs += [t] * self.wants_t + [parameter for parameter in self.parameters if parameter.requires_grad]
        with torch.enable_grad():
            u = self.evaluate(t, z)
        self.check_leaves(u, [*z, t])
        pairs = [(one, a.to(one.dtype)) for one, a in zip(u, a_u) if one.requires_grad and a is not None]
        gradients = [None] * len(inputs)
        if pairs:
            outputs, cotangents = zip(*pairs)
            gradients = torch.autograd.grad(outputs, inputs, cotangents, allow_unused=True)
        of_parameters = iter(gradients[len(z) + self.wants_t:])
        return ([tensor.detach() for tensor in u], [gradients[len(z)]] if self.wants_t else [], list(gradients[:len(z)]),
                [next(of_parameters) if parameter.requires_grad else None for parameter in self.parameters])


@contextlib.contextmanager
def _interrupts_to(problem):
    """Ctrl-C that Python sees on entry to a callback, before its try, or in a destructor, ends the solve instead of being printed and forgotten."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = sys.unraisablehook

    def keep(raised):
        if raised.object in (_eval_body, _vjp_body) or isinstance(raised.exc_value, KeyboardInterrupt):
            problem.error = raised.exc_value
        else:
            before(raised)

    sys.unraisablehook = keep
    try:
        yield
    finally:
        sys.unraisablehook = before


def _guarded(user, body):
    problem = _live.get(user)
    if problem is None:
        return _CALLBACK_FAILED
    try:
        if problem.error is None:
            body(problem)
        return 0 if problem.error is None else _CALLBACK_FAILED  # a destructor's interrupt may have come meanwhile
    except BaseException as error:  # KeyboardInterrupt too: it is raised again when the native call is back
        if problem.error is None:
            problem.error = error
        _library.neuralode_set_last_error(f"{type(error).__name__}: {error}".encode())
        return _CALLBACK_FAILED


def _eval_body(user, t, z, count, out_u):
    def body(problem):
        first, problem.unchecked = problem.unchecked, False
        with torch.no_grad():
            evaluate = problem.first_evaluation if first else problem.evaluate
            _give(evaluate(_torch(t), [_torch(z[i]) for i in range(count)]), out_u)

    return _guarded(user, body)


def _vjp_body(user, t, z, a_u, count, parameter_count, out_u, out_a_t, out_a_z, out_a_parameters):
    def body(problem):
        lists = problem.linearise(_torch(t), [_torch(z[i]) for i in range(count)], [_torch(a_u[i]) for i in range(count)])
        for tensors, slots in zip(lists, (out_u, out_a_t, out_a_z, out_a_parameters)):
            _give(tensors, slots)

    return _guarded(user, body)


_pointers = c.POINTER(c.c_void_p)
_eval = c.CFUNCTYPE(c.c_int32, c.c_void_p, c.c_void_p, _pointers, c.c_int64, _pointers)(_eval_body)
_vjp = c.CFUNCTYPE(c.c_int32, c.c_void_p, c.c_void_p, _pointers, _pointers, c.c_int64, c.c_int64, _pointers, _pointers, _pointers, _pointers)(_vjp_body)


class _Solve(torch.autograd.Function):
    """One solve: (t, z0..., parameters...) -> states."""

    @staticmethod
    def forward(ctx, problem, recording, checking, states, t, *tensors):
        wants = ctx.needs_input_grad[4:]
        ctx.problem = problem
        ctx.set_materialize_grads(False)
        results = problem.solve(t, tensors[:states], recording, checking, wants[:states + 1])
        if problem.status()[0] != 0:
            ctx.mark_non_differentiable(*results)
        # The adjoint starts from the results, whose memory this shares with whom they are given to.
        ctx.save_for_backward(t, *tensors, *(results if problem.options.gradient == _ADJOINT else ()))
        return results

    @staticmethod
    def backward(ctx, *cotangents):
        ctx.saved_tensors  # raises where one was changed in place since, or the graph was not retained
        if all(cotangent is None for cotangent in cotangents):
            return (None,) * len(ctx.needs_input_grad)
        ctx.problem.check_unchanged()
        with torch.no_grad():
            gradients = ctx.problem.pull_back(cotangents, ctx.needs_input_grad[4:])
        if torch.is_grad_enabled():
            gradients = _Closed.apply(torch.empty(0, requires_grad=True), *gradients)
        return (None, None, None, None, *gradients)


class _Closed(torch.autograd.Function):
    """Gradients that raise when they are differentiated once more."""

    @staticmethod
    def forward(ctx, _, *gradients):
        return gradients

    @staticmethod
    def backward(ctx, *_):
        raise RuntimeError("double backward: a solve with a Python f has no second derivative; where one is needed, make f a scripted module "
                           "(torch.jit.script) and solve with gradient='backprop'")


# --- what users call -------------------------------------------------------------------------------------------------------------------

class Solution:
    """states: a tensor (times, *shape), or a tuple of them where z0 was a tuple. statistics(): a dict, the figures of the last backward
    included once one has run: steps_accepted, nfe_forward, nfe_backward, reconstruction_error, ... status(): (code, text, time reached),
    (0, "", t1) unless failure="value" was asked for and the solve could not go on."""

    def __init__(self, states, statistics, status):
        self.states, self.statistics, self.status = states, statistics, status


def _of_script(f, z0, t, options):
    solution = _ops.solve(f, list(z0), t[0], t[-1], t, **options)
    kinds = dict(_Statistics._fields_)
    return solution.states(), lambda: {name: int(x) if kinds[name] is c.c_int64 else x for name, x in solution.statistics().items()}, solution.status


def _of_callable(f, single, z0, t, parameters, buffers, options):
    module, whole = _module_of(f)
    watches = whole or buffers is not None  # the module of another method may have buffers that f does not read
    parameters = _distinct((() if module is None else module.parameters()) if parameters is None else parameters)
    buffers = _distinct((() if module is None else module.buffers()) if buffers is None else buffers)
    for parameter in parameters:
        if parameter.grad_fn is not None and _depends(parameter, [other for other in parameters if other is not parameter]):
            raise ValueError(f"parameters: the one of shape {list(parameter.shape)} is computed from another of them, whose gradient would count twice; "
                             "list only one of the two")
    fields = _Options(struct_size=c.sizeof(_Options))
    kinds = dict(_Options._fields_)
    for name, value in _ops.options(**options).items():
        setattr(fields, name, value if kinds[name] is c.c_double else int(value))
    problem = _Problem(f, module, single, parameters, buffers, buffers if watches else [], fields)
    checking = torch.is_grad_enabled() and options.get("gradient") != "none"
    recording = checking and any(tensor.requires_grad for tensor in (t, *z0, *parameters))
    with torch.set_grad_enabled(recording):
        states = _Solve.apply(problem, recording, checking, len(z0), t, *z0, *parameters)

    def statistics():
        result = _Statistics()
        _call("solution_statistics", problem.solution, c.c_uint32(c.sizeof(result)), c.byref(result))
        return {name: getattr(result, name) for name, _ in result._fields_}

    return states, statistics, problem.status


def live_objects():
    """(tensors, others): handles of the library that are alive in this process, for leak tests."""
    tensors, others = c.c_int64(), c.c_int64()
    _call("live_objects", c.byref(tensors), c.byref(others))
    return tensors.value, others.value


def solve(f, z0, t, rtol=None, atol=None, method=None, options=None, *, parameters=None, buffers=None, **keywords):
    """As odeint; returns a Solution, which knows how the solve went."""
    keywords = {**(options or {}), **keywords}
    if method is not None and keywords.get("solver") is not None:
        raise ValueError(f"method: '{method}' and solver: '{keywords['solver']}' are both given; give one")
    for theirs, ours in _TORCHDIFFEQ_OPTIONS.items():
        if theirs in keywords and ours in keywords:
            raise ValueError(f"{theirs}: another name for {ours}, which is given too; give one")
        if theirs in keywords:
            keywords[ours] = keywords.pop(theirs)
    keywords.update({name: value for name, value in (("rtol", rtol), ("atol", atol)) if value is not None})
    if method is not None:
        keywords["solver"] = _TORCHDIFFEQ_NAMES.get(method, method)
    if isinstance(keywords.get("snapshot_interval"), int):
        keywords["snapshot_interval"] = str(keywords["snapshot_interval"])
    single = isinstance(z0, torch.Tensor)
    z0 = (z0,) if single else tuple(z0)
    if isinstance(t, (list, tuple)) and any(isinstance(time, torch.Tensor) for time in t):
        t = torch.stack([torch.as_tensor(time, dtype=torch.float64) for time in t])  # keeps the graph of each
    t = t if isinstance(t, torch.Tensor) else torch.tensor(t, dtype=torch.float64)
    t = t if t.is_floating_point() else t.to(torch.float64)
    if t.dim() != 1 or len(t) < 2:
        raise ValueError(f"t: shape {list(t.shape)} is no list of times; give (times,), from t0 to t1")
    if not z0 or not all(isinstance(tensor, torch.Tensor) for tensor in z0):
        raise TypeError(f"z0: {[type(tensor).__name__ for tensor in z0]} is no state; give a tensor or a tuple of tensors")
    if keywords.get("step_size") is None and keywords.get("solver") in _FIXED:
        keywords["step_size"] = abs(float(t[-1] - t[0]))
    if isinstance(f, torch.jit.ScriptModule):
        f = f._c
    if isinstance(f, (torch._C.ScriptModule, torch._C.ScriptObject)):
        if parameters is not None or buffers is not None:
            raise ValueError("parameters, buffers: a scripted f knows its own; leave them out")
        states, statistics, status = _of_script(f, z0, t, keywords)
    elif callable(f):
        states, statistics, status = _of_callable(f, single, z0, t, parameters, buffers, keywords)
    else:
        raise TypeError(f"f: a {type(f).__name__} cannot be called; give f(t, z), a module, or a dynamics object of torch.classes.neuralode")
    return Solution(states[0] if single else tuple(states), statistics, status)


def odeint(f, z0, t, rtol=None, atol=None, method=None, options=None, *, parameters=None, buffers=None, **keywords):
    """Solves dz/dt = f(t, z), z(t[0]) = z0; returns z at every time of t: (times, *shape), or a tuple of such where z0 is a tuple.

    Differentiable with respect to z0, the parameters and t. f: as this module's text says; f(t, (z0, z1, ...)) returns a tuple where z0 is one.
    t: (times,), monotone, on the CPU; float64 keeps it exactly.
    rtol, atol, method, options: as torchdiffeq's odeint has them; method is another name for solver, and options is a dict of keywords.
    parameters, buffers: of an f that is no module, the tensors that gradients are wanted for, and those that f changes.
    keywords: solver, gradient, step_size, initial_step_size, controller, max_steps, eta, coupling, reversal, snapshot_interval, drift_tolerance,
    checkpoints, checkpoint_stages, adjoint_seminorm, newton_tolerance, dense_jacobian_limit, max_newton_iterations, krylov_dimension,
    dense_output, per_sample, failure, graphs: the names and values of the command line (`neuralode solve --help`)."""
    return solve(f, z0, t, rtol, atol, method, options, parameters=parameters, buffers=buffers, **keywords).states
