"""Metadata from options: what docs/format.md allows, typed and checked before anything is written.

--meta KEY=VALUE sets any key; --frontend, --rate, --labels, --score, --kind and friends are the common ones by name. What
the network's own input tells (samples or frames of one patch, layout) is filled in when it is not given.
"""

import json

from .errors import InputError, UsageError

INTEGER = ("frontend.rate frontend.n_fft frontend.win_length frontend.hop frontend.mels frontend.half "
           "frontend.patch_frames frontend.patch_samples frontend.patch_hop_frames").split()
REAL = ("frontend.power frontend.fmin frontend.fmax frontend.log_scale frontend.amin frontend.offset frontend.top_db "
        "golden.tolerance separator.overlap").split()
TEXT = {
    "name": None, "licence": None, "source": None, "frontend.filterbank": None,
    "kind": "classifier separator network", "score": "sigmoid softmax real", "frontend": "waveform mel stft none",
    "frontend.window": "hann hann_symmetric hamming sqrt_hann rectangular", "frontend.center": "reflect zero none",
    "frontend.mel_scale": "slaney htk", "frontend.mel_norm": "slaney none",
    "frontend.log": "log10_1p db db_power2 ln_offset ln_max none",
    "frontend.layout": "time_mel mel_time time_mel_3d mel_time_3d waveform waveform_3d time_freq freq_time time_freq_3d "
                       "freq_time_3d time_freq_complex freq_time_complex",
    "frontend.short": "repeat zero", "frontend.tail": "drop pad overlap", "separator.gives": "mask wave spectrum",
}
LISTS = ["labels", "frontend.stems"]
MEL = ["frontend.rate", "frontend.n_fft", "frontend.hop", "frontend.mels", "frontend.log"]
MEL_DEFAULTS = {"frontend.window": "hann", "frontend.center": "reflect", "frontend.power": 2.0, "frontend.fmin": 0.0,
                "frontend.mel_scale": "slaney", "frontend.mel_norm": "slaney"}
LOG_NEEDS = {"log10_1p": "frontend.log_scale", "db": "frontend.amin", "db_power2": "frontend.amin",
             "ln_offset": "frontend.offset", "ln_max": "frontend.amin"}


def typed(key, value):
    """A value of the key's type, from text or JSON."""
    try:
        if key in INTEGER:
            v = int(value)
            if v != float(value) or v < 0:
                raise ValueError
            return v
        if key in REAL:
            return float(value)
        if key in LISTS:
            v = [s.strip() for s in value.split(",")] if isinstance(value, str) else [str(s) for s in value]
            if not v or "" in v:
                raise ValueError
            return v
    except (TypeError, ValueError):
        raise UsageError("metadata %s=%s: not a value of its type (docs/format.md)" % (key, value)) from None
    if key not in TEXT:
        raise UsageError("metadata '%s' is not a key of docs/format.md" % key)
    if TEXT[key] and str(value) not in TEXT[key].split():
        raise UsageError("metadata %s=%s: one of %s" % (key, value, ", ".join(TEXT[key].split())))
    return str(value)


def from_options(options):
    """{key: value} of everything that was given."""
    meta = {}
    if options.frontend and options.frontend.endswith(".json"):
        try:
            with open(options.frontend, encoding="utf-8") as f:
                given = json.load(f)
        except (OSError, ValueError) as e:
            raise InputError("%s: not readable JSON (%s)" % (options.frontend, e)) from e
        if not isinstance(given, dict):
            raise InputError("%s: wants one JSON object of metadata keys" % options.frontend)
        meta.update({k: typed(k, v) for k, v in given.items()})
    elif options.frontend:
        meta["frontend"] = typed("frontend", options.frontend)
    for key, value in (("frontend.rate", options.rate), ("score", options.score), ("kind", options.kind),
                       ("frontend.short", options.short), ("frontend.tail", options.tail), ("name", options.name),
                       ("licence", options.licence), ("source", options.source),
                       ("frontend.stems", options.input_stems)):
        if value is not None:
            meta[key] = typed(key, value)
    for text in options.meta or []:
        key, eq, value = text.partition("=")
        if not eq:
            raise UsageError("--meta %s: write KEY=VALUE" % text)
        meta[key] = typed(key, value)
    return meta


