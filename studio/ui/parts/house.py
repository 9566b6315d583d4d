"""The house as people read it: health facts, storage, settings and log lines as plain values for static/system.js."""

from studio.settings import SETTINGS, Setting, Settings

LABELS = {
    "theme": "Theme",
    "device": "Device",
    "dtype": "Number format",
    "keep_alive_minutes": "Keep an idle model in memory",
    "preview": "Live previews",
    "jpeg_quality": "JPEG and WebP quality",
    "disclosure_line": "Disclosure line",
    "rejection_reasons": "Rejection reasons",
    "mature": "Mature pictures",
    "default_model": "Default model",
    "models_folder": "Models folder",
    "model_folders": "Other model folders",
    "hub_cache": "Hugging Face cache",
    "offline": "Offline",
    "trash_days": "Days in the trash",
    "log_level": "Log level",
}
GROUPS = (
    ("The page", ("theme",)),
    ("Making pictures", ("preview", "mature", "device", "dtype", "keep_alive_minutes")),
    ("Models", ("default_model", "models_folder", "model_folders", "hub_cache", "offline")),
    ("Reviewing and publishing", ("rejection_reasons", "disclosure_line", "jpeg_quality")),
    ("House", ("trash_days", "log_level")),
)
NAMES = {"studio": "Character Studio", "torch": "PyTorch", "ncnn": "ncnn"}
WORDS = {
    "system": "As the system",
    "light": "Light",
    "dark": "Dark",
    "auto": "Automatic",
    "cpu": "Processor",
    "cuda": "NVIDIA graphics (cuda)",
    "mps": "Apple graphics (mps)",
    "DEBUG": "Everything",
    "INFO": "Information and above",
    "WARNING": "Warnings and errors",
    "ERROR": "Errors only",
}


def size(count: float | None) -> str:
    """Bytes as people say them: 1.2 GB, decimal as disks are sold."""
    if count is None:
        return ""
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if count < 1000 or unit == "TB":
            return f"{count:.0f} {unit}" if unit == "bytes" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return ""


