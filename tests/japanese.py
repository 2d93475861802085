"""Whether a text that was asked for in Japanese is that."""

from __future__ import annotations

import re


def is_japanese(text: str) -> bool:
    """Tell whether no two English words follow each other in any line of *text*."""
    return not re.search(r"[a-z]{2,} [a-z]{2,}", text)
