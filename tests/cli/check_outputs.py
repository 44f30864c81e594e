"""check_outputs.py RESULT.json PARTS PAGE.html SONG MODEL - reads what auscult explain wrote, independently of it."""
import base64, glob, hashlib, json, os, re, struct, sys
from html.parser import HTMLParser
import numpy as np


def wav(data):
    """32-bit float or 16-bit WAV, mono or not -> samples, rate."""
    assert data[:4] == b"RIFF" and data[8:12] == b"WAVE"
    at, out = 12, None
    while at + 8 <= len(data):
        name, size = data[at:at + 4], struct.unpack("<I", data[at + 4:at + 8])[0]
        body = data[at + 8:at + 8 + size]
        if name == b"fmt ":
            code, channels, rate, _, _, bits = struct.unpack("<HHIIHH", body[:16])
            if code == 0xFFFE:
                code = struct.unpack("<H", body[24:26])[0]
        if name == b"data":
            out = np.frombuffer(body, "<f4" if code == 3 else "<i2").astype(float) / (1 if code == 3 else 32768)
            out = out.reshape(-1, channels)
        at += 8 + size + size % 2
    return out[:, 0] if out.shape[1] == 1 else out, rate


def check_json(d, song, model):
    assert d["schema"] == "auscult.explanation/1"
    assert d["input"]["sha256"] == hashlib.sha256(open(song, "rb").read()).hexdigest()
    assert d["model"]["sha256"] == hashlib.sha256(open(model, "rb").read()).hexdigest()
    assert list(d)[-1] == "run" and d["run"]["threads"] >= 1
    for key in ("method", "surrogate", "distance", "seed", "scale", "samples", "kernel_width", "baseline", "stems", "separator", "segments"):
        assert key in d["settings"], key
    names = [c["name"] for c in d["components"]]
    assert len(set(names)) == len(names)
    for t in d["targets"]:
        for key in ("index", "name", "score", "score_none", "intercept", "r2", "local_prediction"):
            assert key in t, key
        assert [c["name"] for c in t["components"]] == names
        for c in t["components"]:
            assert list(c) == ["name", "weight", "interval", "shapley", "shapley_se", "banzhaf", "alone", "without"], list(c)
        if d["evaluated"]["exhaustive"]:
            total = sum(c["shapley"] for c in t["components"])
            assert abs(total - (t["score"] - t["score_none"])) <= 1e-5, (total, t["score"], t["score_none"])
    return names


def safe(name):
    return "".join("_" if ord(c) <= 32 or c in "/\\:" or (i == 0 and c in ".-") else c for i, c in enumerate(name))


def check_parts(d, folder, names):
    whole, rate = wav(open(folder + "/input.wav", "rb").read())
    assert rate == d["evaluated"]["rate"] and len(whole) == d["evaluated"]["samples"]
    total = np.zeros(len(whole))
    if os.path.exists(folder + "/baseline.wav"):
        total += wav(open(folder + "/baseline.wav", "rb").read())[0]
    sounds = {}
    for n in names:
        sounds[n] = wav(open("%s/%s.wav" % (folder, safe(n)), "rb").read())[0]
        total += sounds[n]
    assert np.abs(total - whole).max() <= 1e-6 * np.abs(whole).max(), np.abs(total - whole).max()
    base = total - sum(sounds.values())
    for t in d["targets"]:
        for kind, keep in (("positive", lambda v: v > 0), ("negative", lambda v: v < 0)):
            want = base + sum([sounds[c["name"]] for c in t["components"] if keep(c["shapley"])], np.zeros(len(whole)))
            got = wav(open("%s/mix_%s_%s.wav" % (folder, safe(t["name"]), kind), "rb").read())[0]
            assert np.abs(got - want).max() <= 2e-6 * np.abs(whole).max()
        top = sorted((c for c in t["components"] if c["shapley"] > 0), key=lambda c: -c["shapley"])[:3]
        want = base + sum([sounds[c["name"]] for c in top], np.zeros(len(whole)))
        got = wav(open("%s/mix_%s_top3.wav" % (folder, safe(t["name"])), "rb").read())[0]
        assert np.abs(got - want).max() <= 2e-6 * np.abs(whole).max()
    return whole, sounds


