"""Files the page offers for download. Gradio serves only its own upload folder, so they are copied there."""

import shutil
from pathlib import Path

from gradio.utils import get_upload_folder


def handed_out(path: Path) -> str:
    """A copy of `path` where the page may download it from, in a folder named after it."""
    folder = Path(get_upload_folder()) / path.stem
    folder.mkdir(parents=True, exist_ok=True)
    return str(shutil.copy2(path, folder / path.name))
