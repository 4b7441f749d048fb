"""Runs the built command on files, on every engine of the machine, and judges what comes out.

usage: realworld.py LANES TESTDATA

Results must be equal bit for bit on all engines and thread counts; equal to NumPy bit for bit (dtype and shape too)
where + - * / sqrt, comparisons, integers and selections are concerned; and within 1 ULP of MPFR for functions. NaN
payloads and signs are not compared. Prints one line per case and exits 1 if any failed.
"""
import json
import os
import subprocess
import sys
import tempfile

import gmpy2
import numpy as np

LANES, TESTDATA = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
np.seterr(all="ignore")
failures = []


def lanes(*args, stdin=None, code=0):
    """Runs the command; returns standard output, or standard error where a failure is expected."""
    p = subprocess.run([LANES, *args], input=stdin, capture_output=True, text=True, timeout=300)
    text = " ".join(args)[:200]
    assert p.returncode == code, f"lanes {text}: exit {p.returncode}, want {code}\n{p.stderr}"
    if code == 0:
        return p.stdout
    assert p.stdout == "" and p.stderr.startswith("lanes: "), f"lanes {text}: printed {p.stdout!r}, {p.stderr!r}"
    for trace in ("goroutine", "panic", ".go:", "internal error", "BUG"):
        assert trace not in p.stderr, f"lanes {text}: {p.stderr}"
    return p.stderr


def bits(a):
    """The bits of an array, all NaNs alike."""
    if a.dtype.kind != "f":
        return a.tobytes()
    a = np.array(a)
    a[np.isnan(a)] = np.nan
    return a.tobytes()


def check(name, test):
    try:
        note = test()
        print(f"ok    {name}" + (f"  ({note})" if note else ""))
    except Exception as e:  # a failed case must not hide the next
        failures.append(name)
        print(f"FAIL  {name}\n      {type(e).__name__}: {e}", file=sys.stderr)


ENGINES = json.loads(lanes("info", "-json"))["engines"]


def evaluate(expression, variables, flags=()):
    """Evaluates on every engine and on one and several threads; returns the one result."""
    with tempfile.TemporaryDirectory() as d:
        args = []
        for name, value in variables.items():
            if isinstance(value, np.ndarray):
                np.save(f"{d}/{name}.npy", value)
                value = f"{d}/{name}.npy"
            args.append(f"{name}={value}")
        out, first = f"{d}/out.npy", None
        for engine in ENGINES:
            for threads in ("1", "3"):
                lanes("eval", "-engine", engine, "-threads", threads, "-o", out, *flags, "--", expression, *args)
                got = np.load(out)
                os.remove(out)
                if first is None:
                    first = got
                assert got.dtype == first.dtype and got.shape == first.shape and bits(got) == bits(first), \
                    f"{engine} with {threads} threads differs from {ENGINES[0]}"
        return first


def same_as_numpy(expression, variables, function):
    def test():
        got, want = evaluate(expression, variables), np.asarray(function(**variables))
        assert got.dtype == want.dtype, f"dtype {got.dtype}, NumPy {want.dtype}"
        assert got.shape == want.shape, f"shape {got.shape}, NumPy {want.shape}"
        if bits(got) != bits(want):
            wrong = np.argwhere(~((got == want) | ((got != got) & (want != want))))
            at = tuple(wrong[0]) if len(wrong) else "a zero's sign"
            raise AssertionError(f"{len(wrong)} of {got.size} differ from NumPy, first at {at}"
                                 + (f": {got[at]!r}, NumPy {want[at]!r}" if len(wrong) else ""))
    check(expression, test)


def ulps(got, exact, dtype):
    """The error of got in units in the last place of the exact value."""
    digits, least = (53, -1074) if dtype == np.float64 else (24, -149)
    exponent = gmpy2.get_exp(exact) if exact != 0 else least
    return abs(gmpy2.mpfr(float(got)) - exact) / gmpy2.exp2(max(exponent - digits, least))


