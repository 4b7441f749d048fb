"""Runs the Python and C peers of the benchmark for one number of threads.

One JSON object per line comes in on stdin and one goes out on stdout for each; errors come back as
{"error": ...}. The case itself, with every peer's spelling of it, comes in "prepare" from the table in
cases.go; nothing about a case is known here. The number of threads is fixed by the environment that the Go
program sets before Python starts.

    {"op": "hello"}                                  -> versions and the state of SVML
    {"op": "prepare", "case": {...}, "n": n}         -> {"peers": [{"name": ..., "error"?: ...}]}
    {"op": "sample", "peer": name, "reps": k}        -> {"ns": total}
    {"op": "output", "peer": name, "step": s}        -> {"dtype": "f8", "data": base64 of every s-th element}
    {"op": "overhead"}                               -> {"us": {row: {peer: microseconds per call}}}
"""

import base64
import ctypes
import gc
import itertools
import json
import math
import os
import re
import sys
import time
import traceback

THREADS = int(os.environ["LANES_BENCH_THREADS"])
DTYPES = {"f64": "f8", "f32": "f4", "i64": "i8", "i32": "i4", "bool": "?"}


def load_jax():
    """JAX sizes its thread pool by the CPUs it may run on when it starts, and has no other switch."""
    cpus = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(cpus)[:THREADS])
    import jax

    jax.config.update("jax_enable_x64", True)
    jax.jit(lambda x: x + 1)(jax.numpy.zeros(1 << 20)).block_until_ready()
    for thread in os.listdir("/proc/self/task"):
        os.sched_setaffinity(int(thread), cpus)
    return jax


jax = load_jax()
import jax.numpy as jnp  # noqa: E402
import llvmlite  # noqa: E402
import numba  # noqa: E402
import numexpr  # noqa: E402
import numpy as np  # noqa: E402

numba.set_num_threads(THREADS)
numexpr.set_num_threads(THREADS)


def uniform(seed, n):
    """n values in [0, 1), the same as those of uniform in data.go."""
    with np.errstate(over="ignore"):
        z = np.arange(n, dtype=np.uint64) + np.uint64(seed) * np.uint64(1 << 40)
        z *= np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53


def aligned(n, dtype):
    """An empty array that starts on a 64-byte line: JAX shares only such, and NumPy promises less."""
    dtype = np.dtype(dtype)
    raw = np.empty(n * dtype.itemsize + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + n * dtype.itemsize].view(dtype)


def make_input(arg, seed, n, dtype):
    lo, hi = arg["lo"], arg["hi"]
    u = lo + uniform(seed, n) * (hi - lo)
    x = aligned(n, DTYPES[dtype])
    x[:] = np.floor(u) if dtype[0] == "i" else u
    return x


VIEWS = {
    "flat": lambda x: x,
    "step2": lambda x: x[::2],
    "column": lambda x: x.reshape(-1, 1),
    "row": lambda x: x.reshape(1, -1),
}


def numpy_peer(case, args, out):
    f = eval("lambda %s: %s" % (", ".join(case["names"]), case["numpy"]), vars(np) | {"np": np})
    return lambda: f(*args)


def numpy_out_peer(case, args, out):
    if not case["numpy_out"]:
        return None
    source = "def f(%s, o, t):\n    %s\n    return o\n"
    space = {"np": np}
    exec(source % (", ".join(case["names"]), "\n    ".join(case["numpy_out"].split("; "))), space)
    temporary = np.empty_like(out)
    return lambda: space["f"](*args, out, temporary)


def numexpr_peer(case, args, out):
    if not case["numexpr"]:
        return None
    operands = dict(zip(case["names"], args))
    numexpr.evaluate(case["numexpr"], operands, out=out)
    return lambda: numexpr.re_evaluate(operands)


FLAT = """def f(A, B, C, O):
    for i in prange(O.size):
        {loads}
        O[i] = {text}
"""
TABLE = """def f(A, B, C, O):
    for i in prange(O.shape[0]):
        for j in range(O.shape[1]):
            p = A[i, 0]
            q = B[0, j]
            O[i, j] = {text}
"""
compiled = {}


