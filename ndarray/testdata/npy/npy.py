"""Writes the .npy files here. Run by hand with NumPy 2, never by a test."""
import numpy as np
from numpy.lib import format as npy

for name in ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"]:
    a = (np.arange(6) - 2).astype(name).reshape(2, 3)
    np.save(f"{name}_c.npy", a)
    np.save(f"{name}_f.npy", np.asfortranarray(a))
    if a.itemsize > 1:
        np.save(f"{name}_big.npy", a.astype(a.dtype.newbyteorder(">")))
np.save("scalar.npy", np.array(2.5))
np.save("empty.npy", np.zeros((0, 3)))
np.save("one.npy", np.arange(5.0))
np.save("rank5.npy", np.arange(2 * 3 * 1 * 2 * 2, dtype="i4").reshape(2, 3, 1, 2, 2))
for version in [(2, 0), (3, 0)]:
    with open(f"version{version[0]}.npy", "wb") as f:
        npy.write_array(f, np.arange(5.0), version=version)
