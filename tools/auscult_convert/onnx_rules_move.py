"""Rules: operators that move data: shapes, slices, gathers, padding, resizing."""

import numpy as np

from . import onnx_eval
from .onnx_eval import Unsupported
from .onnx_map import BIG, LOWEST, rule


@rule("Reshape", "Flatten", "Squeeze", "Unsqueeze")
def _reshape(m, n, a):
    m.to_shape(n)


@rule("Transpose")
def _transpose(m, n, a):
    x, rank = n.inputs[0], m.rank(n.inputs[0])
    perm = list(a.get("perm") or reversed(range(rank)))
    if perm == list(range(rank)):
        return m.alias(m.value(x), n.outputs[0])
    moved = [i for i in perm if any(s[i] != 1 for s in m.shapes(x))]
    if moved == sorted(moved):                                    # only ones change places: the bytes stay
        return m.to_shape(n)
    return m.emit("transpose", m.value(x), n.outputs[0], perm=perm)


@rule("Concat")
def _concat(m, n, a):
    if len(n.inputs) == 1:
        return m.alias(m.value(n.inputs[0]), n.outputs[0])
    parts = [i for i in n.inputs if all(0 not in s for s in m.shapes(i))]       # empty parts add nothing
    axis = a["axis"] % m.rank(n.outputs[0])
    return m.emit("concat", [m.value(i) for i in parts], n.outputs[0], axis=axis)


def cut(m, v, rank, ranges, out=None):
    """slice over {axis: (start, end, step)}"""
    words = []
    for i in range(rank):
        words += ranges.get(i, (0, BIG, 1))
    return m.emit("slice", v, out, start_end_step=words)


@rule("Slice")
def _slice(m, n, a):
    x, rank = n.inputs[0], m.rank(n.inputs[0])
    if m.opset < 10:
        runs = [(a["starts"], a["ends"])] * len(m.p.runs)
        axes, steps = a.get("axes"), None
    else:
        if m.p.depends(n.inputs[1]) or m.p.depends(n.inputs[2]):
            raise Unsupported("starts or ends that depend on the input's values")
        runs = list(zip(*([[int(v) for v in r.reshape(-1)] for r in m.p.values(n.inputs[i])] for i in (1, 2))))
        axes, steps = m.ints(n, 3, "axes"), m.ints(n, 4, "steps")
    axes = [i % rank for i in axes] if axes else list(range(len(runs[0][0])))
    ranges = {}
    for k, axis in enumerate(axes):
        step = steps[k] if steps else 1
        spans = [range(s[axis])[slice(b[k], None if step < 0 and e[k] < -s[axis] else e[k], step)]
                 for s, (b, e) in zip(m.shapes(x), runs)]
        if any(len(r) == 0 for r in spans):
            raise Unsupported("an empty slice")
        if len({(r.start, r.stop, r.step) for r in spans}) == 1:
            r = spans[0]
            ranges[axis] = (r.start, LOWEST if r.stop < 0 else r.stop, r.step)
        elif all(len(r) == s[axis] for r, s in zip(spans, m.shapes(x))) and step in (1, -1):
            ranges[axis] = (0, BIG, 1) if step == 1 else (-1, LOWEST, -1)
        else:
            raise Unsupported("a slice whose place follows the batch; convert with --batch 1")
    whole = all(m.shapes(x)[0][i] == m.shapes(n.outputs[0])[0][i] and r[2] == 1 for i, r in ranges.items())
    if whole:
        return m.alias(m.value(x), n.outputs[0])
    return cut(m, m.value(x), rank, ranges, n.outputs[0])


@rule("Split")
def _split(m, n, a):
    x, axis = n.inputs[0], a.get("axis", 0) % m.rank(n.inputs[0])
    sizes = m.ints(n, 1, "split") if m.has(n, 1) else a.get("split")
    sizes = sizes or onnx_eval.split_sizes({}, m.dim(x, axis), len(n.outputs))
    start = 0
    for size, out in zip(sizes, n.outputs):
        if out and size and any(out in k.inputs for k in m.p.nodes) or out in m.p.model.outputs:
            if not size:
                raise Unsupported("empty tensors")
            cut(m, m.value(x), m.rank(x), {axis: (start, start + size, 1)}, out)
        start += size


@rule("Gather")
def _gather(m, n, a):
    """Known indices: a slice when they are in a row, else the gather op; their shape takes the axis's place."""
    x, out = n.inputs[0], n.outputs[0]
    index = m.need(n, 1, "indices")
    rank, axis = m.rank(x), a.get("axis", 0) % m.rank(x)
    flat = [int(i) for i in index.reshape(-1)]
    if not flat:
        raise Unsupported("empty tensors")
    done = index.ndim == 1
    if any(i < 0 for i in flat):
        flat = [i % m.dim(x, axis) for i in flat]
    if flat == list(range(flat[0], flat[0] + len(flat))):
        v = cut(m, m.value(x), rank, {axis: (flat[0], flat[-1] + 1, 1)}, out if done else None)
    else:
        v = m.emit("gather", m.value(x), out if done else None, axis=axis, indices=flat)
    if not done:
        before = [s[:axis] + (len(flat),) + s[axis + 1:] for s in m.shapes(x)]
        m.reshape(v, before, m.shapes(out), out)