def numba_loop(case, fast):
    key = (case["name"], case["dtype"], fast)
    if key not in compiled:
        loads = "; ".join("%s = %s[i]" % (name, "ABC"[k]) for k, name in enumerate(case["names"]))
        source = (TABLE if "p" in case["names"] else FLAT).format(loads=loads, text=case["numba"])
        space = {name: getattr(math, name) for name in ("sin", "cos", "exp", "log", "sqrt")}
        space |= {"prange": numba.prange, "f32": np.float32}
        exec(source, space)
        flags = True if fast else {"contract"} if case["contract"] else False
        # error_model: the check for division by zero that Python wants would stop vectorisation
        compiled[key] = numba.njit(fastmath=flags, parallel=THREADS > 1, error_model="numpy")(space["f"])
    return compiled[key]


def numba_peer(fast):
    """Numba's LLVM calls SVML's high-accuracy variants (__svml_exp8_ha) unless fastmath is on."""

    def make(case, args, out):
        loop = numba_loop(case, fast)
        abc = (args + args[:1] * 2)[:3]
        loop(*abc, out)
        if case["function"]:
            found = set(re.findall(r"__svml_\w+", loop.inspect_asm(loop.signatures[-1])))
            if not found or any(name.endswith("_ha") == fast for name in found):
                raise RuntimeError("wrong SVML variant in the generated code: %s" % (sorted(found) or "none"))

        def call():
            loop(*abc, out)
            return out

        return call

    return make


def jax_peer(case, args, out):
    """JAX has no strided views of NumPy's memory, so the step is taken inside the compiled function."""
    g = eval("lambda %s: %s" % (", ".join(case["names"]), case["jax"]), vars(jnp) | {"np": np})
    strided = case["args"][0]["layout"] == "step2"
    f = jax.jit((lambda *xs: g(*(x[::2] for x in xs))) if strided else g)
    operands = [jnp.asarray(x) for x in (case["bases"] if strided else args)]
    return lambda: f(*operands).block_until_ready()


class CPeer:
    """A C loop; its samples are timed in C, so that no Python call is in them."""

    def __init__(self, library, case, bases, out):
        self.f = getattr(library, "%s_%s" % (case["name"], case["dtype"]))
        self.out = out
        self.inputs = (ctypes.c_void_p * 3)(*(x.ctypes.data for x in bases))
        self.args = (out.size, out.shape[0], ctypes.c_void_p(out.ctypes.data), self.inputs)
        self.timer = library.sample
        self.timer.restype = ctypes.c_double

    def __call__(self):
        self.f(ctypes.c_long(self.args[0]), ctypes.c_long(self.args[1]), *self.args[2:])
        return self.out

    def sample(self, reps):
        n, m, out, inputs = self.args
        return self.timer(self.f, ctypes.c_long(reps), ctypes.c_long(n), ctypes.c_long(m), out, inputs)


def c_peer(variant):
    name = "loops-%s%s.so" % (variant, "-omp" if THREADS > 1 else "")
    library = ctypes.CDLL(os.path.join(os.environ["LANES_BENCH_LOOPS"], name))
    return lambda case, args, out: CPeer(library, case, case["bases"], out)


PEERS = {
    "numpy": numpy_peer,
    "numpy-out": numpy_out_peer,
    "numexpr": numexpr_peer,
    "numba-svml": numba_peer(True),
    "numba-svml-ha": numba_peer(False),
    "jax": jax_peer,
    "c": c_peer("strict"),
    "c-fast": c_peer("fast"),
}
SERIAL = {"numpy", "numpy-out"}  # no threads of their own: they are not run when THREADS > 1
prepared = {}


