"""make_superpixels.py - scikit-image's labels of small pictures, for test_components.c.

Run: /usr/bin/python3 tests/golden/make_superpixels.py > tests/golden/superpixels.h
"""
import numpy as np
import skimage
from skimage.segmentation import felzenszwalb, slic


def picture(h, w, seed):
    """Smooth blobs and a little noise; all values differ, min 0 and max 65535 (slic rescales)."""
    rng = np.random.RandomState(seed)
    y, x = np.mgrid[:h, :w]
    v = np.zeros((h, w))
    for _ in range(6):
        cy, cx, r, a = rng.rand() * h, rng.rand() * w, 2 + rng.rand() * 8, rng.rand()
        v += a * (np.hypot(y - cy, x - cx) < r)
    v += 0.1 * rng.rand(h, w)
    v -= v.min()
    return np.round(v / v.max() * 65535).astype(int)


def main():
    cases = []
    for seed, (h, w, wanted, compactness) in enumerate([(40, 31, 12, 0.1), (25, 60, 20, 0.5), (33, 33, 30, 10.0), (5, 90, 6, 0.1)]):
        v = picture(h, w, seed)
        cases.append((v, wanted, compactness, 0, slic(v / 65535.0, n_segments=wanted, compactness=compactness, channel_axis=None, start_label=0)))
    for seed, (h, w, scale, least) in enumerate([(40, 31, 25, 40), (30, 50, 5, 10), (20, 20, 200, 5)]):
        v = picture(h, w, 10 + seed)
        cases.append((v, 0, scale, least, felzenszwalb(v / 65535.0, scale=scale, sigma=0.8, min_size=least)))
    print("/* superpixels.h - made by make_superpixels.py with scikit-image %s. */" % skimage.__version__)
    print("typedef struct golden_picture { int h, w, wanted; double parameter; int least, n; const unsigned short *value, *label; } golden_picture;")
    for i, (v, _, _, _, labels) in enumerate(cases):
        for name, a in ("value", v), ("label", np.unique(labels, return_inverse=True)[1]):
            print("static const unsigned short golden_%s%d[] = {" % (name, i))
            a = a.ravel()
            for k in range(0, len(a), 24):
                print("  " + ",".join(str(int(e)) for e in a[k:k + 24]) + ",")
            print("};")
    print("enum { GOLDEN_PICTURES = %d };" % len(cases))
    print("static const golden_picture golden_pictures[GOLDEN_PICTURES] = {")
    for i, (v, wanted, parameter, least, labels) in enumerate(cases):
        print("  { %d, %d, %d, %g, %d, %d, golden_value%d, golden_label%d }," % (*v.shape, wanted, parameter, least, len(np.unique(labels)), i, i))
    print("};")


main()
