"""A plan as a drawing: DOT text for two diagrams, and Graphviz to render it.

The physical diagram is what a technician finds: sites, switches, lines, and what hangs on which
port. `sekisho.draw.logical` has the other one. Drawing is a pure function of the plan; only
:func:`render` starts a process.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from html import escape
from pathlib import Path

from sekisho.draw.dot import cell, colours, font, head, quoted, raw_cell, table
from sekisho.draw.logical import logical
from sekisho.errors import LabError, UsageError
from sekisho.model import Attachment, Label, Link, Plan, PortRef, Switch

VIEWS = ("physical", "logical")
FORMATS = ("svg", "png", "pdf")
TIMEOUT_S = 60.0

_ROWS = 14  # ports of a switch, one below the other, before a second column begins


def draw(plan: Plan, view: str = "physical", *, language: str = "ja") -> str:
    """Return *plan* as DOT text.

    Args:
        plan: The town.
        view: ``physical`` or ``logical``.
        language: ``ja`` or ``en``.

    Raises:
        UsageError: There is no such view.
    """
    if view not in VIEWS:
        raise UsageError(f"there is no view {view!r}\n  hint: {' or '.join(VIEWS)}")
    lines = physical(plan, language) if view == "physical" else logical(plan, language)
    body = "\n".join(f"  {line}" for line in lines)
    return f"digraph {quoted(plan.id)} {{\n{body}\n}}\n"


def render(dot: str, path: Path) -> None:
    """Render DOT text into *path*; the suffix decides the format.

    Raises:
        UsageError: The suffix names no format that Graphviz is asked for.
        LabError: Graphviz is absent, refuses the text or does not end.
    """
    kind = path.suffix.removeprefix(".")
    if kind not in FORMATS:
        raise UsageError(f"{path}: cannot draw {path.suffix!r}\n  hint: .{', .'.join(FORMATS)}")
    if not os.access(path.parent, os.W_OK):
        raise UsageError(
            f"{path}: cannot be written\n  hint: --out a folder in which you may write"
        )
    part = path.with_name(f".{path.name}.part")
    command = ["dot", f"-T{kind}", "-o", str(part)]
    try:
        subprocess.run(
            command, input=dot.encode(), capture_output=True, timeout=TIMEOUT_S, check=True
        )
        part.replace(path)
    except FileNotFoundError as error:
        raise LabError("dot (Graphviz) is not installed\n  hint: apt install graphviz") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"dot did not end within {TIMEOUT_S:.0f} s") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()
        raise LabError(f"dot ended with {error.returncode}: {said}") from error
    finally:
        part.unlink(missing_ok=True)


_HUB, _TAG = Label("ハブ", "hub"), Label("タグ", "tag")
_SHARED = "#dddddd"


def physical(plan: Plan, language: str) -> Iterator[str]:
    """Yield the lines of the physical diagram."""
    note = Label(
        "実線 主回線、破線 副回線。箱の行は ポート番号・機器・名称、色は系統の層。"
        "回線の速度は、両端のポート番号の下。",
        "Solid: main line, dashed: backup. A row is port, device and name; its colour the layer. "
        "The speed of a line stands under the numbers of its two ports.",
    )
    yield from head(plan, Label("物理構成図", "Physical diagram"), note, language)
    yield "rankdir=TB; ranksep=1.1; nodesep=0.3; newrank=true;"
    depths = _depths(plan)
    for site in plan.sites:
        switches = [switch for switch in plan.switches if switch.site == site.id]
        if switches:
            yield f"subgraph {quoted('cluster_' + site.id)} {{"
            yield f'  label={quoted(site.label.text(language))}; style=rounded; color="#777777";'
            for switch in switches:
                yield f"  {quoted(switch.id)} [label=<{_switch(plan, switch, depths, language)}>];"
            yield "}"
    for depth in sorted(set(depths.values())):
        same = " ".join(quoted(switch) for switch in depths if depths[switch] == depth)
        yield f"{{ rank=same; {same} }}"
    for link in plan.links:
        yield _line(link, depths)


def _depths(plan: Plan) -> dict[str, int]:
    """Return how far below the hub each switch is drawn; those of other sites stand above it.

    The hub is whatever has most lines: no plan says which switch is the middle of the town.
    """
    neighbours: dict[str, list[str]] = {switch.id: [] for switch in plan.switches}
    for link in plan.links:
        neighbours[link.a.switch].append(link.b.switch)
        neighbours[link.b.switch].append(link.a.switch)
    most = max(len(others) for others in neighbours.values())
    hubs = [switch for switch, others in neighbours.items() if len(others) == most]
    distances = dict.fromkeys(hubs, 0)
    queue = list(hubs)
    for here in queue:
        for other in neighbours[here]:
            if other not in distances:
                distances[other] = distances[here] + 1
                queue.append(other)
    home = {plan.switch[hub].site for hub in hubs}
    return {
        switch.id: distances.get(switch.id, 1) * (1 if switch.site in home else -1)
        for switch in plan.switches
    }


def _switch(plan: Plan, switch: Switch, depths: dict[str, int], language: str) -> str:
    here = [a for a in plan.attachments if a.at.switch == switch.id]
    rows = list(_ports(plan, sorted(here, key=lambda a: (a.at, a.id)), language))
    columns = -(-len(rows) // _ROWS) or 1
    tall = -(-len(rows) // columns) or 1
    blocks = [table(rows[n : n + tall]) for n in range(0, len(rows), tall)]
    name = f"<B>{escape(switch.label.text(language))}</B>  {escape(switch.id)}"
    title = font(name, COLOR="white", **{"POINT-SIZE": 11})
    upper, lower = _line_ports(plan, switch, depths)
    inside = [
        upper and table([upper]),
        table([raw_cell(title)], BGCOLOR="#333333", WIDTH=80),
        table(["".join(raw_cell(block, VALIGN="TOP") for block in blocks)]) if blocks else "",
        lower and table([lower]),
    ]
    rows = [raw_cell(part) for part in inside if part]
    return table(rows, BORDER=1, CELLSPACING=0, CELLPADDING=0)


def _line_ports(plan: Plan, switch: Switch, depths: dict[str, int]) -> tuple[str, str]:
    """Return the cells of the ports whose lines go up, and of those that go down or across."""
    up: dict[PortRef, Link] = {}
    down: dict[PortRef, Link] = {}
    for link in plan.links:
        for here, there in ((link.a, link.b), (link.b, link.a)):
            if here.switch == switch.id:
                (up if depths[there.switch] < depths[here.switch] else down)[here] = link
    shown = [
        "".join(_line_port(port, ports[port]) for port in sorted(ports)) for ports in (up, down)
    ]
    return shown[0], shown[1]


def _line_port(port: PortRef, link: Link) -> str:
    """Return the cell of a port with its line's speed: beside the line, speeds would collide."""
    text = "<BR/>".join(escape(word) for word in (port.word, *_pace(link)))
    return raw_cell(text, PORT=f"p{port.port}", BORDER=1, COLOR="#777777", ALIGN="CENTER", WIDTH=22)


