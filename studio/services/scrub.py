"""Takes out of a text what nobody should send to strangers: passwords, tokens, home folders, names."""

import getpass
import platform
import re
from collections.abc import Iterable
from pathlib import Path

_SECRET_NAMES = (
    r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|authorization|auth|cookie|session)"
)
_PATTERNS = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w\-.~+/=]{6,}"), r"\1 ***"),
    (re.compile(rf"(?i)([\"']?\b\w*{_SECRET_NAMES}\w*[\"']?\s*[:=]\s*)(\"[^\"]*\"|'[^']*'|[^\s,;&}}\]]+)"), r"\1***"),
    (re.compile(r"(?i)(--user[= ]+[^\s:]+:)\S+"), r"\1***"),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^/\s:@]+:[^/\s@]+@"), r"\1***@"),
    (re.compile(r"\b(?:sk|pk|hf|ghp|gho|xox[abp]|glpat)[-_][A-Za-z0-9_\-]{8,}"), "***"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), "***"),
    (re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.-]+\b"), "***@***"),
)


class Scrubber:
    """Made once per report. `data` is the data folder; `names` are words that are somebody's, such as characters'."""

    def __init__(self, data: Path, names: Iterable[str] = ()):
        home, user = Path.home(), _user()
        self._folders = [(str(data), "<data>"), (data.as_posix(), "<data>"), (str(home), "~"), (home.as_posix(), "~")]
        # a home folder of "/" or a user called "a" would blank half of the text
        self._folders = [(old, new) for old, new in self._folders if len(old) > 3]
        words = sorted({one for one in (*names, user, platform.node()) if one and len(one) > 2}, key=len, reverse=True)
        self._names = re.compile("|".join(rf"(?<!\w){re.escape(one)}(?!\w)" for one in words), re.I) if words else None

    def __call__(self, text: str) -> str:
        """The text without secrets, folders of this machine, and names."""
        for pattern, instead in _PATTERNS:
            text = pattern.sub(instead, text)
        for old, new in self._folders:
            text = text.replace(old, new).replace(old.replace("\\", "\\\\"), new)
        return self._names.sub("<name>", text) if self._names else text


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user in the password file, as in some containers
        return ""
