"""Characters: made, changed, duplicated, trashed, brought back, versioned, exported and imported.

Sees the store and the character's folder. Knows nothing of pictures being made, or of the page.
"""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from studio.domain.character import Character, Reference
from studio.domain.document import new_id, now
from studio.domain.origin import Origin
from studio.errors import Conflict, NotFound, StudioError
from studio.paths import Paths, safe_name
from studio.services import appearance, personas, samples, surprise
from studio.services.character_zip import pack, unpack
from studio.services.consent import needed, stated
from studio.services.ratings import refuse_character
from studio.services.validation import refusal, validated
from studio.store import Store, Version

log = logging.getLogger("studio.characters")

# What the house keeps; a form may send them back unchanged, they are never taken from it.
_KEPT = frozenset({"id", "schema", "schema_", "revision", "created_at", "updated_at", "trashed_at"})
_SAFE_ID = re.compile(r"^[0-9a-z]{8,40}$")
_MOST_REFERENCE_PIXELS = 2048


class Characters:
    """Every method returns copies: changing one changes nothing on disk. Raises NotFound for an unknown id.

    `referenced` is told the id of a character whose references changed, `ruled` of one whose identity rule did.
    """

    def __init__(
        self,
        store: Store,
        paths: Paths,
        referenced: Callable[[str], None] = lambda id: None,
        ruled: Callable[[Character], object] = lambda character: None,
    ):
        self.store, self.paths, self._referenced, self._ruled = store, paths, referenced, ruled

    # ------------------------------------------------------------------ reading
    def list(self, *, text: str = "", status: str | None = None, trashed: bool = False) -> list[Character]:
        """Characters by name. `text` is looked for in names, bios, tags, interests, places and ingredient names."""
        wanted = text.casefold().split()
        found = [
            one
            for one in self.store.characters.all()
            if bool(one.trashed_at) == trashed
            and (not status or one.status == status)
            and all(word in _searchable(one) for word in wanted)
        ]
        return sorted(found, key=lambda one: (one.name.casefold(), one.id))

    def get(self, id: str) -> Character:
        """The character, also when it is in the trash."""
        return self.store.characters.get(id)

    def names(self) -> dict[str, str]:
        """Name by id, the trash included: for pictures and posts that outlive a list."""
        return {one.id: one.name for one in self.store.characters.all()}

    # ------------------------------------------------------------------ writing
    def create(self, fields: dict) -> Character:
        """A new character. Only `name` is needed. Raises StudioError with the field that is wrong."""
        _refuse_unknown(fields, None)
        wanted = {name: value for name, value in fields.items() if name not in _KEPT and name != "references"}
        character = validated(Character, wanted)
        refuse_character(character)
        _one_default_look(character)
        return self.store.characters.add(character)

    def update(self, id: str, fields: dict, *, revision: int | None = None) -> Character:
        """Change what `fields` names: groups (persona, appearance) merge, lists are replaced as a whole.

        `revision` is the one the form was filled from: Conflict when the character was changed since.
        """
        fields = {name: value for name, value in fields.items() if name not in _KEPT}

        def change(character: Character) -> None:
            if revision is not None and character.revision != revision:
                raise Conflict(
                    f"{character.name} was changed elsewhere in the meantime.",
                    "Load it again, then repeat your change.",
                )
            _refuse_unknown(fields, character)
            merged = merge(character.as_json(), fields)
            if "references" in fields:
                merged["references"] = _known_references(character, fields["references"])
            changed = validated(Character, merged)
            refuse_character(changed)
            self._keep_thumbnails(character, changed)
            _one_default_look(changed)
            _take_over(character, changed, fields)

        before = self.get(id)
        changed = self._change(id, change)
        self._tell(before, changed)
        return changed

    def duplicate(self, id: str) -> Character:
        """A copy with its own id and its own reference files, called "Mira (copy)"."""
        original = self.get(id)
        copy = validated(Character, original.as_json() | {
            "id": new_id(), "revision": 1, "created_at": now(), "updated_at": now(), "trashed_at": None,
            "name": self._free_name(original.name),
        })  # fmt: skip
        copy = self._renewed(copy)
        copy.references = []
        target = self.paths.references(copy.id)
        for reference in original.references:
            source = self._reference_there(original.id, reference)
            if source:
                target.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target / source.name)
                copy.references = [*copy.references, reference.model_copy(update={"id": new_id()})]
        try:
            return self.store.characters.add(copy)
        except BaseException:
            shutil.rmtree(self.paths.character(copy.id), ignore_errors=True)
            raise

    # ------------------------------------------------------------------ trash
    def trash(self, id: str) -> Character:
        """Out of sight, nothing lost. Already trashed stays as it is."""
        return self._change(id, lambda one: setattr(one, "trashed_at", one.trashed_at or now()))

    def restore(self, id: str) -> Character:
        """Back from the trash."""
        return self._change(id, lambda one: setattr(one, "trashed_at", None))

    def delete_forever(self, id: str) -> None:
        """The character, its versions and its references are gone. Its pictures stay in the library.

        Raises Conflict unless it is in the trash.
        """
        character = self.get(id)
        if not character.trashed_at:
            raise Conflict(f"{character.name} is not in the trash.", "Move it to the trash first.")
        folder = self.paths.character(id)
        self.store.characters.remove(id)
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            log.warning("Parts of the folder of deleted character %s could not be removed.", id)

    # ------------------------------------------------------------------ versions
    def versions(self, id: str) -> list[Version]:
        """The kept versions, newest first, the present one included; each with `revision` and `saved_at`."""
        return self.store.characters.versions(id)

    def version(self, id: str, revision: int) -> Character:
        """The character as it was at this revision. Raises NotFound when that is no longer kept."""
        return self.store.characters.version(id, revision)

    def compare(self, id: str, a: int, b: int) -> list[tuple[str, Any, Any]]:
        """What differs between two revisions: (path, value at `a`, value at `b`); None where there was nothing."""
        return self.store.characters.compare(id, a, b)

    def restore_version(self, id: str, revision: int) -> Character:
        """The content of an earlier revision as the newest one. References whose file is gone stay out."""
        old = self.version(id, revision)

        def change(character: Character) -> None:
            values = {name: value for name, value in old.as_json().items() if name not in _KEPT}
            values["references"] = [
                one.model_dump() for one in old.references if self._reference_path(id, one).is_file()
            ]
            _take_over(character, validated(Character, character.as_json() | values), values)

        before = self.get(id)
        changed = self._change(id, change)
        self._tell(before, changed)
        return changed

    # ------------------------------------------------------------------ export and import
    def export(self, id: str) -> Path:
        """One zip with character.json and the references, in the exports folder. Its name is for people."""
        character = self.get(id)
        files = {one.file: path for one in character.references if (path := self._reference_there(id, one))}
        target = self.paths.exports() / f"{safe_name(character.name, fallback='character')}-{id[-6:]}.zip"
        pack(character, files, target)
        return target

    def import_zip(self, source: Path | str | bytes) -> Character:
        """A character from a zip that `export` made. It keeps its id unless that is taken here.

        Raises StudioError for anything else than such a zip, TooLarge for one that would not fit.
        """
        values, pictures = unpack(source)
        character = validated(Character, values)
        refuse_character(character)
        taken = not _SAFE_ID.match(character.id) or self._exists(character.id)
        character.id = new_id() if taken else character.id
        character.schema_, character.revision, character.trashed_at = Character.model_fields["schema_"].default, 1, None
        character.created_at = character.updated_at = now()
        character = self._renewed(character) if taken else character
        folder = self.paths.references(character.id)
        references, used = [], set()
        for reference in character.references:
            if reference.file in pictures:
                name = _free_file(Path(safe_name(Path(reference.file).name, fallback="reference")), used)
                folder.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(pictures[reference.file])
                asset_id, origin = self._asset(reference.asset_id), reference.origin
                if reference.asset_id and not asset_id and not origin:  # made by a model, in the studio it left
                    origin = Origin(kind="fictional", proof="Made in the studio that the character comes from.")
                references.append(
                    reference.model_copy(update={"id": new_id(), "file": name, "asset_id": asset_id, "origin": origin})
                )
        character.references = references
        character.ingredients = [
            one.model_copy(update={"thumbnail_asset_id": self._asset(one.thumbnail_asset_id)})
            for one in character.ingredients
        ]
        _one_default_look(character)
        try:
            return self.store.characters.add(character)
        except BaseException:
            shutil.rmtree(self.paths.character(character.id), ignore_errors=True)
            raise

    # ------------------------------------------------------------------ references
    def add_reference(
        self,
        id: str,
        *,
        asset_id: str | None = None,
        upload: Path | str | None = None,
        note: str = "",
        origin: dict | Origin | None = None,
    ) -> Character:
        """Keep a picture of the library, or an uploaded one, as a reference: a file in the character's own folder.

        An upload, also one that came in through the library, needs its `origin`. Raises StudioError without it and when
        the upload is no picture, Conflict when the asset is a reference already.
        """
        from studio.media.embed import open_picture

        if (asset_id is None) == (upload is None):
            raise StudioError("A reference comes from one picture.", "Choose one in the library or upload one.")
        character = self.get(id)
        if len(character.references) >= 200:
            raise StudioError(f"{character.name} has 200 references, which is the most.", "Remove one first.")
        if asset_id is not None:
            if any(one.asset_id == asset_id for one in character.references):
                raise Conflict(f"This picture is already a reference of {character.name}.")
            asset = self.store.assets.get(asset_id)
            origin = needed(asset, origin)
            source = self.paths.inside(asset.file)
            if not source.is_file():
                raise NotFound("The file of this picture is missing.", "Choose another one.")
        else:
            source, origin = Path(upload), stated(origin)
        image = open_picture(source)
        image.thumbnail((_MOST_REFERENCE_PIXELS, _MOST_REFERENCE_PIXELS))
        reference = validated(Reference, {"file": "-", "asset_id": asset_id, "note": note, "origin": origin})
        reference.file = self._write_reference(id, image, source.stem, reference.id)
        try:
            changed = self._change(id, lambda one: setattr(one, "references", [*one.references, reference]))
        except BaseException:
            (self.paths.references(id) / reference.file).unlink(missing_ok=True)
            raise
        self._tell(character, changed)
        return changed

    def say_origin(self, id: str, ref_ids: list[str], origin: dict | Origin) -> Character:
        """What references show that came without a word, such as those of an older studio. Raises NotFound."""
        said = stated(origin)

        def change(character: Character) -> None:
            for ref_id in ref_ids:
                _reference(character, ref_id)
            character.references = [
                one.model_copy(update={"origin": said}) if one.id in ref_ids else one for one in character.references
            ]

        changed = self._change(id, change)
        self._referenced(changed.id)
        return changed

    def remove_reference(self, id: str, ref_id: str) -> Character:
        """Take a reference off the character. Its file stays while a kept version still names it."""

        def change(character: Character) -> None:
            _reference(character, ref_id)
            character.references = [one for one in character.references if one.id != ref_id]

        before = self.get(id)
        changed = self._change(id, change)
        self._sweep_references(changed)
        self._tell(before, changed)
        return changed

    def reference_file(self, id: str, ref_id: str) -> Path:
        """The picture of a reference. Raises NotFound when it, or its file, is not there."""
        path = self._reference_there(id, _reference(self.get(id), ref_id))
        if path is None:
            raise NotFound("The file of this reference is missing.", "Remove the reference and add it again.")
        return path

    # ------------------------------------------------------------------ help with the form
    def surprise(self, seed: int | None = None) -> dict:
        """The fields of a complete invented character, not saved. The same seed gives the same one."""
        return surprise.surprise(seed)

    def samples(self) -> list[Character]:
        """The finished sample characters that this studio does not have yet."""
        had = {getattr(one, "sample", None) for one in self.store.characters.all()}
        return [one for one in samples.sample_characters() if one.sample not in had]

    def add_samples(self) -> list[Character]:
        """Add the sample characters that are missing, each with its portrait as a reference, and return them."""
        added = [self.store.characters.add(one) for one in self.samples()]
        note, fictional = "Made with the starter model.", Origin(kind="fictional")
        return [self.add_reference(one.id, upload=samples.portrait(one), note=note, origin=fictional) for one in added]

    def sample_portrait(self, sample: Character) -> bytes:
        """The portrait of a sample that is not added yet, as WebP."""
        return samples.portrait(sample).read_bytes()

    def appearance_words(self, character: Character | dict) -> str:
        """The appearance as the prompt words it becomes."""
        return appearance.appearance_words(character)

    def persona_templates(self) -> dict[str, dict]:
        """Persona fields by template name."""
        return personas.templates()

    # ------------------------------------------------------------------ in between
    def _change(self, id: str, change) -> Character:
        try:
            return self.store.characters.update(id, change)
        except ValidationError as error:
            raise refusal(error) from error

    def _tell(self, before: Character, after: Character) -> None:
        """Identity scores follow the references and the threshold; a change is never lost because they cannot."""
        try:
            if [one.file for one in before.references] != [one.file for one in after.references]:
                self._referenced(after.id)
            if before.identity.threshold != after.identity.threshold or before.quality != after.quality:
                self._ruled(after)
        except StudioError as error:
            log.warning("Identity scores of %s were not brought up to date: %s", after.id, error)

    def _exists(self, id: str) -> bool:
        try:
            self.store.characters.get(id)
        except NotFound:
            return self.paths.character(id).exists()
        return True

    def _asset(self, asset_id: str | None) -> str | None:
        """The id when this library has the asset."""
        try:
            return self.store.assets.get(asset_id).id if asset_id else None
        except NotFound:
            return None

    def _keep_thumbnails(self, character: Character, changed: Character) -> None:
        """Thumbnails change while a form is open: one that the form brings counts only when it can be shown."""
        had = {one.id: one.thumbnail_asset_id for one in character.ingredients}
        changed.ingredients = [
            one
            if one.thumbnail_asset_id == had.get(one.id) or self._shows(one.thumbnail_asset_id)
            else one.model_copy(update={"thumbnail_asset_id": had.get(one.id)})
            for one in changed.ingredients
        ]

    def _shows(self, asset_id: str | None) -> bool:
        return bool(asset_id) and asset_id in self.store.assets and self.store.assets.get(asset_id).state != "trashed"

    def _free_name(self, name: str) -> str:
        names = set(self.names().values())
        base = re.sub(r" \(copy(?: \d+)?\)$", "", name)[:68]
        wanted = (f"{base} (copy)", *(f"{base} (copy {number})" for number in range(2, 10_000)))
        return next(one for one in wanted if one not in names)

    @staticmethod
    def _renewed(character: Character) -> Character:
        """New ids for the parts, so that two characters never share one."""
        for group in ("ingredients", "looks"):
            setattr(character, group, [one.model_copy(update={"id": new_id()}) for one in getattr(character, group)])
        return character

    def _reference_path(self, id: str, reference: Reference) -> Path:
        # The name comes from a file people may edit by hand: only its last part counts.
        return self.paths.references(id) / Path(reference.file.replace("\\", "/")).name

    def _reference_there(self, id: str, reference: Reference) -> Path | None:
        """The reference's file; None when it is gone, or a link that leads out of the data folder."""
        path = self._reference_path(id, reference)
        try:
            return self.paths.inside(self.paths.relative(path)) if path.is_file() else None
        except StudioError:
            return None

    def _write_reference(self, id: str, image, stem: str, ref_id: str) -> str:
        """Write a clean copy, without what the upload said about its maker or where it was taken."""
        from studio.media.atomic import write_file
        from studio.media.thumbnails import encoded

        kind, suffix = ("JPEG", ".jpg") if image.format in ("JPEG", "MPO") else ("PNG", ".png")
        name = f"{safe_name(stem, fallback='reference', longest=40)}-{ref_id[-6:]}{suffix}"
        write_file(self.paths.references(id) / name, encoded(image, kind, 95))
        return name

    def _sweep_references(self, character: Character) -> None:
        named = {one.file for one in character.references}
        for version in self.store.characters.versions(character.id):
            named |= {one.file for one in self.store.characters.version(character.id, version.revision).references}
        folder = self.paths.references(character.id)
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.is_file() and path.name not in named:
                path.unlink(missing_ok=True)


