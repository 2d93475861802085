"""Switches lose their tables: nothing passes until the guard has brought them back."""

from __future__ import annotations

import time
from collections.abc import Callable

from scenarios.events.scene import Event, Scene
from sekisho.model import Label, Plan
from topologies.net import fix_airs

_FOREIGN = 3000
_WIPED_S = 0.5


def _ofctl(scene: Scene, *words: str) -> None:
    scene.town.ovs.run("ovs-ofctl", "-O", "OpenFlow13", *words)


def _first(scene: Scene) -> str:
    return scene.trios[0].permitted.at.switch


def _reconnect(scene: Scene, switch: str) -> None:
    before = len(scene.town.facts())
    scene.town.ovs.appctl("bridge/reconnect", switch)
    scene.fact("town-in-force", before)


def _one_restarted(switch: str) -> Callable[[Scene], None]:
    def play(scene: Scene) -> None:
        _ofctl(scene, "del-flows", switch)
        scene.zero(time.time_ns(), f"{switch} answered that its tables are empty")
        scene.note("emulated: tables emptied and connection renewed; the process goes on")
        _reconnect(scene, switch)

    return play


def _all_restarted(scene: Scene) -> None:
    before = len(scene.town.facts())
    scene.zero(time.time_ns(), "ovs-vswitchd was killed")
    scene.town.ovs.restart_switches()
    fix_airs(scene.town.net)
    scene.fact("town-in-force", before)


def _wiped(scene: Scene) -> None:
    switch = _first(scene)
    before = len(scene.town.facts())
    _ofctl(scene, "del-flows", switch)
    scene.zero(time.time_ns(), f"{switch} answered that its tables are empty")
    time.sleep(_WIPED_S)
    if len(scene.town.facts()) == before:
        scene.note("the guard does not notice before the switch connects anew")
    _reconnect(scene, switch)


def _foreign(scene: Scene) -> None:
    """Thousands of somebody's rules that would forward as an ordinary switch does."""
    switch, path = _first(scene), scene.town.folder / "foreign.txt"
    path.write_text(
        "".join(
            f"table=9,priority=9,ip,nw_dst=198.18.{n >> 8}.{n & 255},actions=NORMAL\n"
            for n in range(_FOREIGN)
        )
    )
    _ofctl(scene, "add-flows", switch, str(path))
    scene.zero(time.time_ns(), f"{switch} took {_FOREIGN} foreign rules")
    before = len(scene.town.facts())
    _reconnect(scene, switch)
    told = [f for f in scene.town.facts()[before:] if f.get("switch") == switch]
    if not any(f.get("deleted") == _FOREIGN for f in told):
        scene.broken("the guard did not say that it deleted them")


def _full(scene: Scene) -> None:
    """A table takes no more rules: the guard says so and ends; the tables fail closed."""
    switch, ovs = _first(scene), scene.town.ovs
    ovs.run(
        "ovs-vsctl", "--id=@t", "create", "Flow_Table", "flow_limit=9", "overflow_policy=refuse",
        "--", "set", "Bridge", switch, "flow_tables:5=@t",
    )  # fmt: skip
    try:
        before = len(scene.town.facts())
        _ofctl(scene, "del-flows", switch)
        scene.zero(time.time_ns(), f"{switch} answered that its tables are empty")
        ovs.appctl("bridge/reconnect", switch)
        status = scene.town.wait_for_end("controller", timeout_s=20)
        said = [f for f in scene.town.facts()[before:] if f["event"] == "failed"]
        scene.note(f"the guard stated failed and ended with status {status}")
        if not said or not status:
            scene.broken("a full table was not noticed")
    finally:
        ovs.run("ovs-vsctl", "clear", "Bridge", switch, "flow_tables")
    before = len(scene.town.facts())
    scene.town.start_guard()
    scene.fact("town-in-force", before)


def events(plan: Plan) -> list[Event]:
    """Return the events of every switch of *plan*, and those of all together."""
    each = [
        Event(
            f"switch-restarted:{s.id}",
            Label(f"装置の再起動 {s.id}", f"Switch restarted: {s.id}"),
            "RT-02",
            _one_restarted(s.id),
        )
        for s in plan.switches
    ]
    together = [
        Event("switches-restarted", Label("全装置の同時再起動", "All switches restarted at once"),
              "RT-02", _all_restarted),
        Event("tables-wiped", Label("規則の全消去", "Tables wiped"), "RT-02", _wiped),
        Event("tables-overfilled", Label("他人の規則で溢れる", "Tables overfilled"), "RT-02",
              _foreign),
        Event("table-full", Label("規則表が一杯", "A table is full"), "RT-02", _full),
    ]  # fmt: skip
    return [*each, *together]
