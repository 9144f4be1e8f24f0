"""The few calls of the C ABI that a training step takes, through ctypes; shared by the comparisons with peers."""
import ctypes as c

SOLVERS = {"alf": 0, "euler": 1, "midpoint": 2, "heun": 3, "heun-euler": 4, "bosh3": 5, "rk4": 6, "dopri5": 7, "tsit5": 8, "dopri8": 9,
           "backward-euler": 11, "crank-nicolson": 12}
GRADIENTS = {"mali": 0, "backprop": 1, "none": 2, "adjoint": 3, "aca": 4, "anode": 5, "pnode": 6}


class Options(c.Structure):
    """neuralode_solve_options, as far as these scripts know it."""
    _fields_ = [("struct_size", c.c_uint32), ("solver", c.c_int32), ("gradient", c.c_int32), ("reversal", c.c_int32),
                ("step_size", c.c_double), ("rtol", c.c_double), ("atol", c.c_double), ("initial_step_size", c.c_double),
                ("eta", c.c_double), ("max_steps", c.c_int64), ("snapshots", c.c_int32), ("failure", c.c_int32),
                ("snapshot_interval", c.c_int64), ("drift_tolerance", c.c_double), ("checkpoints", c.c_int64),
                ("controller", c.c_int32), ("adjoint_seminorm", c.c_int32)]


class Statistics(c.Structure):
    """neuralode_statistics."""
    _fields_ = [("steps_accepted", c.c_int64), ("steps_rejected", c.c_int64), ("nfe_forward", c.c_int64), ("nfe_backward", c.c_int64),
                ("snapshots", c.c_int64), ("reconstruction_error", c.c_double), ("snapshot_bytes", c.c_int64), ("steps_replayed", c.c_int64)]


def raise_malloc_thresholds():
    """glibc hands large blocks back at every free; both sides gain alike from keeping them."""
    libc = c.CDLL("libc.so.6")
    libc.mallopt(-3, 32 << 20)  # M_MMAP_THRESHOLD, the most that it accepts
    libc.mallopt(-1, 1 << 30)  # M_TRIM_THRESHOLD


class Native:
    """The library at `path`, with statuses turned into RuntimeError."""

    def __init__(self, path):
        self.lib = c.CDLL(path)
        self.lib.neuralode_last_error.restype = c.c_char_p

    def call(self, name, *arguments):
        if getattr(self.lib, "neuralode_" + name)(*arguments) != 0:
            raise RuntimeError(name + ": " + self.lib.neuralode_last_error().decode())

    def new(self, name, *arguments):
        handle = c.c_void_p()
        self.call(name, *arguments, c.byref(handle))
        return handle

    def tensor(self, value):
        """A copy of a float32 or float64 CPU tensor."""
        import torch
        value = value.detach().contiguous()
        sizes = (c.c_int64 * value.dim())(*value.shape)
        dtype = {torch.float32: 6, torch.float64: 7}[value.dtype]
        return self.new("tensor_create", c.c_void_p(value.data_ptr()), dtype, sizes, c.c_int64(value.dim()))

    def read(self, handle, like):
        """The elements of a tensor as a PyTorch tensor of `like`'s shape and dtype."""
        result = like.detach().clone().contiguous()
        self.call("tensor_read", handle, c.c_void_p(result.data_ptr()), c.c_int64(result.numel() * result.element_size()))
        return result

    def options(self, **fields):
        """The library's defaults with `fields` of Options replaced."""
        options = Options()
        self.call("solve_options_init", c.c_uint32(c.sizeof(options)), c.byref(options))
        for name, value in fields.items():
            setattr(options, name, value)
        return options

    def parameters(self, dynamics):
        """Handles of a dynamics' parameters by name."""
        result, count = {}, c.c_int64()
        collection = self.new("dynamics_parameters", dynamics)
        self.call("tensor_map_count", collection, c.byref(count))
        for index in range(count.value):
            name = c.c_char_p()
            self.call("tensor_map_name", collection, c.c_int64(index), c.byref(name))
            result[name.value.decode()] = self.new("tensor_map_get", collection, c.c_int64(index))
        self.call("tensor_map_destroy", collection)
        return result


