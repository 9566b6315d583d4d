"""The first opinion on a picture. It is advice: a picture is kept without one when it cannot be had."""

import logging
from typing import TYPE_CHECKING

from studio.domain.asset import Quality

if TYPE_CHECKING:
    from PIL.Image import Image

log = logging.getLogger("studio.images")


def scored(image: "Image") -> Quality | None:
    """The picture's quality, None when scoring fails; the log then says why."""
    from pipelines import quality

    try:
        return Quality(**quality.score(image.convert("RGB")))
    except Exception:  # whatever is wrong with an opinion, the picture must not be lost for it
        log.exception("A picture could not be scored; it is kept without a score.")
        return None
