"""Switches lose their tables: nothing passes until the controller has brought them back."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from scenarios.events.trial import Event, EventTrial
from sekisho.model import Label, Plan
from topologies.network.topology import create_switch, destroy_switch, fix_airs

_FOREIGN = 3000
_HEALED_S = 20.0


def _ofctl(trial: EventTrial, *words: str) -> None:
    trial.town.ovs.run("ovs-ofctl", "-O", "OpenFlow13", *words)


def _first(trial: EventTrial) -> str:
    return trial.stream_targets[0].permitted.at.switch


def _one_restarted(switch: str) -> Callable[[EventTrial], None]:
    """Delete one switch and make it again: ports, tables, connection, cache, all are new.

    One process runs all switches, so the others are not restarted with it.
    """

    def play(trial: EventTrial) -> None:
        before = len(trial.town.facts())
        destroy_switch(trial.town.net, switch)
        trial.zero(time.time_ns(), f"{switch} is not there any more")
        create_switch(trial.town.net, switch)
        fact = _in_force(trial, switch, before)
        if fact["added"] != fact["rules"]:
            trial.broken(Label(f"{switch} に規則が残っていた", f"{switch} came back with rules"))

    return play


def _in_force(trial: EventTrial, switch: str, before: int) -> dict[str, Any]:
    """Wait until the town is in force; return what was said of *switch* last."""
    trial.fact("town-in-force", before)
    said = [f for f in trial.town.facts()[before:] if f.get("switch") == switch]
    return next(f for f in reversed(said) if f["event"] == "in-force")


def _all_restarted(trial: EventTrial) -> None:
    before = len(trial.town.facts())
    trial.zero(time.time_ns(), "ovs-vswitchd was killed")
    trial.town.ovs.restart_switches()
    fix_airs(trial.town.net)
    trial.fact("town-in-force", before)


def _wiped(trial: EventTrial) -> None:
    """Nobody reconnects anything: the controller is told by the switch and puts it right."""
    switch = _first(trial)
    before, began = len(trial.town.facts()), time.time()
    _ofctl(trial, "del-flows", switch)
    trial.zero(time.time_ns(), f"{switch} answered that its tables are empty")
    noticed = trial.fact("drift", before)
    healed = _in_force(trial, switch, before)
    if noticed["switch"] != switch or healed["added"] == 0:
        trial.broken(Label("別のスイッチが復元された", "the controller healed another switch"))
    after_ms = (noticed["at"] - began) * 1e3
    back_ms, added = (healed["at"] - began) * 1e3, healed["added"]
    trial.note(
        f"消去の指示から遅くとも{after_ms:.1f}ミリ秒で検知、{back_ms:.1f}ミリ秒で規則{added}件の復元を確認",
        f"noticed at most {after_ms:.1f} ms after the order to wipe, "
        f"{added} rules proved back after {back_ms:.1f} ms",
    )


def _foreign(trial: EventTrial) -> None:
    """Thousands of somebody's rules that would forward as an ordinary switch does."""
    switch, path = _first(trial), trial.town.folder / "foreign.txt"
    path.write_text(
        "".join(
            f"table=9,priority=9,ip,nw_dst=198.18.{n >> 8}.{n & 255},actions=NORMAL\n"
            for n in range(_FOREIGN)
        )
    )
    before = len(trial.town.facts())
    trial.zero(time.time_ns(), f"{switch} is given {_FOREIGN} foreign rules")
    _ofctl(trial, "add-flows", switch, str(path))
    given = time.time()
    deleted = 0
    while deleted < _FOREIGN and time.time() < given + _HEALED_S:
        said = [f for f in trial.town.facts()[before:] if f.get("switch") == switch]
        deleted = sum(f.get("deleted", 0) for f in said)
        time.sleep(0.02)
    trial.fact("town-in-force", before)
    if deleted != _FOREIGN:
        trial.broken(
            Label(
                f"削除の申告は{deleted}件だけ",
                f"the controller said that it deleted {deleted} of them",
            )
        )
    took_ms = (time.time() - given) * 1e3
    trial.note(
        f"最後の追加から{took_ms:.0f}ミリ秒ですべて削除",
        f"all deleted {took_ms:.0f} ms after the last was added",
    )


def _full(trial: EventTrial) -> None:
    """A table takes no more rules: the controller says so, and repairs it when it does again."""
    switch, ovs = _first(trial), trial.town.ovs
    before = len(trial.town.facts())
    ovs.run(
        "ovs-vsctl", "--id=@t", "create", "Flow_Table", "flow_limit=9", "overflow_policy=refuse",
        "--", "set", "Bridge", switch, "flow_tables:5=@t",
    )  # fmt: skip
    try:
        _ofctl(trial, "del-flows", switch)
        trial.zero(time.time_ns(), f"{switch} answered that its tables are empty")
        said = trial.fact("trouble", before)
        at, why = said["switch"], said["why"][:80]
        trial.note(
            f"制御装置が {at} の規則を保証しないと申告した: {why}",
            f"the controller stated that {at} is not in force: {why}",
        )
        if said["switch"] != switch or "refused" not in said["why"]:
            trial.broken(Label("表の満杯を検知しなかった", "a full table was not noticed"))
    finally:
        ovs.run("ovs-vsctl", "clear", "Bridge", switch, "flow_tables")
    trial.fact("town-in-force", before)


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
