"""What a request's body must be: JSON that means the same to everybody who reads it.

RFC 8259 leaves open what becomes of a key that is there twice, of a number beyond a double and of
half a surrogate pair, and some readers take ``NaN``. None of these is let in.
"""

from __future__ import annotations

import json

import orjson


def mistake(body: bytes) -> str:
    """Say in one line why *body* is no such JSON; empty where it is, or where there is none."""
    if not body.strip():
        return ""
    try:
        orjson.loads(body)  # UTF-8, no NaN, no infinity, no lone surrogate, not deep
        json.loads(body, object_pairs_hook=_once_each)
    except (ValueError, RecursionError) as error:
        return f"the request is not JSON: {error}"
    return ""


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"key {twice!r} is there twice")
    return found