class TrainingStep:
    """Forward and backward of one solve from t0 to t1 of the TorchScript dynamics at `path`.

    z0: (batch, ...), float32 or float64. cotangent: dL/dz(t1), z0's shape. options: of Native.options.
    t_eval: None, or times whose last is t1: with a step_size longer than any interval they are the grid of steps.
    wrt_times: whether dL/dt0 and dL/dt1 are computed too.
    """

    def __init__(self, native, path, z0, cotangent, options, span=(0.0, 1.0), t_eval=None, wrt_times=False):
        import torch
        self.native, self.options, self.like, self.torch = native, options, z0, torch
        self.dynamics = native.new("dynamics_load_torchscript", path.encode(), b"cpu")
        self.z0 = native.tensor(z0)
        self.t0, self.t1 = (native.tensor(torch.tensor(t, dtype=torch.float64)) for t in span)
        self.parameters = native.parameters(self.dynamics)
        differentiated = [self.z0] + ([self.t0, self.t1] if wrt_times else [])
        for leaf in differentiated:
            native.call("tensor_set_requires_grad", leaf, 1)
        self.wrt_times = wrt_times
        self.inputs = differentiated + list(self.parameters.values())
        self.t_eval = None if t_eval is None else native.tensor(torch.tensor(t_eval, dtype=torch.float64))
        if t_eval is not None:
            cotangent = torch.cat([torch.zeros(len(t_eval) - 1, *z0.shape, dtype=z0.dtype), cotangent[None]])
        self.cotangent, self.end_like = native.tensor(cotangent), cotangent

    def solve(self):
        return self.native.new("solve", self.dynamics, (c.c_void_p * 1)(self.z0), c.c_int64(1), self.t0, self.t1, self.t_eval,
                               c.byref(self.options))

    def pull_back(self, state):
        """d<state, cotangent> / d(z0, t0, t1, parameters): owned handles."""
        count = len(self.inputs)
        gradients = (c.c_void_p * count)()
        self.native.call("grad", (c.c_void_p * 1)(state), (c.c_void_p * 1)(self.cotangent), c.c_int64(1),
                         (c.c_void_p * count)(*self.inputs), c.c_int64(count), 0, 0, gradients)
        return [c.c_void_p(handle) for handle in gradients]

    def step(self):
        """One training step; everything it made is freed."""
        solution = self.solve()
        state = self.native.new("solution_state", solution, c.c_int64(0))
        for handle in self.pull_back(state) + [state]:
            self.native.call("tensor_destroy", handle)
        self.native.call("solution_destroy", solution)

    def results(self):
        """A dict of z1 and z0's gradient (z0's shape), theta's by name, those of t0 and t1, and the statistics."""
        solution = self.solve()
        state = self.native.new("solution_state", solution, c.c_int64(0))
        gradients = self.pull_back(state)
        statistics = Statistics()
        self.native.call("solution_statistics", solution, c.c_uint32(c.sizeof(statistics)), c.byref(statistics))
        end = self.native.read(state, self.end_like)
        scalar = self.torch.zeros((), dtype=self.torch.float64)
        times = [self.native.read(handle, scalar) for handle in gradients[1:3]] if self.wrt_times else [None, None]
        theta = {name: self.flat(handle) for name, handle in zip(self.parameters, gradients[len(self.inputs) - len(self.parameters):])}
        result = {"z1": end[-1] if self.t_eval else end, "z0": self.native.read(gradients[0], self.like), "theta": theta,
                  "t0": times[0], "t1": times[1], "statistics": statistics}
        for handle in gradients + [state]:
            self.native.call("tensor_destroy", handle)
        self.native.call("solution_destroy", solution)
        return result

    def flat(self, handle):
        """A gradient as (elements,)."""
        size = self.like.element_size()
        info = (c.c_int64 * 2)()  # neuralode_tensor_info starts with dims, count
        self.native.call("tensor_get_info", handle, c.c_uint32(c.sizeof(info)), info)
        return self.native.read(handle, self.torch.zeros(info[1], dtype=self.torch.float32 if size == 4 else self.torch.float64))