def _pace(link: Link) -> list[str]:
    """Return the speed of a line and its delay, each where the plan gives it."""
    speed = [] if link.mbps is None else [_speed(link.mbps)]
    return speed + ([f"{link.delay_ms:g} ms"] if link.delay_ms else [])


def _ports(plan: Plan, here: list[Attachment], language: str) -> Iterator[str]:
    """Yield the rows of a switch; a hub has one for its port, above those of its members."""
    hub = ""
    for attachment in here:
        if attachment.on_hub and attachment.air != hub:
            label = next(air.label for air in plan.airs if air.id == attachment.air)
            name = f"{_HUB.text(language)}: {label.text(language)}"
            words = (attachment.at.word, attachment.air, name)
            yield "".join(cell(word, BGCOLOR=_SHARED) for word in words)
        hub = attachment.air if attachment.on_hub else ""
        yield _port(plan, attachment, language)


def _port(plan: Plan, attachment: Attachment, language: str) -> str:
    device = plan.device[attachment.device]
    name = device.id if len(device.attachments) == 1 else attachment.id
    shared = next((air for air in plan.airs if air.id == attachment.air), None)
    ssid = f"SSID {shared.ssid}: " if shared and shared.ssid else ""
    colour = colours(plan)[plan.zone[attachment.zone].group]
    words = (attachment.at.word, name, ssid + device.label.text(language))
    if attachment.on_hub:  # the port is the hub's
        tag = f" ({_TAG.text(language)} {attachment.tag})" if attachment.tag else ""
        words = ("", f"└ {name}{tag}", words[2])
    return "".join(cell(word, BGCOLOR=colour) for word in words)


def _line(link: Link, depths: dict[str, int]) -> str:
    upper, lower = sorted((link.a, link.b), key=lambda end: depths[end.switch])
    side = "s" if depths[upper.switch] == depths[lower.switch] else "n"
    ends = f"{quoted(upper.switch)}:p{upper.port}:s -> {quoted(lower.switch)}:p{lower.port}:{side}"
    look = 'style=dashed, color="#777777"' if link.backup else "penwidth=2"
    return f"{ends} [arrowhead=none, {look}];"


def _speed(mbps: float) -> str:
    return f"{mbps / 1000:g}G" if mbps >= 1000 else f"{mbps:g}M"