def within_ulp(name, x):
    """Judges the function called name, of Lanes and of MPFR, on the values of x."""
    def test():
        got, worst = evaluate(f"{name}(x)", {"x": x}), 0
        assert got.dtype == x.dtype and got.shape == x.shape
        limit = gmpy2.mpfr(float(np.finfo(x.dtype).max))
        for v, r in zip(x.tolist(), got.tolist()):
            exact = getattr(gmpy2, name)(gmpy2.mpfr(v))
            if gmpy2.is_nan(exact) or gmpy2.is_infinite(exact) or exact == 0:
                want = float(exact)
                assert r == want or (r != r and want != want), f"{name}({v!r}) = {r!r}, MPFR {want!r}"
                assert want != 0 or np.signbit(r) == np.signbit(want), f"{name}({v!r}): the sign of zero"
                continue
            if np.isinf(r):  # right where the exact value rounds beyond the range
                assert abs(exact) > limit, f"{name}({v!r}) = {r!r}, MPFR {exact}"
                continue
            error = ulps(r, exact, x.dtype)
            worst = max(worst, error)
            assert error <= 1, f"{name}({v!r}) = {r!r}: {float(error):.3f} ULP"
        return f"{x.size} values, at most {float(worst):.4f} ULP"
    check(f"{name}(x), {x.dtype}, against MPFR", test)


def arrays(n, seed=1):
    """Random data with special values in all sorts of places."""
    r = np.random.default_rng(seed)
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -2.5e-310, 1.7e308, 1.0, -1.0]
    a, b, c = (r.uniform(-10, 10, n) * 10.0 ** r.integers(-3, 4, n) for _ in range(3))
    for x in (a, b, c):
        where = r.random(n) < 0.1
        x[where] = r.choice(special, where.sum())
    i, j = (r.integers(-1000, 1000, n) for _ in range(2))
    k = r.integers(-2**31, 2**31, n).astype(np.int32)
    return dict(a=a, b=b, c=c, i=i, j=j, k=k, f=a.astype(np.float32), g=b.astype(np.float32), m=a > b)


