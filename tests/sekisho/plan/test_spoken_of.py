"""A sentence of page one speaks of somebody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sekisho.errors import PlanError
from sekisho.plan import load
from tests.small import small

_LABELS = {"ja": "名前", "en": "Name"}


@pytest.mark.parametrize(
    ("key", "side"),
    [
        ("from", {"zones": ["app"], "devices": ["pc"]}),
        ("from", {"medium": "air"}),
        ("to", {"zones": ["staff"], "devices": ["srv"]}),
    ],
)
def test_a_sentence_about_nobody_is_refused(key: str, side: dict[str, Any], tmp_path: Path) -> None:
    """It would stand on page one, and nothing would ever decide it."""
    sentence = {"number": 1, "label": _LABELS, "from": ["S2"], "to": ["D2"], key: side}

    with pytest.raises(PlanError, match=rf"must_drop\[1\].{key}: the sentence speaks of nobody"):
        load(small(tmp_path, must_drop=[sentence]))