@rule("GatherND")
def _gather_nd(m, n, a):
    """Known indices over the leading axes, which must not follow the batch: rows of a flattened front."""
    x, out = n.inputs[0], n.outputs[0]
    index = m.need(n, 1, "indices")
    if a.get("batch_dims", 0):
        raise Unsupported("batch_dims")
    k = index.shape[-1]
    front = [m.dim(x, i) for i in range(k)]
    index = np.where(index < 0, index + np.array(front), index)
    flat = np.ravel_multi_index(tuple(np.moveaxis(index, -1, 0)), front).reshape(-1)
    shapes = [(int(np.prod(front)),) + s[k:] for s in m.shapes(x)]
    v = m.emit("gather", m.reshape(m.value(x), m.shapes(x), shapes), axis=0, indices=[int(i) for i in flat])
    m.reshape(v, [(len(flat),) + s[1:] for s in shapes], m.shapes(out), out)


@rule("ReverseSequence")
def _reverse_sequence(m, n, a):
    """Known lengths: each item's head backwards, its tail as it is."""
    x, out = n.inputs[0], n.outputs[0]
    lens = m.ints(n, 1, "sequence_lens")
    time, batch, rank = a.get("time_axis", 0), a.get("batch_axis", 1), m.rank(x)
    items = []
    for b, length in enumerate(lens):
        ranges = {batch: (b, b + 1, 1)}
        head = cut(m, m.value(x), rank, {**ranges, time: (length - 1, LOWEST, -1)})
        if length < m.dim(x, time):
            head = m.emit("concat", [head, cut(m, m.value(x), rank, {**ranges, time: (length, BIG, 1)})], axis=time)
        items.append(head)
    m.emit("concat", items, out, axis=batch)


@rule("GatherElements")
def _gather_elements(m, n, a):
    """Known indices: a gather of the flattened array."""
    x, out = n.inputs[0], n.outputs[0]
    index, axis = m.need(n, 1, "indices"), a.get("axis", 0) % m.rank(x)
    shape = [m.dim(x, i) for i in range(m.rank(x))]
    where = list(np.indices(index.shape))
    where[axis] = index % shape[axis]
    flat = np.ravel_multi_index(where, shape).reshape(-1)
    v = m.reshape(m.value(x), m.shapes(x), [(int(np.prod(shape)),)] * len(m.p.runs))
    v = m.emit("gather", v, axis=0, indices=[int(i) for i in flat])
    m.reshape(v, [(len(flat),)] * len(m.p.runs), m.shapes(out), out)


@rule("ScatterND")
def _scatter_nd(m, n, a):
    """Known indices that name each row once."""
    x, out = n.inputs[0], n.outputs[0]
    if m.p.depends(n.inputs[1]):
        raise Unsupported("its indices must be a constant")
    index = m.known(n.inputs[1])
    if index is None:
        return _scatter_batch(m, n, a)
    if a.get("reduction", "none") != "none":
        raise Unsupported("reduction %s" % a["reduction"])
    k = index.shape[-1]
    front = [m.dim(x, i) for i in range(k)]
    flat = np.ravel_multi_index(tuple(np.moveaxis(index, -1, 0)), front, mode="wrap").reshape(-1)
    if len(set(flat.tolist())) != len(flat):
        raise Unsupported("indices that name a row twice")
    return m.emit("scatter_rows", [m.value(x), m.value(n.inputs[2])], out, k=k, flat_rows=[int(i) for i in flat])


def _scatter_batch(m, n, a):
    """Indices that run over the whole batch and a range of other axes: x[:, r...] = updates, as exporters write it."""
    x, out = n.inputs[0], n.outputs[0]
    index = m.p.values(n.inputs[1])
    k = index[0].shape[-1]
    boxes = []
    for i, s in zip(index, m.shapes(x)):
        axes = [np.unique(i[..., d]) for d in range(k)]
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1)
        if grid.shape != i.shape or not np.array_equal(grid, i) or len(axes[0]) != s[0]:
            raise Unsupported("indices that follow the batch; convert with --batch 1")
        boxes.append([tuple(int(v) for v in ax) for ax in axes[1:]])
    if boxes[0] != boxes[-1]:
        raise Unsupported("indices that follow the batch; convert with --batch 1")
    front = [m.dim(x, d) for d in range(1, k)]
    flat = np.ravel_multi_index(np.meshgrid(*boxes[0], indexing="ij"), front).reshape(-1)
    rank = m.rank(x)
    perm = list(range(1, k)) + [0] + list(range(k, rank))            # the batch steps behind the indexed axes
    back = [perm.index(i) for i in range(rank)]
    v = m.emit("scatter_rows", [m.emit("transpose", m.value(x), perm=perm),
                                m.emit("transpose", m.value(n.inputs[2]), perm=perm)],
               k=k - 1, flat_rows=[int(i) for i in flat])
    return m.emit("transpose", v, out, perm=back)


