"""Is this the same character? Two encoders answer, one for drawn pictures and one for faces in photographs.

Each turns a picture into a vector; the similarity of two vectors is calibrated into a score from 0 to 1, where 0.5
means that "the same" and "somebody alike" are equally likely. Scores of the two encoders are not comparable.

- drawn: a small network trained on the starter's renders, shipped with it; see `starter/identity.json` for its figures.
- photo: dlib's face detector and its ResNet embedding (King 2017), when their packages are installed. The five-point
  landmark model is used; the 68-point one of the same package may not be used commercially and is never opened.

torch and dlib are imported on first use.
"""

import json
import math
import threading
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.base import EngineError

if TYPE_CHECKING:
    import numpy
    from PIL.Image import Image

HOME = Path(__file__).resolve().parent / "starter"
WEIGHTS, CALIBRATION = HOME / "identity_encoder.safetensors", HOME / "identity.json"
KINDS = ("drawn", "photo")
NAMES = {"drawn": "drawn characters", "photo": "faces in photos"}
PHOTO_PACKAGES = "requirements-photos.txt"
MOST_COMPARED = 3  # the nearest references count, so that one odd reference does not pull everybody down
DRAWN_ENGINES = frozenset({"starter"})  # these make nothing but drawings
FLAT = 0.5  # share of pixels like their neighbours from which a picture counts as drawn

_PHOTO_FILES = {
    "landmarks": "shape_predictor_5_face_landmarks.dat",
    "embedding": "dlib_face_recognition_resnet_model_v1.dat",
}
# dlib's own threshold is a distance of 0.6; the slope gives 0.95 at 0.38, the farthest seen of one face altered.
_PHOTO_MIDDLE, _PHOTO_SLOPE = 0.6, 13.4
_FACE_SIDE = 800  # longest side in which faces are looked for, pixels
_one_at_a_time = threading.Lock()


class NoFace(EngineError):
    """There is nobody in the picture that the encoder could look at."""

    def __init__(self, message: str = "No face was found.", hint: str = "Choose a picture that shows the face."):
        super().__init__(message, hint, "no_face")


def ready(kind: str) -> str | None:
    """None when this encoder can be used, else one sentence that says what is missing."""
    if kind == "drawn":
        missing = [path for path in (WEIGHTS, CALIBRATION) if not path.is_file()]
        if missing:
            return f"The encoder for drawn characters is not there: {missing[0].name} is missing in {HOME.name}."
        return None
    if find_spec("dlib") is None or _photo_folder() is None:
        return f"No encoder for photos is installed. Run “pip install -r {PHOTO_PACKAGES}” in the studio's environment."
    return None


def kind_of(image: "Image", engine: str = "") -> str:
    """Which encoder a picture is for: "drawn" or "photo", by the engine that made it, else by its look."""
    return "drawn" if engine in DRAWN_ENGINES or looks_drawn(image) else "photo"


def looks_drawn(image: "Image") -> bool:
    """Whether a picture of unknown origin is drawn: most of its pixels then equal their neighbours."""
    import numpy

    picture = image.convert("RGB")
    picture.thumbnail((256, 256))
    pixels = numpy.asarray(picture, dtype=numpy.int16)
    if min(pixels.shape[:2]) < 3:
        return True
    right = numpy.abs(pixels[:-1, 1:] - pixels[:-1, :-1]).max(2)
    below = numpy.abs(pixels[1:, :-1] - pixels[:-1, :-1]).max(2)
    return float((numpy.maximum(right, below) <= 3).mean()) >= FLAT


def embed(image: "Image", kind: str) -> "numpy.ndarray":
    """The picture's (128,) float32 vector; any size and mode. Of several faces the largest counts.

    Raises NoFace; EngineError when the encoder is not there.
    """
    if kind not in KINDS:
        raise EngineError(f"There is no encoder for “{kind}” pictures.", f"Use {' or '.join(KINDS)}.", "encoder")
    if missing := ready(kind):
        raise EngineError(missing, "", "no_encoder")
    with _one_at_a_time:
        return _embed_drawn(image) if kind == "drawn" else _embed_photo(image)


def score(vector: "numpy.ndarray", references: "list[numpy.ndarray]", kind: str) -> float:
    """How surely the picture shows the character of the references, 0 to 1: by its three nearest references.

    All vectors are of the same `kind`. Raises ValueError without a reference.
    """
    import numpy

    if not references:
        raise ValueError("no reference to compare with")
    others = numpy.stack(references)
    if kind == "drawn":
        nearest = numpy.sort(others @ vector)[::-1][:MOST_COMPARED].mean()
        known = calibration()
        logit = known["slope"] * float(nearest) + known["offset"]
    else:
        nearest = numpy.sort(numpy.linalg.norm(others - vector, axis=1))[:MOST_COMPARED].mean()
        logit = _PHOTO_SLOPE * (_PHOTO_MIDDLE - float(nearest))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


