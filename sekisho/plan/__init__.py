"""The plan language: from a YAML file to a :class:`sekisho.model.Plan`, or every mistake in it.

Five phases, each with a barrier: bytes, YAML, shape, references, rules of a town. A phase reports
all its faults at once; a later phase never sees what an earlier one refused.
"""

from __future__ import annotations

from sekisho.plan.include import document
from sekisho.plan.reader import load

__all__ = ["document", "load"]