def _waveform(meta, dims):
    if "frontend.layout" not in meta:
        if len(dims) not in (2, 3):
            raise UsageError("a waveform front end needs an input [batch, samples] or [batch, channels, samples]; "
                             "this network's is %s" % dims)
        meta["frontend.layout"] = "waveform" if len(dims) == 2 else "waveform_3d"
    if "frontend.patch_samples" not in meta:
        if dims[-1] < 1:
            raise UsageError("how many samples does one input have? --meta frontend.patch_samples=N")
        meta["frontend.patch_samples"] = dims[-1]


def _mel(meta, dims):
    for key in MEL:
        if key not in meta:
            raise UsageError("a mel front end needs --meta %s=..." % key)
    for key, value in MEL_DEFAULTS.items():
        meta.setdefault(key, value)
    meta.setdefault("frontend.win_length", meta["frontend.n_fft"])
    meta.setdefault("frontend.fmax", meta["frontend.rate"] / 2.0)
    need = LOG_NEEDS.get(meta["frontend.log"])
    if need and need not in meta:
        raise UsageError("frontend.log=%s needs --meta %s=..." % (meta["frontend.log"], need))
    if "frontend.layout" not in meta:
        tail = "_3d" if len(dims) == 3 else ""
        last, before = dims[-1] == meta["frontend.mels"], len(dims) > 2 and dims[-2] == meta["frontend.mels"]
        if last == before:
            raise UsageError("is the input %s time first or mel first? --meta frontend.layout=time_mel%s or mel_time%s"
                             % (dims, tail, tail))
        meta["frontend.layout"] = ("time_mel" if last else "mel_time") + tail
    time = dims[-2 if meta["frontend.layout"].startswith("time") else -1]
    if "frontend.patch_frames" not in meta:
        if time < 1:
            raise UsageError("how many frames does one input have? --meta frontend.patch_frames=N")
        meta["frontend.patch_frames"] = time
    meta.setdefault("frontend.patch_samples", meta["frontend.patch_frames"] * meta["frontend.hop"])


def _stft(meta, dims):
    """A separator's spectrogram: the layout cannot be guessed, the patch can."""
    for key in ("frontend.n_fft", "frontend.hop", "frontend.layout"):
        if key not in meta:
            raise UsageError("an stft front end needs --meta %s=..." % key)
    meta.setdefault("frontend.win_length", meta["frontend.n_fft"])
    for key, value in (("frontend.window", "hann"), ("frontend.center", "reflect"), ("frontend.power", 1.0)):
        meta.setdefault(key, value)
    layout = meta["frontend.layout"]
    axis = (-1 if layout.startswith("freq") else -2) - layout.endswith("complex")
    if "frontend.patch_frames" not in meta and len(dims) >= 3 and dims[axis] > 0:
        meta["frontend.patch_frames"] = dims[axis]


def complete(meta, given, labels, dims, width):
    """Merges what was given into a converter's metadata and checks that the whole makes sense. dims: of the first
    graph input; width: classes that the first output gives, or None."""
    meta.update(given)
    if labels:
        meta["labels"] = labels
        if "kind" not in given and meta.get("kind") == "network":
            meta["kind"] = "classifier"
    front = meta.get("frontend", "none")
    if "frontend" in given and front in ("waveform", "mel", "stft"):
        if "frontend.rate" not in meta:
            raise UsageError("which sample rate? --rate HZ")
        {"waveform": _waveform, "mel": _mel, "stft": _stft}[front](meta, dims)
        if front != "stft":
            meta.setdefault("frontend.short", "zero")
            meta.setdefault("frontend.tail", "pad")
    if meta.get("kind") == "classifier":
        if "labels" not in meta:
            meta["labels"] = ["class %d" % i for i in range(width or 1)]
        if width is not None and len(meta["labels"]) != width:
            raise UsageError("%d labels for a network of %d outputs" % (len(meta["labels"]), width))
    if meta.get("kind") == "separator":
        for key, how in (("labels", "--labels FILE (stem names)"), ("separator.gives", "--meta separator.gives=..."),
                         ("frontend.rate", "--rate HZ")):
            if key not in meta:
                raise UsageError("a separator needs %s" % how)
    return meta