@lru_cache(1)
def calibration() -> dict:
    """The drawn encoder's calibration and figures: slope, offset, threshold, figures."""
    return json.loads(CALIBRATION.read_text(encoding="utf-8"))


def default_threshold(kind: str = "drawn") -> float:
    """The score below which a picture counts as somebody else unless a person chose otherwise."""
    return float(calibration()["threshold"]) if kind == "drawn" and not ready("drawn") else 0.5


def unload() -> None:
    """Forget the loaded encoders; they come back when next used."""
    with _one_at_a_time:
        _encoder.cache_clear()
        _photo_models.cache_clear()


# ---------------------------------------------------------------- drawn
@lru_cache(1)
def _encoder():
    from pipelines.starter import encoder

    return encoder.load(WEIGHTS)


def _square(image: "Image", side: int) -> "Image":
    """The upper middle square, where portraits have the head, as RGB of `side` pixels; transparency counts as white."""
    from PIL import Image

    if image.has_transparency_data:
        on_white = Image.new("RGBA", image.size, "white")
        on_white.alpha_composite(image.convert("RGBA"))
        image = on_white
    width, height = image.size
    edge = min(width, height)
    left, top = (width - edge) // 2, (height - edge) // 6
    box = (left, top, left + edge, top + edge)
    return image.convert("RGB").resize((side, side), Image.Resampling.BOX if edge > side else None, box)


def _embed_drawn(image: "Image") -> "numpy.ndarray":
    import numpy

    from pipelines.starter import encoder

    picture = numpy.asarray(_square(image, encoder.SIZE))[None]
    vectors, present = encoder.embed(_encoder(), picture)
    if present[0] < 0.5:
        raise NoFace("No character was found in this picture.")
    return vectors[0]


# ---------------------------------------------------------------- photo
def _photo_folder() -> Path | None:
    """Where the face models lie. Their package is not imported: it needs an old setuptools."""
    spec = find_spec("face_recognition_models")
    for place in spec.submodule_search_locations or () if spec else ():
        folder = Path(place) / "models"
        if all((folder / name).is_file() for name in _PHOTO_FILES.values()):
            return folder
    return None


@lru_cache(1)
def _photo_models():
    import dlib

    folder = _photo_folder()
    return (
        dlib.get_frontal_face_detector(),
        dlib.shape_predictor(str(folder / _PHOTO_FILES["landmarks"])),
        dlib.face_recognition_model_v1(str(folder / _PHOTO_FILES["embedding"])),
    )


def faces(image: "Image") -> list[tuple[float, float, float, float]]:
    """Faces in a photograph as (left, top, right, bottom), shares of its sides. Needs `ready("photo")` to be None."""
    import numpy

    picture = image.convert("RGB")
    picture.thumbnail((_FACE_SIDE, _FACE_SIDE))
    with _one_at_a_time:
        found = _photo_models()[0](numpy.ascontiguousarray(numpy.asarray(picture)), 0)
    wide, high = picture.size
    return [(one.left() / wide, one.top() / high, one.right() / wide, one.bottom() / high) for one in found]


def _embed_photo(image: "Image") -> "numpy.ndarray":
    import numpy

    picture = image.convert("RGB")
    picture.thumbnail((_FACE_SIDE, _FACE_SIDE))
    pixels = numpy.ascontiguousarray(numpy.asarray(picture))
    find, landmarks, model = _photo_models()
    faces = find(pixels, 0) or find(pixels, 1)  # 1: enlarged once, for small faces
    if not faces:
        raise NoFace()
    face = max(faces, key=lambda one: one.width() * one.height())
    return numpy.asarray(model.compute_face_descriptor(pixels, landmarks(pixels, face)), dtype=numpy.float32)


def face_box(image: "Image") -> tuple[int, int, int, int] | None:
    """The box (left, top, right, bottom) of the largest face in a photo, in its pixels; None when there is none.

    Raises EngineError when the packages for photos are not there.
    """
    if missing := ready("photo"):
        raise EngineError(missing, "", "no_encoder")
    import numpy

    picture = image.convert("RGB")
    picture.thumbnail((_FACE_SIDE, _FACE_SIDE))
    with _one_at_a_time:
        find = _photo_models()[0]
        pixels = numpy.ascontiguousarray(numpy.asarray(picture))
        faces = find(pixels, 0) or find(pixels, 1)
    if not faces:
        return None
    face = max(faces, key=lambda one: one.width() * one.height())
    scale, room = image.width / picture.width, face.height() // 4  # it ends at the brows
    box = (face.left(), face.top() - room, face.right(), face.bottom())
    left, top, right, bottom = (round(side * scale) for side in box)
    return max(0, left), max(0, top), min(image.width, right), min(image.height, bottom)