def merge(values: dict, change: dict) -> dict:
    """`values` with `change` on top; groups merge, everything else is replaced."""
    merged = dict(values)
    for name, value in change.items():
        both = isinstance(value, dict) and isinstance(merged.get(name), dict)
        merged[name] = merge(merged[name], value) if both else value
    return merged


def _searchable(character: Character) -> str:
    words = [character.name, character.bio, character.location, *character.tags, *character.interests]
    return " ".join([*words, *(one.name for one in character.ingredients)]).casefold()


def _refuse_unknown(fields: dict, character: Character | None) -> None:
    """A misspelt field would otherwise be kept silently, since documents keep what they do not know."""
    groups = {"persona": Character.model_fields["persona"], "appearance": Character.model_fields["appearance"]}
    groups |= {name: Character.model_fields[name] for name in ("identity", "quality")}
    known = set(Character.model_fields) | _KEPT | set((character.model_extra or {}) if character else ())
    for name in fields:
        if name not in known:
            raise StudioError(
                f"A character has no field called “{str(name)[:60]}”.", "Check its spelling.", field=str(name)[:60]
            )
    for group, info in groups.items():
        inner = fields.get(group)
        extra = (getattr(character, group).model_extra or {}) if character else {}
        for name in inner if isinstance(inner, dict) else ():
            if name not in info.annotation.model_fields and name not in extra:
                raise StudioError(
                    f"{group.capitalize()} has no field called “{str(name)[:60]}”.", field=f"{group}.{name}"[:80]
                )


