"""What an uploaded picture shows: somebody invented, the person at the keyboard, or somebody who agreed."""

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from studio.domain.document import Part, now

OriginKind = Literal["fictional", "myself", "consented"]


class Origin(Part):
    """A person's word on an upload; it stays with the picture. For `consented` it says who agreed, when (an ISO day),
    and where the proof is kept."""

    kind: OriginKind
    person: str = Field(default="", max_length=120)
    day: str = Field(default="", max_length=10)
    proof: str = Field(default="", max_length=400)
    said_at: str = Field(default_factory=now)

    @model_validator(mode="after")
    def _consent_says_who_when_and_where(self):
        if self.kind == "consented":
            if not self.person.strip() or not self.proof.strip():
                raise ValueError("Consent says who agreed, on which day, and where the proof is kept.")
            try:
                agreed = date.fromisoformat(self.day)
            except ValueError:
                raise ValueError("The day of the consent is written like 2026-01-31.") from None
            if agreed > date.fromisoformat(now()[:10]):
                raise ValueError("The day of the consent is still to come.")
        return self


def in_words(origin: Origin | None) -> str:
    """What was said, in one line."""
    if origin is None:
        return "Not said what it shows"
    if origin.kind == "consented":
        return f"{origin.person}, agreed on {origin.day}. Proof: {origin.proof}"
    return {"fictional": "Fictional", "myself": "Shows the owner of this studio"}[origin.kind]
