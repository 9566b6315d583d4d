"""A part of a picture changed: what is looked for, what is refused before a job is made, and the run itself.

The geometry and the painting are `pipelines.canvas`; looking for the figure is `pipelines.foreground`.
"""

from typing import TYPE_CHECKING

from pipelines import canvas
from pipelines.base import EngineSpec
from studio.domain.requests import Edit, ImageRequest
from studio.errors import StudioError
from studio.services.engine_use import translated

if TYPE_CHECKING:
    from PIL.Image import Image

    from studio.services.compose import Composed
    from studio.services.inputs import Inputs

MOST_SIDE = 4096
LEAST_BOX = 16  # pixels of the picture
_REACH = {"repaint": "near", "extend": "whole", "background": "whole", "detail": "close"}
# What an engine with its own words for framings is told, where the person said none: a larger canvas shows more of
# the figure, and a head that fills the window is a close-up.
_FRAMINGS = {"extend": "half figure", "detail": "close-up"}


class Edits:
    """One per studio, over the pictures it may start from."""

    def __init__(self, inputs: "Inputs"):
        self.inputs = inputs

    # ------------------------------------------------------------------ looking
    def background(self, image_id: str) -> str:
        """The id of a mask of what is behind the figure of this picture. NotFound, StudioError."""
        from PIL import ImageOps

        from pipelines import foreground

        return self.inputs.keep(ImageOps.invert(foreground.mask(self.inputs.image(image_id))))

    def head(self, image_id: str) -> tuple[int, int, int, int] | None:
        """The box (left, top, right, bottom) of the face or head in this picture, in pixels; None when none is found.

        Faces in photos are looked for when their packages are installed; else the head of the figure in front counts.
        """
        from pipelines import foreground, identity

        image = self.inputs.image(image_id)
        if identity.kind_of(image) == "photo" and not identity.ready("photo"):
            return identity.face_box(image)
        return foreground.head(image)

    # ------------------------------------------------------------------ before a job is made
    def fitted(self, request: ImageRequest, spec: EngineSpec) -> ImageRequest:
        """The request in the engine's size that suits the part best, its framing said, nothing enlarged afterwards.

        Raises StudioError with the field when the edit cannot be made of this picture.
        """
        edit = request.edit
        size, area = self._area(request)
        reach = self._reach(edit)
        if reach == "whole":
            area = (0, 0, *size)
        shape = canvas.nearest_shape(size, area, spec.sizes, reach == "close")
        values = {"width": shape[0], "height": shape[1], "upscale": 1}
        framing = _FRAMINGS.get(edit.mode, "")
        if framing in spec.words.get("framing", ()) and request.framing in ("", "portrait"):
            values["framing"] = framing
        return request.model_copy(update=values)

    def with_parts(self, request: ImageRequest) -> ImageRequest:
        """What the studio looks for itself is looked for now, so that the job and the recipe name it."""
        edit = request.edit
        if edit is None or not request.image or request.mask:
            return request
        if edit.mode == "background":
            return request.model_copy(update={"mask": self.background(request.image)})
        if edit.mode == "detail" and edit.box is None:
            box = self.head(request.image)
            if box is None:
                raise StudioError("No face was found in this picture.", "Draw a box around it.", field="edit")
            return request.model_copy(update={"edit": edit.model_copy(update={"box": box})})
        return request

    def size(self, request: ImageRequest) -> tuple[int, int]:
        """Width and height of the finished picture. StudioError as `fitted`."""
        return self._area(request)[0]

    def _area(self, request: ImageRequest) -> tuple[tuple[int, int], tuple[int, int, int, int]]:
        """((width, height) of the finished picture, box of what changes). StudioError with the field."""
        edit = request.edit
        if not request.image:
            raise StudioError("There is no picture to edit.", "Choose a picture first.", field="image")
        width, height = self._size(request.image)
        if edit.mode == "extend":
            if not (edit.left or edit.top or edit.right or edit.bottom):
                raise StudioError("Nothing is added yet.", "Choose a shape, or how much to add.", field="edit")
            size = (width + edit.left + edit.right, height + edit.top + edit.bottom)
            if max(size) > MOST_SIDE:
                raise StudioError(
                    f"The picture would have {size[0]} × {size[1]} pixels.",
                    f"A side has {MOST_SIDE} pixels at most: add less.",
                    field="edit",
                )
            return size, (0, 0, *size)
        size = (width, height)
        if edit.mode == "detail" and edit.box and not request.mask:
            left, top, right, bottom = edit.box
            inside = 0 <= left and 0 <= top and right <= width and bottom <= height
            if not inside or min(right - left, bottom - top) < LEAST_BOX:
                raise StudioError(
                    "This box is not inside the picture, or too small.",
                    f"It has four numbers: left, top, right, bottom, {LEAST_BOX} pixels apart at least.",
                    field="edit",
                )
            return size, edit.box
        if request.mask:
            area = self._mask(request.mask, size).getbbox()
            if area is None:
                raise StudioError("Nothing is marked yet.", "Paint over what should change.", field="mask")
            return size, area
        if edit.mode == "repaint":
            raise StudioError("Nothing is marked yet.", "Paint over what should change.", field="mask")
        return size, (0, 0, *size)  # found when it is made

    def _size(self, image_id: str) -> tuple[int, int]:
        from studio.media.pictures import open_picture

        path = self.inputs.path(image_id)
        state = path.stat()
        key = (str(path), state.st_mtime_ns, state.st_size)
        if self._known[0] != key:  # asked for at every keystroke
            self._known = (key, open_picture(path).size)
        return self._known[1]

    _known: tuple = (None, None)

    def _mask(self, mask_id: str, size: tuple[int, int]) -> "Image":
        from PIL import Image

        mask = self.inputs.image(mask_id, "mask")
        return mask if mask.size == size else mask.resize(size, Image.Resampling.BILINEAR)

    @staticmethod
    def _reach(edit: Edit) -> str:
        return "close" if edit.mode == "repaint" and edit.close else _REACH[edit.mode]

    # ------------------------------------------------------------------ the run
    def made(self, engine, inputs, composed: "Composed", step) -> "list[Image]":
        """The finished pictures, one per seed, in the size of the picture that was edited. StudioError, EngineError."""
        from pipelines import upscale

        edit = Edit.model_validate(composed.edit)
        image = self.inputs.image(composed.image)
        if edit.mode == "extend":
            sheet, mask = canvas.extended(image, edit.left, edit.top, edit.right, edit.bottom)
        else:
            sheet = image
            mask = self._mask(composed.mask, image.size) if composed.mask else canvas.box_mask(image.size, edit.box)
        enlarge = None
        if not upscale.ready():
            enlarge = lambda small, factor: upscale.upscale(small, factor, step=lambda *_: inputs.check())
        reach = self._reach(edit)
        with translated():
            return canvas.repaint(engine, inputs, sheet, mask, step, feather=edit.feather, reach=reach, enlarge=enlarge)