class Page(HTMLParser):
    void = {"meta", "img", "br", "input", "link", "hr"}

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.scripts, self.style, self.text = [], [], [], "", ""

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.void and not self.get_starttag_text().endswith("/>"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif self.open and self.open[-1] == "style":
            self.style += data
        else:
            self.text += data


def check_table(d):
    """The table of what was asked, as a reader of the JSON decodes it."""
    t, n = d["table"], len(d["components"])
    z = np.unpackbits(np.frombuffer(base64.b64decode(t["mixes"]), "u1").reshape(t["rows"], -1), axis=1)[:, :n]
    y = np.frombuffer(base64.b64decode(t["answers"]), "<f4").reshape(t["rows"], len(d["targets"]))
    assert t["rows"] == d["evaluated"]["rows"]
    if d["evaluated"]["exhaustive"]:
        assert len(np.unique(z, axis=0)) == 2 ** n == len(z)
    for k, target in enumerate(d["targets"]):
        assert abs(y[z.all(axis=1), k][0] - target["score"]) < 1e-6
        for i, c in enumerate(target["components"]):
            for row, name in ((np.eye(n, dtype="u1")[i], "alone"), (1 - np.eye(n, dtype="u1")[i], "without")):
                at = np.flatnonzero((z == row).all(axis=1))
                assert len(at) and abs(y[at[0], k] - c[name]) < 1e-6, (c["name"], name)


def check_tracks(d, page, whole, sounds):
    """Every component's track is its sound, and in whole numbers they add up to the input's."""
    rows = [a for t, a in page.tags if t == "li" and "data-component" in a]
    players = [a["src"] for t, a in page.tags if t == "audio"]
    assert len(rows) == len(players) >= len(sounds) + 1
    tracks = {}
    for a, src in zip(rows, players):
        assert src.startswith("data:audio/wav;base64,")
        x, x_rate = wav(base64.b64decode(src.split(",")[1]))
        full, at = np.zeros(len(whole)), int(a["data-begin"])
        full[at:at + len(x)] = x
        tracks[int(a["data-component"])] = full
        assert x_rate == d["evaluated"]["rate"]
    whole_track = tracks.pop(-2)
    assert (sum(tracks.values()) == whole_track).all(), "the tracks do not add up"
    wants = [(tracks[i], sounds[c["name"]]) for i, c in enumerate(d["components"])] + [(whole_track, whole)]
    peak = max(np.abs(w).max() for _, w in wants)
    gain = min(1, 32768 / 32767 * np.abs(whole_track).max() / np.abs(whole).max()) if peak > 0.999 else 1
    for got, want in wants:
        assert np.abs(got - want * gain).max() <= (1 + len(wants)) / 32768, np.abs(got - want * gain).max()


def check_page(d, path, whole, sounds):
    text = open(path, encoding="utf-8").read()
    page = Page()
    page.feed(text)
    assert not page.open, page.open
    assert not re.search(r'(?:src|href|action)\s*=\s*"(?!data:[a-z,]|#)', text), "something outside the page is named"
    assert "<img src=x" not in text
    assert "onerror=alert" in page.text or "onerror=alert" not in json.dumps(d["input"]), "a name was lost, not escaped"
    policy = next(a["content"] for t, a in page.tags if t == "meta" and a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy and "unsafe" not in policy
    digest = lambda s: "'sha256-%s'" % base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()
    assert len(page.scripts) == 3 and digest(page.scripts[-1]) in policy and digest(page.style) in policy
    assert not any("style" in a or any(k.startswith("on") for k in a) for _, a in page.tags), "inline style or handler"
    inner = json.loads(page.scripts[-2])
    inner["run"] = d["run"] = None
    for settings in (inner["settings"], d["settings"]):
        settings.pop("report", None)
    assert inner == d, "the page's JSON is not the command's"
    check_tracks(d, page, whole, sounds)
    picture = next(base64.b64decode(a["src"].split(",")[1]) for t, a in page.tags if t == "img")
    assert picture[:8] == b"\x89PNG\r\n\x1a\n" and len(picture) > 1000
    for t in d["targets"]:
        assert t["name"] in page.text
        for c in t["components"]:
            assert c["name"] in page.text


d = json.load(open(sys.argv[1], encoding="utf-8"))
names = check_json(d, sys.argv[4], sys.argv[5])
check_table(d)
whole, sounds = check_parts(d, sys.argv[2], names)
if sys.argv[3]:
    check_page(d, sys.argv[3], whole, sounds)
