"""Versions of what the studio stands on, read from package metadata: nothing is imported to know them."""

import platform
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

from studio import __version__

NAMED = ("torch", "diffusers", "transformers", "gradio", "pillow", "ncnn")


@lru_cache(maxsize=64)
def installed(package: str) -> str:
    """The installed version of a package, "" when it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def versions(names: tuple[str, ...] = NAMED) -> dict[str, str]:
    """The studio's, Python's and these packages' versions by name; packages that are missing are left out."""
    found = {name: installed(name) for name in names}
    return {
        "studio": __version__,
        "python": platform.python_version(),
        **{name: one for name, one in found.items() if one},
    }
