"""figures.py: the study's figures as SVG, without any library: confusion matrices whose cells hold a bar per component [Haunschmid20, figs. 2 and 3], and a curve with intervals."""
from html import escape

COLOURS = {"guitar": "#d55e00", "piano": "#0072b2", "bass": "#009e73", "drums": "#222222", "strings": "#cc79a7", "none": "#bbbbbb"}  # told apart by the colour-blind too
LABELS = ("guitar", "piano")
CELL_W, CELL_H, GAP, LEFT, TOP = 210, 118, 6, 70, 46


def text(x, y, words, size=11, anchor="start", extra=""):
    return '<text x="%.1f" y="%.1f" font-size="%d" text-anchor="%s" %s>%s</text>' % (x, y, size, anchor, extra, escape(str(words)))


def document(width, height, title, parts):
    return ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" role="img">\n<title>%s</title>\n<rect width="100%%" height="100%%" fill="white"/>\n%s\n</svg>\n'
            % (width, height, width, height, escape(title), "\n".join(parts)))


def bars(x, y, names, counts, most):
    """A cell: a horizontal bar and its number per component."""
    row = (CELL_H - 22) / len(names)
    out = []
    for k, (name, n) in enumerate(zip(names, counts)):
        at, width = y + 18 + k * row, (CELL_W - 100) * n / most if most else 0
        out.append(text(x + 54, at + row - 4, name, 10, "end"))
        out.append('<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>' % (x + 58, at + 2, width, row - 3, COLOURS.get(name, "#888888")))
        out.append(text(x + 62 + width, at + row - 4, n, 10))
    return out


def matrix(x, y, names, cells):
    """Truth down, prediction across; a cell is (snippets, counts)."""
    most = max(max(c) for _, c in cells.values())
    out = [text(x + LEFT + CELL_W + GAP / 2, y + 12, "predicted", 11, "middle"), text(x + 12, y + TOP + CELL_H, "true", 11, "middle", 'transform="rotate(-90 %.1f %.1f)"' % (x + 12, y + TOP + CELL_H))]
    for i, truth in enumerate(LABELS):
        out.append(text(x + LEFT - 6, y + TOP + i * (CELL_H + GAP) + CELL_H / 2, truth, 11, "end"))
        for j, predicted in enumerate(LABELS):
            left, top = x + LEFT + j * (CELL_W + GAP), y + TOP - 18 + i * (CELL_H + GAP)
            n, counts = cells[truth, predicted]
            if i == 0:
                out.append(text(left + CELL_W / 2, y + 26, predicted, 11, "middle"))
            out.append('<rect x="%.1f" y="%.1f" width="%d" height="%d" fill="%s" stroke="#999999"/>' % (left, top + 4, CELL_W, CELL_H, "#f4f7ee" if truth == predicted else "#fbf1ee"))
            out.append(text(left + CELL_W - 6, top + 17, "%d snippets" % n, 10, "end", 'fill="#666666"'))
            out += bars(left, top + 4, names, counts, most) if n else []
    return out


WIDTH, HEIGHT = LEFT + 2 * CELL_W + GAP + 20, TOP + 2 * CELL_H + GAP