@rule("Expand")
def _expand(m, n, a):
    x, out = n.inputs[0], n.outputs[0]
    sx, so = m.shapes(x), m.shapes(out)
    if list(sx) == list(so):
        return m.alias(m.value(x), out)
    rank, lead = len(so[0]), len(so[0]) - len(sx[0])
    dims, grow = [], False
    for i in range(rank):
        d = {s[i] for s in so}
        same = i >= lead and all(b[i - lead] == s[i] for b, s in zip(sx, so))
        dims.append(d.pop() if len(d) == 1 else -1)
        grow = grow or (dims[-1] == -1 and not same)
    v = m.value(x)
    if grow:                                                      # a one becomes the batch
        v = m.emit("add", [v, m.zeros(so)], None if any(x_ > 1 for x_ in dims) else out)
        if not any(x_ > 1 for x_ in dims):
            return None
    return m.emit("expand", v, out, dims=dims)


@rule("Tile")
def _tile(m, n, a):
    repeats = m.ints(n, 1, "repeats")
    if all(r == 1 for r in repeats):
        return m.alias(m.value(n.inputs[0]), n.outputs[0])
    return m.emit("tile", m.value(n.inputs[0]), n.outputs[0], repeats=repeats)


@rule("Pad")
def _pad(m, n, a):
    for i, what in ((1, "pads"), (2, "value"), (3, "axes")):
        m.need(n, i, what)
    known = [m.known(n.inputs[i]) if m.has(n, i) else None for i in (1, 2, 3)]
    before, after, value = onnx_eval.pad_arguments(a, m.rank(n.inputs[0]), *known)
    modes = {"constant": 0, "reflect": 1, "edge": 2, "wrap": 3}
    mode = a.get("mode", "constant")
    if mode not in modes:
        raise Unsupported("mode %s" % mode)
    if not any(before + after):
        return m.alias(m.value(n.inputs[0]), n.outputs[0])
    return m.emit("pad", m.value(n.inputs[0]), n.outputs[0], mode=modes[mode], value=value, before_after=before + after)


@rule("CumSum")
def _cumsum(m, n, a):
    axis = m.ints(n, 1, "axis")[0] % m.rank(n.inputs[0])
    m.emit("cumsum", m.value(n.inputs[0]), n.outputs[0], axis=axis, exclusive=a.get("exclusive", 0),
           reverse=a.get("reverse", 0))


@rule("Trilu")
def _trilu(m, n, a):
    """A product with the triangle of ones."""
    k = m.ints(n, 1, "k")
    rows, cols = (m.dim(n.inputs[0], i) for i in (-2, -1))
    mask = (np.triu if a.get("upper", 1) else np.tril)(np.ones((rows, cols)), k[0] if k else 0)
    m.emit("mul", [m.value(n.inputs[0]), m.param(n.name + ".triangle", mask)], n.outputs[0])


@rule("DepthToSpace")
def _depth_to_space(m, n, a):
    m.emit("depth_to_space", m.value(n.inputs[0]), n.outputs[0], block=a["blocksize"],
           crd=int(a.get("mode", "DCR") == "CRD"))


@rule("SpaceToDepth")
def _space_to_depth(m, n, a):
    m.emit("space_to_depth", m.value(n.inputs[0]), n.outputs[0], block=a["blocksize"])


COORDINATES = {"half_pixel": 0, "align_corners": 1, "asymmetric": 2, "pytorch_half_pixel": 3}
NEAREST = {"round_prefer_floor": 0, "round_prefer_ceil": 1, "floor": 2, "ceil": 3}


@rule("Resize", "Upsample")
def _resize(m, n, a):
    x, rank = n.inputs[0], m.rank(n.inputs[0])
    args = [m.need(n, i, what) for i, what in ((1, "scales"), (2, "scales"), (3, "sizes")) if len(n.inputs) > i]
    shape = m.shapes(x)[0]
    mode, coordinates, nearest, cubic_a, out, scale = onnx_eval.resize_plan(
        onnx_eval.Context(m.opset), a, n.op, shape, args)
    if coordinates not in COORDINATES:
        raise Unsupported("coordinate_transformation_mode %s" % coordinates)
    if rank < 3 or any(out[i] != shape[i] or scale[i] != 1.0 for i in range(2)):
        raise Unsupported("resizing the first two of %d axes" % rank)
    if rank > 4:
        raise Unsupported("%d axes; 3 or 4 convert" % rank)
    h, w = (rank - 2, rank - 1) if rank == 4 else (None, 2)
    m.emit("resize", m.value(x), n.outputs[0], mode={"nearest": 0, "linear": 1, "cubic": 2}[mode],
           coordinates=COORDINATES[coordinates], nearest_mode=NEAREST[nearest], out_h=out[h] if h else 0,
           out_w=out[w], scale_h=scale[h] if h else 0.0, scale_w=scale[w], cubic_a=cubic_a)
