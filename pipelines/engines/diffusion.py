"""What the engines of installed models share: one model folder or file as an engine.

A family's file says which classes it uses and how its prompt and its latents are read; this file knows the rest of a
diffusers pipeline's life and no family by name.
"""

from pipelines import model_folder
from pipelines.base import EngineError, EngineSpec, Family, LocalModel

REMEDY = "Import or download the model again in Models."


def spec_of(family: Family, model: LocalModel) -> EngineSpec:
    """What an installed model says about itself: its family's, its variant's, then its own defaults."""
    variant = family.variant(model.variant)
    native = (model.defaults.get("width", family.native[0]), model.defaults.get("height", family.native[1]))
    own = {name: model.defaults[name] for name in ("steps", "guidance", "sampler") if name in model.defaults}
    uses = (family.uses | variant.uses) - variant.without
    return EngineSpec(
        id=model.id,
        name=model.name,
        summary=model.summary or family.summary,
        licence=model.licence or variant.licence or family.licence,
        native=native,
        sizes=family.sizes if native in family.sizes else (native, *family.sizes),
        uses=uses,
        samplers=family.samplers,
        defaults=variant.defaults | own,
        presets=variant.presets,
        vram_gb=family.vram_gb["model"],
        sides=family.sides,
        prompt_tokens=family.prompt_tokens,
        remedy=REMEDY,
        family=family.id,
        tasks=variant.tasks or family.tasks,
        prompt_style=family.prompt_style,
        most_references=family.most_references if "references" in uses else 0,
    )


class DiffusersEngine:
    """One installed model. One run at a time: `pipelines.device.Device` sees to that."""

    def __init__(self, family: Family, model: LocalModel):
        self.family, self.model = family, model
        self.spec = spec_of(family, model)
        self._pipe = None
        self._looked: tuple[tuple, str | None] | None = None
        self._hash: tuple[tuple, str] | None = None

    def ready(self) -> str | None:
        """See Engine. Headers are read again only when a file changed."""
        state = model_folder.state(self.model)
        if self._looked is None or self._looked[0] != state or not state:
            self._looked = (state, model_folder.damage(self.model))
        return self._looked[1]

    def model_hash(self) -> str:
        """See Engine; over heads, tails and sizes of the weight files."""
        self._check()
        state = model_folder.state(self.model)
        if self._hash is None or self._hash[0] != state:
            self._hash = (state, model_folder.fingerprint(self.model))
        return self._hash[1]

    def footprint(self, bytes_per_number: int = 2) -> dict[str, int]:
        """Bytes of each component's weights, from the file headers."""
        return model_folder.footprint(self.model, bytes_per_number)

    def unload(self) -> None:
        self._pipe = None

    def _check(self) -> None:
        if problem := self.ready():
            raise EngineError(f"{self.model.name} cannot be loaded. {problem}", REMEDY, "model_damaged")