def confusion(title, names, panels):
    """panels: (caption, {(truth, predicted): (snippets, counts)}), two a row."""
    if not panels:
        return None
    out = [text(10, 20, title, 14, extra='font-weight="bold"')]
    for k, (caption, cells) in enumerate(panels):
        x, y = 10 + (k % 2) * (WIDTH + 10), 34 + k // 2 * (HEIGHT + 30)
        out.append(text(x + LEFT, y + 12, caption, 12, extra='font-weight="bold"'))
        out += matrix(x, y + 14, names, cells)
    return document(20 + min(2, len(panels)) * (WIDTH + 10), 50 + (len(panels) + 1) // 2 * (HEIGHT + 30), title, out)


def dots(x, y, names, tops):
    """Every network a dot per component at the share of its snippets; a bar at their mean, a dashed line at a third."""
    width, height, out = 380, 200, []
    out.append('<rect x="%.1f" y="%.1f" width="%d" height="%d" fill="none" stroke="#999999"/>' % (x, y, width, height))
    out.append('<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="#666666" stroke-dasharray="4 3"/>' % (x, x + width, y + height * 2 / 3, y + height * 2 / 3))
    for v in (0, 0.25, 0.5, 0.75, 1):
        out.append(text(x - 4, y + height * (1 - v) + 4, "%g" % v, 10, "end"))
    for k, name in enumerate(names):
        centre = x + width * (k + 0.5) / len(names)
        for i, shares in enumerate(tops):
            out.append('<circle cx="%.1f" cy="%.1f" r="3" fill="%s" fill-opacity="0.45"/>' % (centre + (i % 7 - 3) * 4, y + height * (1 - shares[k]), COLOURS[name]))
        mean = sum(s[k] for s in tops) / len(tops)
        out.append('<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="%s" stroke-width="2"/>' % (centre - 22, centre + 22, y + height * (1 - mean), y + height * (1 - mean), COLOURS[name]))
        out.append(text(centre, y + height + 14, name, 11, "middle"))
    return out


def untrained(title, names, panels):
    """panels: (caption, cells, a list of shares per network): the matrix as the paper draws it, and beside it what it hides, the networks one by one."""
    if not panels:
        return None
    out = [text(10, 20, title, 14, extra='font-weight="bold"')]
    for k, (caption, cells, tops) in enumerate(panels):
        y = 34 + k * (HEIGHT + 40)
        out.append(text(10 + LEFT, y + 12, caption, 12, extra='font-weight="bold"'))
        out += matrix(10, y + 14, names, cells)
        out.append(text(WIDTH + 60, y + 26, "share of snippets, a dot per network (dashed: a third)", 11))
        out += dots(WIDTH + 60, y + 34, names[:len(tops[0])], tops)
    return document(WIDTH + 480, 60 + len(panels) * (HEIGHT + 40), title, out)


def curve(title, caption, points):
    """points: (name, x, share, from, to). What is called leakN is joined: the same parts, worse step by step."""
    if len(points) < 2:
        return None
    width, height, x0, y0 = 620, 300, 60, 50
    low, high = min(p[1] for p in points) - 2, max(p[1] for p in points) + 2
    at = lambda p: (x0 + width * (p[1] - low) / (high - low), y0 + height * (1 - p[2]))
    out = [text(10, 22, title, 14, extra='font-weight="bold"'), '<rect x="%d" y="%d" width="%d" height="%d" fill="none" stroke="#999999"/>' % (x0, y0, width, height)]
    for v in (0, 0.25, 0.5, 0.75, 1):
        out.append(text(x0 - 6, y0 + height * (1 - v) + 4, "%g" % v, 11, "end"))
        out.append('<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#eeeeee"/>' % (x0, x0 + width, y0 + height * (1 - v), y0 + height * (1 - v)))
    tick = int(low // 5 * 5)
    while tick <= high:
        if tick >= low:
            out.append(text(x0 + width * (tick - low) / (high - low), y0 + height + 16, tick, 11, "middle"))
        tick += 5
    leaks = sorted((p for p in points if p[0].startswith("leak") or p[0] == "oracle"), key=lambda p: p[1])
    out.append('<polyline fill="none" stroke="#0072b2" points="%s"/>' % " ".join("%.1f,%.1f" % at(p) for p in leaks))
    for p in points:
        x, y = at(p)
        colour = "#0072b2" if p in leaks else "#d55e00"
        out.append('<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="%s"/>' % (x, x, y0 + height * (1 - p[3]), y0 + height * (1 - p[4]), colour))
        out.append('<circle cx="%.1f" cy="%.1f" r="4" fill="%s"/>' % (x, y, colour))
        out.append(text(x + 5, y + (14 if p in leaks else -6), p[0], 10))
    out.append(text(x0 + width / 2, y0 + height + 36, caption, 12, "middle"))
    return document(width + x0 + 110, height + y0 + 50, title, out)