def numpy_cases():
    data = arrays(20011)

    def case(expression, names, function, source=data):
        same_as_numpy(expression, {n: source[n] for n in names.split()}, function)

    case("a + b", "a b", lambda a, b: a + b)
    case("a - b*c", "a b c", lambda a, b, c: a - b*c)
    case("(a + b)/(c - 1)", "a b c", lambda a, b, c: (a + b)/(c - 1))
    case("sqrt(a*a + b*b)", "a b", lambda a, b: np.sqrt(a*a + b*b))
    case("((((0.5*a+1.25)*a-0.75)*a+0.3)*a-1.1)*a+2.0", "a", lambda a: ((((0.5*a+1.25)*a-0.75)*a+0.3)*a-1.1)*a+2.0)
    case("where(a > b, a, b)", "a b", lambda a, b: np.where(a > b, a, b))
    case("a if a > 0 else b if b > 0 else -c", "a b c", lambda a, b, c: np.where(a > 0, a, np.where(b > 0, b, -c)))
    case("-1 < a <= 2.5", "a", lambda a: (-1 < a) & (a <= 2.5))
    case("a*b - 4.1*a > 2.5*b", "a b", lambda a, b: a*b - 4.1*a > 2.5*b)
    case("not (a < b) or m and b != c", "a b c m", lambda a, b, c, m: ~(a < b) | m & (b != c))
    case("abs(a) + floor(b) - ceil(c)", "a b c", lambda a, b, c: np.abs(a) + np.floor(b) - np.ceil(c))
    case("trunc(a) + rint(b)", "a b", lambda a, b: np.trunc(a) + np.rint(b))
    case("f*g + f", "f g", lambda f, g: f*g + f)
    case("2.0*f - sqrt(abs(g))/3", "f g", lambda f, g: np.float32(2)*f - np.sqrt(np.abs(g))/np.float32(3))
    case("f + a", "f a", lambda f, a: f + a)
    case("f + k", "f k", lambda f, k: f + k)
    case("i*j + k", "i j k", lambda i, j, k: i*j + k)
    case("k*k - 7", "k", lambda k: k*k - np.int32(7))
    case("i // 7 + i % 7", "i", lambda i: i // 7 + i % 7)
    case("i // j", "i j", lambda i, j: i // j)
    case("i % j", "i j", lambda i, j: i % j)
    case("i / j", "i j", lambda i, j: i / j)
    case("(i & j) ^ (i | 12) << 3", "i j", lambda i, j: (i & j) ^ (i | 12) << 3)
    case("~k >> 5", "k", lambda k: ~k >> 5)
    case("i < a", "i a", lambda i, a: i < a)
    case("float64(f) * 3 + float32(a)", "f a", lambda f, a: f.astype("f8") * 3 + a.astype("f4"))
    case("int32(i) + bool(j)", "i j", lambda i, j: i.astype("i4") + j.astype("?"))
    case("int64(clip)", "clip", lambda clip: clip.astype("i8"), dict(clip=np.linspace(-1e6, 1e6, 1001)))
    case("m + m", "m", lambda m: m + m)
    case("m * a", "m a", lambda m, a: m * a)
    case("a**2 + b**2", "a b", lambda a, b: a**2 + b**2)
    case("x = a + 1; y = x*x; y - x", "a", lambda a: (a + 1)*(a + 1) - (a + 1))
    for n in (0, 1, 2, 7, 8, 9, 63, 64, 65, 4097):
        case(f"a*b + c # {n} elements", "a b c", lambda a, b, c: a*b + c, arrays(n, seed=n))

    r = np.random.default_rng(3)
    p, q, cube = r.normal(size=(211, 1)), r.normal(size=(1, 307)), r.normal(size=(5, 211, 307))
    same_as_numpy("p + q", {"p": p, "q": q}, lambda p, q: p + q)
    same_as_numpy("cube*p - sqrt(abs(q))", {"cube": cube, "p": p, "q": q},
                  lambda cube, p, q: cube*p - np.sqrt(np.abs(q)))
    same_as_numpy("x*2 + q", {"x": np.asfortranarray(cube[0]), "q": q}, lambda x, q: x*2 + q)
    same_as_numpy("x + 1", {"x": data["a"].astype(">f8")}, lambda x: (x + 1).astype("<f8"))
    same_as_numpy("s*2 + a", {"s": np.array(3.5), "a": data["a"]}, lambda s, a: s*2 + a)
    same_as_numpy("2*a + n", {"a": data["a"], "n": 3}, lambda a, n: 2*a + n)
    big = r.normal(size=2_000_003)
    same_as_numpy("big*big - big/3", {"big": big}, lambda big: big*big - big/3)


def mpfr_cases():
    gmpy2.get_context().precision = 300
    r = np.random.default_rng(7)
    edge = [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 1.0, -1.0]
    near = np.nextafter(1.0, [0.0, 2.0]).tolist()
    wide = np.ldexp(r.uniform(1, 2, 2000), r.integers(-1074, 1024, 2000)) * r.choice([-1, 1], 2000)
    pi = [6381956970095103 * 2.0**797, *np.arange(1, 200) * (np.pi/2), *np.ldexp(np.pi, np.arange(30, 1000, 10))]
    for name, lo, hi, more in (
            ("exp", -750, 712, [709.782712893384, 709.7827128933841, -745.1332191019411, -745.1332191019412]),
            ("log", 0, 100, near), ("sin", -1000, 1000, pi), ("cos", -1000, 1000, pi)):
        x = np.concatenate([edge, more, wide, r.uniform(lo, hi, 4000), r.uniform(-1, 1, 4000)])
        within_ulp(name, x)
        with np.errstate(all="ignore"):
            within_ulp(name, x.astype(np.float32))


def command_cases():
    weather, text = f"{TESTDATA}/weather.csv", f"{TESTDATA}/heatindex.expr"

    def heat_index():
        columns = np.genfromtxt(weather, delimiter=",", names=True, usecols=("temp", "humid"), missing_values="NA")
        t, rh = columns["temp"], columns["humid"]
        simple = (t + 0.5*(t + 61 + 1.2*(t - 68) + 0.094*rh)) / 2
        full = (-42.379 + 2.04901523*t + 10.14333127*rh - 0.22475541*t*rh - 6.83783e-3*t**2 - 5.481717e-2*rh**2
                + 1.22874e-3*t**2*rh + 8.5282e-4*t*rh**2 - 1.99e-6*t**2*rh**2)
        dry = (13 - rh)/4 * np.sqrt((17 - np.abs(t - 95))/17)
        humid = (rh - 85)/10 * (87 - t)/5
        adjusted = np.where((rh < 13) & (80 <= t) & (t <= 112), full - dry,
                            np.where((rh > 85) & (80 <= t) & (t <= 87), full + humid, full))
        return np.where(simple >= 80, adjusted, simple)

    def newcomer():
        want = heat_index()
        args = ["-f", text, f"t={weather}#temp", f"rh={weather}#humid"]
        with tempfile.TemporaryDirectory() as d:
            for engine in ENGINES:
                out = lanes("eval", "-engine", engine, *args)
                assert out.rstrip("\n") == str(want), f"{engine} printed {out!r}, NumPy {want}"
                lanes("eval", "-engine", engine, "-o", f"{d}/out.npy", *args)
                got = np.load(f"{d}/out.npy")
                assert bits(got) == bits(want), f"{engine}: {np.count_nonzero(got != want)} values differ from NumPy"
        return f"{want.size} hours, warmest {np.nanmax(want):.1f} F, {np.isnan(want).sum()} missing"

    def standard_input():
        assert lanes("eval", "-f", "-", "a=3", "b=4", stdin="sqrt(a*a + b*b)\n") == "5.0\n"

    def timed():
        t = json.loads(lanes("eval", "-time", "-json", "-threads", "2", "2*a + 1", f"a={weather}#temp"))
        assert t["elements"] == 8703 and t["threads"] == 2 and t["engine"] in ENGINES and t["runs"] > 0, t
        assert 0 < t["min_ns"] <= t["median_ns"] and t["ns_per_element"] > 0 and t["gb_per_s"] > 0, t
        return f'{t["ns_per_element"]:.3g} ns per element'

    def refused():
        with tempfile.TemporaryDirectory() as d:
            np.save(f"{d}/a.npy", np.zeros((3, 4)))
            np.save(f"{d}/b.npy", np.zeros((3, 5)))
            np.save(f"{d}/object.npy", np.array([{}], dtype=object), allow_pickle=True)
            with open(f"{d}/short.npy", "wb") as f:
                f.write(open(f"{d}/a.npy", "rb").read()[:-1])
            with open(f"{d}/huge.npy", "wb") as f:
                header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904,), }"
                f.write(b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + header.ljust(117) + b"\n")
            with open(f"{d}/text.csv", "w") as f:
                f.write("a,b\n1,2\n3,four\n")
            for args, code in (
                    (["a + b", f"a={d}/a.npy", f"b={d}/b.npy"], 1), (["a +", "a=1"], 1), (["a + b", "a=1"], 1),
                    (["a", f"a={d}/object.npy"], 1), (["a", f"a={d}/short.npy"], 1), (["a", f"a={d}/huge.npy"], 1),
                    (["a", f"a={d}/none.npy"], 1), (["b", f"b={d}/text.csv#b"], 1), (["b", f"b={d}/text.csv#c"], 1),
                    (["(" * 100000], 1), (["f(a)", "a=1"], 1), (["a", "a=what"], 1),
                    (["-o", f"{d}/no/o.npy", "1.5"], 1),
                    (["-engine", "none", "1"], 2), (["-threads", "x", "1"], 2), (["-none", "1"], 2), ([], 2),
                    (["a", "a"], 2), (["-json", "1"], 2)):
                message = lanes("eval", *args, code=code)
                assert len(message) < 1000, f"a message of {len(message)} bytes"

    check("the command of the README", newcomer)
    check("an expression from standard input", standard_input)
    check("-time -json", timed)
    check("bad input is refused", refused)


print("engines:", *ENGINES)
command_cases()
numpy_cases()
mpfr_cases()
if failures:
    sys.exit(f"{len(failures)} cases failed: {failures}")