def prepare(request):
    prepared.clear()
    gc.collect()
    case, n = request["case"], request["n"]
    m = math.isqrt(n)
    case["names"] = [arg["name"] for arg in case["args"]]
    lengths = {"flat": n, "step2": 2 * n, "column": m, "row": m}
    case["bases"] = [
        make_input(arg, seed, lengths[arg["layout"]], case["dtype"]) for seed, arg in enumerate(case["args"])
    ]
    args = [VIEWS[arg["layout"]](base) for arg, base in zip(case["args"], case["bases"])]
    table = case["args"][0]["layout"] == "column"
    out = aligned(m * m if table else n, DTYPES[case["result"]])
    out = out.reshape(m, m) if table else out
    report = []
    for name, make in PEERS.items():
        if name in SERIAL and THREADS > 1 or request.get("only") and name not in request["only"]:
            continue
        try:
            out[:] = 0
            peer = make(case, args, out)
            if peer is None:
                continue
            peer()
            prepared[name] = peer, out
            report.append({"name": name})
        except Exception as err:
            report.append({"name": name, "error": "%s: %s" % (type(err).__name__, err)})
    return {"peers": report}


def time_calls(f, reps):
    start = time.perf_counter_ns()
    for _ in itertools.repeat(None, reps):
        f()
    return time.perf_counter_ns() - start


def sample(request):
    peer, _ = prepared[request["peer"]]
    if isinstance(peer, CPeer):
        return {"ns": peer.sample(request["reps"])}
    return {"ns": time_calls(peer, request["reps"])}


def output(request):
    peer, out = prepared[request["peer"]]
    out[:] = 0  # what another peer left there must not count
    result = np.asarray(peer()).reshape(-1)[:: request["step"]]
    return {"dtype": result.dtype.str[1:], "data": base64.b64encode(result.tobytes()).decode()}


def overhead(request):
    """Microseconds per call on 8 elements, and for a text that was never seen: the best of a few samples."""
    a, b, o = np.ones(8), np.full(8, 2.0), np.zeros(8)
    operands = {"a": a, "b": b}
    jax_axpby, ja, jb = jax.jit(lambda a, b: 2 * a + 3 * b), jnp.asarray(a), jnp.asarray(b)
    numexpr.evaluate("2*a+3*b", operands, out=o)

    def best(f, reps=2000):
        f()
        return min(time_calls(f, reps) for _ in range(7)) / reps / 1e3

    reevaluate = best(lambda: numexpr.re_evaluate(operands))
    texts = ("(a+%d)*b-2*a+b*b-a*3+b+%d" % (k, k) for k in itertools.count(3))
    rows = {
        "call_add8": {"numpy": best(lambda: np.add(a, b, out=o))},
        "call_axpby8": {
            "numpy": best(lambda: 2 * a + 3 * b),
            "numexpr": best(lambda: numexpr.evaluate("2*a+3*b", operands, out=o)),
            "numexpr-re_evaluate": reevaluate,
            "numba": best(lambda: axpby_loop(a, b, o)),
            "jax": best(lambda: jax_axpby(ja, jb).block_until_ready()),
        },
        "compile_10ops": {"numexpr": best(lambda: numexpr.evaluate(next(texts), operands, out=o), 10)},
    }
    return {"us": rows}


@numba.njit
def axpby_loop(a, b, o):
    for i in range(o.size):
        o[i] = 2 * a[i] + 3 * b[i]


def hello(request):
    return {
        "threads": THREADS,
        "versions": {
            "python": sys.version.split()[0],
            "numpy": np.__version__,
            "numexpr": numexpr.__version__,
            "numba": numba.__version__,
            "llvmlite": llvmlite.__version__,
            "jax": jax.__version__,
        },
        "svml": bool(numba.config.USING_SVML),
    }


OPS = {f.__name__: f for f in (hello, prepare, sample, output, overhead)}


def main():
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints must not end up among the replies
    gc.disable()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = OPS[request["op"]](request)
        except Exception as err:
            reply = {"error": "%s: %s" % (type(err).__name__, err), "trace": traceback.format_exc()}
        print(json.dumps(reply), file=replies, flush=True)


if __name__ == "__main__":
    main()
