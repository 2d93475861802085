"""A name for people, in the two languages of everything that is shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Label:
    """A name for people, Japanese first."""

    ja: str
    en: str

    def text(self, language: str) -> str:
        """Return the name in *language* (``"ja"`` or ``"en"``)."""
        return self.en if language == "en" else self.ja
