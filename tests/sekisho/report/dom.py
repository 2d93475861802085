"""Read a report's HTML with the standard library: it is written so that it also is XML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element


def parse(page: str) -> Element:
    """Return the element tree of *page*, without its style and scripts."""
    text = re.sub(r"(?s)<(script|style)\b.*?</\1>", "", page)
    text = re.sub(r"<(meta|input|br)\b([^>]*)>", r"<\1\2/>", text)
    return ElementTree.fromstring(re.sub(r"(?i)<!doctype html>", "", text))


def by_id(root: Element, name: str) -> Element:
    """Return the element with id *name*."""
    found = root.find(f".//*[@id='{name}']")
    assert found is not None, f"no element {name}"
    return found


def by_class(root: Element, name: str) -> Iterator[Element]:
    """Yield the elements that carry the class *name*."""
    return (element for element in root.iter() if name in element.get("class", "").split())


def text(element: Element | None) -> str:
    """Return all text in *element*."""
    assert element is not None
    return "".join(element.itertext())


def japanese(root: Element) -> list[str]:
    """Return the Japanese phrases in *root*."""
    return [text(element) for element in root.iterfind(".//*[@lang='ja']")]
