"""ONNX's padding rules: explicit pads, auto_pad, and ConvTranspose's output_shape. Pure arithmetic on sizes."""


def pool_pads(a, size, kernel, stride, dilation):
    """(begin, end) of Conv, MaxPool and AveragePool. SAME: out = ceil(in / stride), the odd one at the end (UPPER)."""
    n = len(kernel)
    mode = a.get("auto_pad", "NOTSET") or "NOTSET"
    if mode == "NOTSET":
        pads = a.get("pads") or [0] * (2 * n)
        return list(pads[:n]), list(pads[n:])
    if mode == "VALID":
        return [0] * n, [0] * n
    total = [max(0, (-(-size[i] // stride[i]) - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1 - size[i])
             for i in range(n)]
    small, large = [t // 2 for t in total], [t - t // 2 for t in total]
    return (small, large) if mode == "SAME_UPPER" else (large, small)


def transpose_pads(a, size, kernel, stride, dilation):
    """(begin, out) of ConvTranspose: how much of the full result is cut in front, and how long what remains is."""
    n = len(kernel)
    extra = a.get("output_padding") or [0] * n
    full = [(size[i] - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1 + extra[i] for i in range(n)]
    mode = a.get("auto_pad", "NOTSET") or "NOTSET"
    if mode == "NOTSET" and not a.get("output_shape"):
        pads = a.get("pads") or [0] * (2 * n)
        return list(pads[:n]), [full[i] - pads[i] - pads[n + i] for i in range(n)]
    if mode == "VALID":
        return [0] * n, full
    out = list(a["output_shape"][-n:]) if a.get("output_shape") else [size[i] * stride[i] for i in range(n)]
    total = [full[i] - out[i] for i in range(n)]
    if mode == "SAME_UPPER":
        begin = [t // 2 for t in total]
    else:                                                     # the document: begin gets the larger half otherwise
        begin = [t - t // 2 for t in total]
    return begin, out
