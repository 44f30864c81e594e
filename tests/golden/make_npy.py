#!/usr/bin/python3
"""Writes npy.h: files in Fortran order as numpy.save makes them. Element [i][j][k] is 100 i + 10 j + k.

  tests/golden/make_npy.py > tests/golden/npy.h
"""
import io

import numpy as np

print(f"/* npy.h - made by make_npy.py with numpy {np.__version__}. */")
for name, shape, kind in (("f4", (3, 5), "f4"), ("f8", (4, 2), "f8"), ("i2", (2, 3, 4), "i2"), ("column", (1, 6), "f4"), ("empty", (2, 0, 3), "f4")):
    i, j, k = np.indices(shape + (1,) * (3 - len(shape)))
    f = io.BytesIO()
    array = np.asfortranarray((100 * i + 10 * j + k).reshape(shape).astype(kind))
    if name == "column":  # one row is row-major as well, and numpy then says so: here it must not
        base = np.lib.format.header_data_from_array_1_0(array)
        base["fortran_order"] = True
        np.lib.format.write_array_header_1_0(f, base)
        f.write(array.tobytes())
    else:
        np.save(f, array)
    text = ", ".join(map(str, f.getvalue()))
    print(f"static const uint8_t fortran_{name}[] = {{ {text} }};")
