"""From one YAML scalar to one value. Knows how values are written, not where they stand."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv4Network

from sekisho.model import PortRange, PortRef
from sekisho.plan.kinds import Key
from sekisho.plan.nodes import Scalar
from sekisho.plan.places import closest, half_width, shorten, show, suggestion
from sekisho.text.printable import UNPRINTABLE

_DECIMAL = re.compile("-?(0|[1-9][0-9]{0,17})")
_FRACTION = re.compile(r"(0|[1-9][0-9]{0,11})(\.[0-9]{1,9})?")
_MAC = re.compile("[0-9a-f]{2}(:[0-9a-f]{2}){5}")
# As Windows and most vendors print them, and as Cisco does.
_DASHED = re.compile("[0-9a-f]{2}(-[0-9a-f]{2}){5}")
_DOTTED = re.compile(r"[0-9a-f]{4}(\.[0-9a-f]{4}){2}")
_PORT_REF = re.compile("([^:]+):(?:([1-9][0-9]{0,3})|(.+))")
#: As the trade writes them: Gi1/0/5, 1/0/5, ge-0/0/5, et-0/0/0:1.
PORT_NAME = "[A-Za-z0-9][A-Za-z0-9/._:-]{0,29}"
_PORT_NAMES = re.compile("(.*?)([0-9]{1,4})-([0-9]{1,4})")
_PORT_RANGE = re.compile("([1-9][0-9]{0,4})-([1-9][0-9]{0,4})")
_LAST_PORT = 65535
_LONGEST_PREFIX = 30  # a network, a gateway, one host and a broadcast address
_WORDS = {"int": "a number", "float": "a number", "bool": "true or false", "timestamp": "a date"}


class ScalarError(ValueError):
    """A scalar that is not what its key asks for."""

    def __init__(self, text: str, hint: str = "") -> None:
        self.text = text
        self.hint = hint
        super().__init__(text)


def read_text(scalar: Scalar, key: Key) -> str:
    """Return free text; what YAML takes for something else must be quoted."""
    if scalar.meaning in _WORDS:
        taken = _WORDS[scalar.meaning]
        raise ScalarError(
            f"YAML takes {show(scalar.text)} for {taken}; {key.name} is text",
            f'put it in quotes: "{scalar.text}"',
        )
    if not scalar.text.strip():
        raise ScalarError("is empty", f"write {_article(key.kind.value)}")
    _refuse_unseen(scalar.text)
    return scalar.text


def read_name(scalar: Scalar, key: Key) -> str:
    """Return a name: one word that matches the key's pattern."""
    refuse_words(scalar.text, key)
    if key.pattern and not re.fullmatch(key.pattern, scalar.text):
        raise wrong(scalar, "a name", f"it must match {key.pattern}")
    if not scalar.text.strip():
        raise ScalarError("is empty", "write a name")
    _refuse_unseen(scalar.text)
    return scalar.text


def _refuse_unseen(text: str) -> None:
    odd = UNPRINTABLE.search(text)
    if odd:
        raise ScalarError(
            f"{show(text)} holds U+{ord(odd[0]):04X}, which is no text",
            "take it out: it commands a terminal, or cannot be seen",
        )


def refuse_words(text: str, key: Key) -> None:
    """Refuse a word that the table of keys names as wrong here."""
    if text in key.refused:
        raise ScalarError(f"{show(text)} is refused here", key.refusal)


def refuse_list(scalar: Scalar, key: Key) -> None:
    """Refuse a single word where a list of them should be."""
    refuse_words(scalar.text, key)
    raise wrong(scalar, f"a {key.kind.value}", f"write a list: [{shorten(scalar.text)}]")


def read_choice(scalar: Scalar, key: Key) -> str:
    """Return one of the key's words."""
    refuse_words(scalar.text, key)
    if scalar.text not in key.choices:
        if len(key.choices) == 1:
            text = f"{show(scalar.text)} is not '{key.choices[0]}'"
            raise ScalarError(text, f"the only value here is: {key.choices[0]}")
        choices = f"{', '.join(key.choices[:-1])} or {key.choices[-1]}"
        is_close = closest(scalar.text, key.choices)
        hint = suggestion(scalar.text, key.choices) if is_close else key.refusal
        raise ScalarError(f"{show(scalar.text)} is not {choices}", hint)
    return scalar.text


def read_integer(scalar: Scalar, key: Key) -> int:
    """Return a whole number within the key's bounds."""
    high = f"to {key.high}" if key.high is not None else "up"
    bounds = f"a whole number from {key.low} {high}"
    if not scalar.plain and _DECIMAL.fullmatch(scalar.text):
        raise ScalarError(f"{show(scalar.text)} is text", f"write it without quotes: {scalar.text}")
    if not _DECIMAL.fullmatch(scalar.text):
        raise wrong(scalar, bounds, "write it in decimal digits, without leading zeros")
    number = int(scalar.text)
    if number < key.low or (key.high is not None and number > key.high):
        text = f"{number} is not {bounds if key.low != key.high else key.low}"
        raise ScalarError(text, key.refusal)
    return number


def read_number(scalar: Scalar, key: Key) -> float:
    """Return a number that may have a fraction."""
    if not scalar.plain or not _FRACTION.fullmatch(scalar.text):
        raise wrong(scalar, f"a number from {key.low} up", "write it like 100 or 2.5")
    number = float(scalar.text)
    if number < key.low:
        raise ScalarError(f"{scalar.text} is not a number from {key.low} up")
    return number