def _known_references(character: Character, wanted: Any) -> list[dict]:
    """References may be put in order, noted and dropped by an update; files come in by add_reference only."""
    have = {one.id: one for one in character.references}
    if not isinstance(wanted, list):
        raise StudioError("References must be a list.", field="references")
    kept = []
    for one in wanted:
        one = one if isinstance(one, dict) else one.model_dump() if isinstance(one, Reference) else {}
        if one.get("id") not in have:
            raise StudioError("A reference is added from a picture.", "Use “Add reference”.", field="references")
        kept.append(have[one["id"]].model_dump() | {"note": one.get("note", "")})
    return kept


def _one_default_look(character: Character) -> None:
    """At most one look is the default: the last one that was marked."""
    marked = [look for look in character.looks if look.default]
    for look in marked[:-1]:
        look.default = False


def _take_over(character: Character, changed: Character, fields: dict) -> None:
    for name in fields:
        setattr(character, name, getattr(changed, name))


def _reference(character: Character, ref_id: str) -> Reference:
    found = next((one for one in character.references if one.id == ref_id), None)
    if found is None:
        raise NotFound(f"{character.name} has no such reference.", "It may have been removed.")
    return found


def _free_file(name: Path, used: set[str]) -> str:
    """A file name not used yet, whatever the case, since Windows and macOS do not tell them apart."""
    wanted, number = name.name, 2
    while wanted.casefold() in used:
        wanted, number = f"{name.stem}-{number}{name.suffix}", number + 1
    used.add(wanted.casefold())
    return wanted
