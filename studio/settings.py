"""Settings: what a person may choose once. Default, then settings.json, then the environment."""

import copy
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import orjson

from studio.domain.post import DISCLOSURE
from studio.errors import NotFound, StudioError
from studio.paths import Paths
from studio.store.storage import encode, read_or_backup, write_atomically

Kind = Literal["text", "whole", "switch", "list", "dict"]
PREFIX = "STUDIO_"


@dataclass(frozen=True)
class Setting:
    """One setting. `help` is shown to people; a `hidden` one is the studio's own notebook and has no form field.

    `choices` limits text, `minimum` and `maximum` whole numbers (both inclusive), `longest` a text or a list.
    """

    name: str
    default: object
    kind: Kind
    help: str
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    longest: int = 400
    hidden: bool = False


SETTINGS: tuple[Setting, ...] = (
    Setting("theme", "system", "text", "Light, dark, or as the system has it.", ("system", "light", "dark")),
    Setting(
        "device",
        "auto",
        "text",
        "What pictures are made on. auto takes a graphics card when there is one.",
        ("auto", "cpu", "cuda", "mps"),
    ),
    Setting(
        "dtype",
        "auto",
        "text",
        "Number format of the engine. auto keeps the one that measured faster on this machine.",
        ("auto", "bfloat16", "float32", "float16"),
    ),
    Setting(
        "keep_alive_minutes",
        0,
        "whole",
        "Minutes an idle engine stays in memory; 0 keeps it until another is needed.",
        minimum=0,
        maximum=24 * 60,
    ),
    Setting(
        "ram_share",
        40,
        "whole",
        "Percent of this machine's memory that idle models may wait in, so that coming back to them reads no disk.",
        minimum=0,
        maximum=90,
    ),
    Setting("preview", True, "switch", "Show pictures while they are being made."),
    Setting(
        "jpeg_quality",
        92,
        "whole",
        "Quality of exported JPEG and WebP pictures; higher is better and bigger.",
        minimum=40,
        maximum=100,
    ),
    Setting(
        "disclosure_line",
        DISCLOSURE,
        "text",
        "The line that says a post is made with AI. {name} becomes the character's name.",
    ),
    Setting(
        "mature",
        False,
        "switch",
        "Allow mature pictures of characters marked as adults. Minors in suggestive pictures are always refused.",
    ),
    Setting(
        "rejection_reasons",
        ["Off model", "Hands", "Face", "Composition", "Blurry", "Wrong outfit", "Wrong place", "Duplicate"],
        "list",
        "The reasons offered when a picture is rejected.",
        longest=40,
    ),
    Setting("pause_posting", False, "switch", "Hold every post back, on all accounts of all characters."),
    Setting(
        "grace_minutes",
        60,
        "whole",
        "Minutes a post may be late. Later than that it is missed, and goes out only when somebody says so.",
        minimum=1,
        maximum=24 * 60,
    ),
    Setting(
        "default_model",
        "starter",
        "text",
        "The model the Create tab begins with.",
        longest=80,
    ),
    Setting(
        "models_folder",
        "",
        "text",
        "Folder that models are downloaded and copied to. Empty: the models folder beside characters and outputs.",
        longest=1000,
    ),
    Setting(
        "model_folders",
        [],
        "list",
        "Folders of other programs, such as ComfyUI or A1111, to look for models in. Nothing in them is changed.",
        longest=20,
    ),
    Setting("hub_cache", True, "switch", "Offer models that other programs have downloaded to the Hugging Face cache."),
    Setting("offline", False, "switch", "Make no request to any other machine: no downloads, no look-ups."),
    Setting(
        "trash_days",
        30,
        "whole",
        "Days after which System offers to empty the trash; 0 never offers.",
        minimum=0,
        maximum=3650,
    ),
    Setting(
        "log_level",
        "INFO",
        "text",
        "How much the log tells; DEBUG is for finding faults.",
        ("DEBUG", "INFO", "WARNING", "ERROR"),
    ),
    Setting("measured_dtype", {}, "dict", "What the number formats measured, per device.", hidden=True),
    Setting("learned_memory", {}, "dict", "How much memory each model's runs needed.", hidden=True),
    Setting("model_options", {}, "dict", "How each model is loaded, where a person chose.", hidden=True),
    Setting("last_choices", {}, "dict", "What was last chosen in the tabs.", hidden=True),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}
_SWITCH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