def read_boolean(scalar: Scalar, key: Key) -> bool:
    """Return a truth value; the other spellings of YAML 1.1 are refused."""
    if not scalar.plain or scalar.text not in ("true", "false"):
        raise wrong(scalar, "true or false", f"write {key.name}: true or {key.name}: false")
    return scalar.text == "true"


def read_mac(scalar: Scalar, key: Key) -> str:
    """Return a MAC address in lower case, with colons, in whichever notation it is written."""
    text = scalar.text.lower()
    if _DASHED.fullmatch(text) or _DOTTED.fullmatch(text):
        text = re.sub("[-.]", "", text)
        text = ":".join(text[n : n + 2] for n in range(0, 12, 2))
    if not _MAC.fullmatch(text):
        digits = re.sub("[^0-9a-f]", "", half_width(text))
        right = ":".join(digits[n : n + 2] for n in range(0, 12, 2))
        hint = f'write it like "{right if len(digits) == 12 else "02:10:00:00:00:15"}"'
        raise ScalarError(f"{show(scalar.text)} is not a MAC address", hint)
    return text


def read_address(scalar: Scalar, key: Key) -> IPv4Address:
    """Return an IPv4 address."""
    try:
        return IPv4Address(scalar.text if scalar.text.isascii() else "")
    except AddressValueError as error:
        raise wrong(scalar, "an IPv4 address", "write it like 10.10.0.21") from error


def read_network(scalar: Scalar, key: Key) -> IPv4Network:
    """Return an IPv4 network that has room for a gateway and a host."""
    address, slash, prefix = scalar.text.partition("/")
    if not slash or not re.fullmatch("[1-9]?[0-9]", prefix) or not scalar.text.isascii():
        raise wrong(scalar, "an IPv4 network", "write it like 10.10.0.0/24")
    try:
        network = IPv4Network(scalar.text, strict=False)
    except ValueError as error:
        raise wrong(scalar, "an IPv4 network", "write it like 10.10.0.0/24") from error
    if str(network.network_address) != address:
        raise ScalarError(f"{show(scalar.text)} has host bits set", f"the network is {network}")
    if network.prefixlen > _LONGEST_PREFIX:
        raise ScalarError(f"{network} has no room for a gateway and a host", "use /30 or wider")
    return network


def read_port_ref(scalar: Scalar, key: Key) -> PortRef:
    """Return a port of a switch."""
    match = _PORT_REF.fullmatch(scalar.text)
    if not match:
        raise wrong(scalar, "a switch port", 'write it like "floor:8": switch id, colon, number')
    if match[2]:
        return PortRef(match[1], int(match[2]))
    if match[3].isdecimal() or not re.fullmatch(PORT_NAME, match[3]):
        hint = 'write it like "floor:8" or "floor:Gi1/0/8": switch id, colon, number or name'
        raise wrong(scalar, "a switch port", hint)
    return PortRef(match[1], 0, match[3])


def read_port_names(scalar: Scalar, key: Key) -> tuple[str, ...]:
    """Return the port names that one word stands for: its own, or ``first-last`` counted up."""
    if not re.fullmatch(PORT_NAME, scalar.text):
        hint = "write it like Gi1/0/5, or a range: Gi1/0/1-48"
        raise wrong(scalar, "the name of a port, or a range of them", hint)
    match = _PORT_NAMES.fullmatch(scalar.text)
    if not match:
        return (scalar.text,)
    before, first, last = match[1], int(match[2]), int(match[3])
    if match[3] != str(last) and len(match[2]) != len(match[3]):
        text = f"{show(scalar.text)} begins and ends with numbers of different length"
        raise ScalarError(text, f"write {before}{match[2]}-{last}")
    if last < first:
        raise ScalarError(
            f"{show(scalar.text)} ends before it begins", f"write {before}{match[3]}-{match[2]}"
        )
    if last - first >= (key.high or 0):
        raise ScalarError(f"{show(scalar.text)} is more than {key.high} ports")
    width = len(match[2]) if match[2] != str(first) else 0  # 01-10 is 01 to 10, as switches say it
    return tuple(f"{before}{number:0{width}}" for number in range(first, last + 1))


def read_port_range(scalar: Scalar, key: Key) -> PortRange:
    """Return one port, or a range written ``"first-last"``."""
    match = _PORT_RANGE.fullmatch(scalar.text)
    if match:
        ports = PortRange(int(match[1]), int(match[2]))
    elif scalar.plain and _DECIMAL.fullmatch(scalar.text):
        ports = PortRange(int(scalar.text), int(scalar.text))
    elif _DECIMAL.fullmatch(scalar.text):
        raise ScalarError(f"{show(scalar.text)} is text", f"write it without quotes: {scalar.text}")
    else:
        raise wrong(scalar, "a port", 'write it like 443 or "8080-8081"')
    if ports.last < ports.first:
        hint = f'write "{ports.last}-{ports.first}"'
        raise ScalarError(f"{scalar.text} ends before it begins", hint)
    if ports.first < 1 or ports.last > _LAST_PORT:
        raise ScalarError(f"{scalar.text} is not within ports 1 to {_LAST_PORT}")
    return ports


def wrong(scalar: Scalar, what: str, hint: str) -> ScalarError:
    """Return the error that *scalar* is not *what*; a full-width slip has its own hint."""
    plain = half_width(scalar.text)
    if plain != scalar.text:
        hint = f"write it in half-width characters: {shorten(plain)}"
    return ScalarError(f"{show(scalar.text)} is not {what}", hint)


def _article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else noun if noun == "text" else f"a {noun}"