def span(seconds: float) -> str:
    """How long: 40 s, 12 min, 3 h 5 min, 2 days."""
    minutes = int(seconds // 60)
    if minutes < 2:
        return f"{seconds:.0f} s"
    if minutes < 120:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h {minutes % 60} min" if hours < 48 else f"{hours // 24} days"


def machine_facts(health: dict) -> list[tuple[str, str]]:
    """Device, number format and why, memory, disk."""
    device, memory, disk = health["device"], health["memory"], health["disk"]
    made_on = WORDS.get(device["device"], device["device"]) if device["device"] else "known after the first picture"
    return [
        ("Pictures are made on", made_on),
        ("Called", device["name"]),
        ("Cores", memory.get("cpu_cores")),
        ("Number format", device["dtype"] or "not measured yet"),
        ("Why", device["why"]),
        ("Measured", measured(device.get("measured"))),
        ("Memory of the studio", size(memory["studio"])),
        ("Memory free", f"{size(memory['available'])} of {size(memory['total'])}"),
        ("Disk free", f"{size(disk['free'])} of {size(disk['total'])}"),
        ("Data folder", disk["folder"]),
    ]


def measured(known: dict | None) -> str:
    """The seconds each number format took, when they were measured."""
    formats = ("bfloat16", "float16", "float32")
    seconds = [(name, known[name]) for name in formats if isinstance((known or {}).get(name), int | float)]
    return ", ".join(f"{name} {1000 * taken:.1f} ms" for name, taken in seconds)


def work_facts(health: dict) -> list[tuple[str, str]]:
    """The models, which one is loaded, the queue, and how long the studio has been up."""
    device, queue = health["device"], health["queue"]
    loaded = next((one["name"] for one in health["models"] if one["id"] == device["engine"]), device["engine"])
    held = size(device.get("engine_memory"))
    return [
        *((one["name"], one["ready"] or "ready") for one in health["models"]),
        ("In memory now", f"{loaded}, {held}" if loaded and held else loaded or "no model"),
        ("Laid out", f"{device['plan']}: {device['plan_why']}" if device.get("plan") else None),
        ("Waits in RAM", _waiting_models(health)),
        ("Making", "a picture" if queue["running"] else "nothing"),
        (
            "Waiting",
            f"{queue['waiting']} {'job' if queue['waiting'] == 1 else 'jobs'}" if queue["waiting"] else "nobody",
        ),
        ("Queue", "paused" if queue["paused"] else "open"),
        ("Open since", span(health["uptime_s"])),
    ]


def _waiting_models(health: dict) -> str | None:
    """Models that another one took the place of, with their sizes; None when there are none."""
    names = {one["id"]: one["name"] for one in health["models"]}
    waiting = health["device"].get("waiting_models") or []
    return ", ".join(f"{names.get(one['id'], one['id'])}, {size(one['bytes'])}" for one in waiting) or None


def version_facts(health: dict) -> list[tuple[str, str]]:
    """What the studio stands on, under the names these things call themselves."""
    return [(NAMES.get(name, name.capitalize()), version) for name, version in health["versions"].items()]


def storage_value(storage: dict, trashed: int, days: int) -> dict:
    """Who uses how much of the disk. `share` is of what the studio uses, 0 to 1."""
    total = max(1, storage["total"])
    rows = [
        {
            "name": part["name"],
            "size": size(part["bytes"]),
            "share": part["bytes"] / total,
            "note": f"{part['files']:,} files".replace(",", " ") if part["files"] != 1 else "1 file",
        }
        for part in storage["parts"]
    ]
    least = "" if storage.get("complete", True) else "at least "
    return {
        "rows": rows,
        "total": f"Together {least}{size(storage['total'])}. {size(storage['free'])} are free on the disk.",
        "trash": {"count": trashed, "days": days},
        "stamp": storage.get("measured_at", ""),
    }


def settings_value(settings: Settings) -> dict:
    """Every setting that is not the studio's own notebook, in groups; one nobody has grouped goes under Other."""
    shown = {setting.name: setting for setting in SETTINGS if not setting.hidden}
    grouped = [(title, [name for name in names if name in shown]) for title, names in GROUPS]
    taken = {name for _, names in grouped for name in names}
    grouped.append(("Other", [name for name in shown if name not in taken]))
    return {
        "groups": [
            {"title": title, "settings": [_field(shown[name], settings) for name in names]}
            for title, names in grouped
            if names
        ]
    }


def _field(setting: Setting, settings: Settings) -> dict:
    source, value = settings.source(setting.name), settings.get(setting.name)
    field = {
        "name": setting.name,
        "label": LABELS.get(setting.name, setting.name.replace("_", " ").capitalize()),
        "help": setting.help,
        "value": value,
        "off": source == "environment",
        "note": f"Set by the environment: STUDIO_{setting.name.upper()}." if source == "environment" else "",
        "changed": source == "file" and value != setting.default,
        "usual": plain(setting.default),
    }
    if setting.choices:
        field["kind"] = "select"
        field["choices"] = [{"value": one, "label": WORDS.get(one, one)} for one in setting.choices]
    elif setting.kind == "switch":
        field["kind"] = "check"
    elif setting.kind == "whole":
        field |= {"kind": "number", "min": setting.minimum, "max": setting.maximum, "step": 1}
    elif setting.kind == "list":
        field |= {"kind": "area", "rows": 6, "value": "\n".join(value), "help": f"{setting.help} One per line."}
    elif len(str(setting.default)) > 30:
        field |= {"kind": "area", "rows": 3, "longest": setting.longest}
    return field


def plain(value: object) -> str:
    """A default as its button names it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list) or len(str(value)) > 24:
        return "the usual"
    return WORDS.get(str(value), str(value))


def setting_from(name: str, value: object) -> object:
    """What the form sends as the setting keeps it: lines become a list."""
    kind = next((setting.kind for setting in SETTINGS if setting.name == name), "text")
    return str(value).splitlines() if kind == "list" else value


def log_value(events: list[dict], level: str) -> dict:
    """Log events as lines; `newest` tells the page whether anything is new."""
    lines = [event | {"time": event["time"][:19].replace("T", " ")} for event in events]
    newest = f"{len(events)} {events[-1]['time']} {hash(events[-1]['text'])}" if events else ""
    return {"lines": lines, "newest": newest, "level": level}
