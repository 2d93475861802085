"""What a terminal or a log may be given: no character that commands it, turns text around or hides.

Names of devices, reasons of changes, file names and error echoes come from elsewhere. Where they go
out they are made visible (`printable`); where one line of free text comes in, it is refused
(`said`). Knows characters, and nothing of who speaks.
"""

from __future__ import annotations

import logging
import re

from sekisho.errors import UsageError

#: C0 but for TAB and LF, DEL and C1 (ISO 6429); soft hyphen; what turns or hides text (Unicode
#: Standard Annex 9: marks, embeddings, overrides, isolates); zero widths, line and paragraph
#: separators, interlinear annotations; surrogates without a partner.
UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_NOT_ON_ONE_LINE = re.compile(f"[\t\n{UNPRINTABLE.pattern[1:-1]}]")
_PAIRS = len("\ud800-\udfff")  # at its end; no JSON text holds one
#: The same for a JSON schema, as ECMA-262 writes it.
ONE_LINE = "^[^{}]*$".format(
    "".join(
        c if c == "-" else f"\\u{ord(c):04x}" for c in "\t\n" + UNPRINTABLE.pattern[1 : -1 - _PAIRS]
    )
)
_SHOWN = 60
#: What stands for a sign that an output cannot carry: as wide as the sign, and no two alike.
SIGNS = {"○": "o", "×": "x", "△": "!", "◇": "*", "－": "- "}
SIGNS |= {"→": ">", "…": "~", "✓": "v", "、": ", "}


def printable(text: str) -> str:
    r"""Return *text* with every such character as ``\u001b``, which JSON reads back."""
    return UNPRINTABLE.sub(_written, text)


def is_carried(text: str, encoding: str) -> bool:
    """Tell whether an output of *encoding* can carry *text*."""
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def carried(text: str, encoding: str) -> str:
    """Return *text* with other signs for those that an output of *encoding* cannot carry."""
    if is_carried(text, encoding):
        return text
    return "".join(c if is_carried(c, encoding) else SIGNS.get(c, c) for c in text)


def fault(text: str) -> str:
    """Say what one line of free text holds that it must not; empty where it is well."""
    found = _NOT_ON_ONE_LINE.search(text)
    return f"U+{ord(found[0]):04X} is no character for one line of text" if found else ""


def said(text: str, what: str) -> str:
    """Return *text*, one line of somebody's free words.

    Args:
        text: The words.
        what: The option or key that they were given for.

    Raises:
        UsageError: They hold a character that is no text.
    """
    wrong = fault(text)
    if wrong:
        shown = _NOT_ON_ONE_LINE.sub(_written, text[:_SHOWN])
        raise UsageError(f"{what} '{shown}': {wrong}\n  hint: plain words on one line")
    return text


class PrintableFormatter(logging.Formatter):
    """A formatter of log lines whose text, tracebacks too, commands no terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return printable(super().format(record))


def _written(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
