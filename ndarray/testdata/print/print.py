"""Writes print.txt: how NumPy prints arrays. Run by hand with NumPy 2, never by a test."""
import json
import numpy as np

rng = np.random.default_rng(7)
cases = []


def add(a, **opts):
    a = np.asarray(a)
    with np.printoptions(**opts):
        case = {"dtype": a.dtype.name, "shape": a.shape, "opts": opts, "str": str(a), "repr": repr(a)}
    flat = a.ravel()
    if a.size > 400:
        assert a.dtype.kind in "iu" and np.array_equal(flat, np.arange(a.size, dtype=a.dtype))
        case["data"] = None  # 0, 1, 2, ...
    elif a.dtype.kind == "f":
        case["data"] = [float(v).hex() if np.isfinite(v) else str(v) for v in flat]
    else:
        case["data"] = [str(int(v)) for v in flat]
    cases.append(case)


for dt in ["float64", "float32"]:
    F = np.dtype(dt).type
    for row in [[1, 2, 3], [0.1, 0.25, -3], [1e10, 1], [1e-5, 1], [1e-5], [0, -0.0], [np.nan, 1, np.inf], [-np.inf, 1.5], [np.nan],
                [np.inf], [-np.inf, np.nan], [1e300 if dt == "float64" else 1e30, 1e-30], [123456.789, 1.5], [1e8], [99999999.0],
                [1e6], [999999], [0.9999999999, 1], [0.99999999999e-4, 1e-4], [1, 1001], [1, 1000], [1e16], [5e-324, 1], [2 / 3],
                [1 / 3, 100], [1e-4], [1e-4, 0.0999], [np.pi * 1e5, 1], [1.5, np.nan, -np.inf, 1e20], [9.9999999995, 1e5],
                list(np.linspace(0, 1, 11)), list(np.linspace(-1, 1, 30)), list(np.geomspace(1e-3, 1e3, 20)), [0.0], [-0.0]]:
        add(np.array(row, dtype=dt))
    for v in [0, -0.0, 1, 0.1, 1e-4, 9.999e-5, 1e15, 1e16, 123456.0, 1 / 3, np.nan, np.inf, -np.inf, 1e22, 5e-324, 16777216.0]:
        add(np.array(v, dtype=dt))
    for scale in [0, 2, 6, 20]:
        for shape in [(7,), (20,), (3, 4), (2, 3, 4), (1, 1), (2, 1, 3), (4, 9)]:
            add((rng.normal(size=shape) * 10.0 ** rng.uniform(-scale, scale, shape)).astype(dt))
    a = np.array([[1.5, -2.25, 1e-7], [1234.5, 0, 3]], dtype=dt)
    for opts in [dict(precision=3), dict(precision=1), dict(suppress=True), dict(floatmode="fixed"), dict(floatmode="unique"),
                 dict(floatmode="maxprec_equal"), dict(sign="+"), dict(sign=" "), dict(linewidth=20), dict(nanstr="NA", infstr="Infinity"),
                 dict(precision=2, suppress=True), dict(floatmode="fixed", precision=3), dict(threshold=4, edgeitems=1)]:
        add(a, **opts)
        add(np.array([[0.5, np.nan], [np.inf, 2]], dtype=dt), **opts)
        add(np.array([0.5, 0.125, 3], dtype=dt), **opts)
        add(np.array([-0.5, -np.inf, 1 / 3], dtype=dt), **opts)
for name, n in [("int8", 1), ("int16", 2), ("int32", 4), ("int64", 8), ("uint8", 1), ("uint16", 2), ("uint32", 4), ("uint64", 8)]:
    info = np.iinfo(name)
    add(np.array([info.min, 0, info.max], dtype=name))
    add(np.array([[1, -2 if info.min else 2], [33, 4]], dtype=name))
    add(np.array(7, dtype=name))
    add(np.arange(100, dtype=name))
add(np.array([True, False, True]))
add(np.array([[True], [False]]))
add(np.array(True))
add(np.array(False))
add(np.arange(60).reshape(3, 4, 5))
for n in [1000, 1001, 2000, 12345]:
    add(np.arange(n))
    add(np.arange(n, dtype="int32"))
add(np.arange(10000).reshape(100, 100))
add(np.arange(2002).reshape(2, 1001))
add(np.arange(2002).reshape(1001, 2))
add(np.arange(4 * 7 * 6 * 20).reshape(4, 7, 6, 20))
add(np.arange(12).reshape(3, 4), threshold=5, edgeitems=1)
add(np.arange(30).reshape(5, 6), threshold=5, edgeitems=2, linewidth=12)
add(np.arange(10), linewidth=1)
add(np.arange(27).reshape(3, 3, 3), linewidth=10)
for shape in [(0,), (0, 3), (3, 0), (1, 0, 2)]:
    add(np.zeros(shape))
    add(np.zeros(shape, dtype="float32"))
    add(np.zeros(shape, dtype=bool))
for n in range(55, 75):
    add(np.array([1] * (n // 3) + [10 ** (n % 3)], dtype="int16"))
with open("print.txt", "w") as f:
    f.write("# NumPy " + np.__version__ + ", written by print.py\n")
    for c in cases:
        f.write(json.dumps(c) + "\n")
print(len(cases))