class Settings:
    """The settings of one data folder. Every change is on the disk when `set` returns. Safe from several threads.

    `notices` says what in settings.json or the environment was not understood; the default stands in for it.
    """

    def __init__(self, paths: Paths, environment: Mapping[str, str] | None = None):
        self._path = paths.settings_file
        self._lock = threading.RLock()
        self.notices: list[str] = []
        self._file: dict = {}
        self._file = self._read()
        self._environment = self._from_environment(os.environ if environment is None else environment)

    def get(self, name: str) -> object:
        """The value in force, a copy. NotFound for a name that is no setting."""
        setting = _setting(name)
        with self._lock:
            if name in self._environment:
                return copy.deepcopy(self._environment[name])
            try:
                return checked(setting, copy.deepcopy(self._file[name]))
            except (KeyError, StudioError):
                return copy.deepcopy(setting.default)

    def set(self, name: str, value: object) -> None:
        """Keep a value in settings.json. StudioError, with the setting as its field, when it does not fit.

        A setting that the environment holds can be changed in the file too; the environment goes on winning.
        """
        value = checked(_setting(name), value)
        with self._lock:
            self._write(self._file | {name: value})

    def reset(self, name: str) -> None:
        """Go back to the default, or the environment's value."""
        _setting(name)
        with self._lock:
            if name in self._file:
                self._write({key: value for key, value in self._file.items() if key != name})

    def source(self, name: str) -> Literal["default", "file", "environment"]:
        """Where the value in force comes from."""
        setting = _setting(name)
        with self._lock:
            if name in self._environment:
                return "environment"
            try:
                checked(setting, self._file[name])
            except (KeyError, StudioError):
                return "default"
            return "file"

    def as_dict(self) -> dict:
        """Every setting's value in force by name."""
        return {setting.name: self.get(setting.name) for setting in SETTINGS}

    def _read(self) -> dict:
        try:
            found = read_or_backup(self._path, _parse, self.notices) or {}
        except OSError as problem:
            self.notices.append(f"settings.json could not be read ({problem.strerror}); the defaults are used.")
            return {}
        for setting in SETTINGS:
            if setting.name in found:
                try:
                    checked(setting, found[setting.name])
                except StudioError as problem:
                    self.notices.append(f"settings.json: {problem.message} The default is used.")
        return found

    def _from_environment(self, environment: Mapping[str, str]) -> dict:
        found = {}
        for setting in SETTINGS:
            text = environment.get(PREFIX + setting.name.upper())
            if text is None or setting.hidden:
                continue
            try:
                found[setting.name] = checked(setting, _from_text(setting, text))
            except StudioError as problem:
                self.notices.append(f"{PREFIX}{setting.name.upper()}: {problem.message} It is ignored.")
        return found

    def _write(self, values: dict) -> None:
        write_atomically(self._path, encode(values, indent=True))
        self._file = values


def checked(setting: Setting, value: object) -> object:
    """The value as this setting keeps it. StudioError when it does not fit."""

    def wrong(what: str) -> StudioError:
        return StudioError(f"{setting.name} {what}.", setting.help, field=setting.name)

    if setting.kind == "switch":
        if not isinstance(value, bool):
            raise wrong("is on or off")
    elif setting.kind == "whole":
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # number fields in browsers send 30.0
        if not isinstance(value, int) or isinstance(value, bool):
            raise wrong("is a whole number")
        if (setting.minimum is not None and value < setting.minimum) or (
            setting.maximum is not None and value > setting.maximum
        ):
            raise wrong(f"is between {setting.minimum} and {setting.maximum}")
    elif setting.kind == "text":
        if not isinstance(value, str):
            raise wrong("is a text")
        value = value.strip()
        if setting.choices and value not in setting.choices:
            raise wrong(f"is one of {', '.join(setting.choices)}")
        if len(value) > setting.longest:
            raise wrong(f"has at most {setting.longest} characters")
    elif setting.kind == "list":
        if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
            raise wrong("is a list of texts")
        value = list(dict.fromkeys(" ".join(one.split()) for one in value if one.strip()))
        if len(value) > setting.longest or any(len(one) > 200 for one in value):
            raise wrong(f"has at most {setting.longest} entries of 200 characters")
    elif not isinstance(value, dict):
        raise wrong("is a set of named values")
    else:
        value = orjson.loads(encode(value))
    return value


def _setting(name: str) -> Setting:
    if name not in _BY_NAME:
        raise NotFound(f"There is no setting named {str(name)[:60]}.", f"There are {', '.join(_BY_NAME)}.")
    return _BY_NAME[name]


def _from_text(setting: Setting, text: str) -> object:
    if setting.kind == "switch":
        return _SWITCH.get(text.strip().lower(), text)
    if setting.kind == "whole":
        try:
            return int(text)
        except ValueError:
            return text
    if setting.kind == "list":
        return text.split(";")
    return text


def _parse(raw: bytes) -> dict:
    found = orjson.loads(raw)
    if not isinstance(found, dict):
        raise ValueError("not a set of settings")
    return found
