"""The controller dies, hangs, comes back: tables must stand, and nobody may notice but the log."""

from __future__ import annotations

import time
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM

import yaml

from scenarios.events.trial import NEVER_BEGAN, Event, EventTrial
from scenarios.events.tried import after_the_end
from scenarios.suites.unguarded import DEAD_S, PROBE_MS, set_probes
from sekisho.model import Label
from sekisho.plan import document

_HOLD_S, _HUNG_S = 1.0, 2.0
_RELOADS = 10


def _end(trial: EventTrial, how: int) -> None:
    """End the controller, and take its connections' end on the wire for time zero."""
    since = time.time_ns()
    trial.town.end("controller", how=SIGKILL if how == SIGKILL else SIGTERM)
    trial.zero(trial.closed(since), "the controller's connections closed on the wire")


def _back(trial: EventTrial, plan: Path | None = None) -> tuple[int, int]:
    """Start the controller, call the switches, and wait for the town in force.

    Returns:
        When the controller had stated it, which is about the tables, and when nothing older was
        remembered by the switches, in nanoseconds.
    """
    before = len(trial.town.facts())
    trial.town.start_guard(plan)
    trial.fact("listening", before)
    for switch in trial.plan.switches:
        trial.town.ovs.reconnect_controller(switch.id)
    stated = trial.fact("town-in-force", before)["at"]
    trial.town.ovs.cache.follow()
    return int(stated * 1e9), time.time_ns()


def _found(trial: EventTrial) -> None:
    """Start the controller and wait until all switches have found it by themselves."""
    before = len(trial.town.facts())
    trial.town.start_guard()
    listens = trial.fact("listening", before)["at"]
    seconds = trial.fact("town-in-force", before)["at"] - listens
    trial.note(
        f"受付の開始から{seconds:.1f}秒で、全スイッチがつながり、規則が反映された",
        f"found by every switch and in force {seconds:.1f} s after it listened",
    )


def _killed(trial: EventTrial) -> None:
    _end(trial, SIGKILL)
    set_probes(trial.town, str(PROBE_MS))
    time.sleep(DEAD_S)
    set_probes(trial.town, "[]")
    _back(trial)  # that switches find it by themselves is what `controller-restarted` shows


def _restarted(trial: EventTrial) -> None:
    _end(trial, SIGTERM)
    _found(trial)


def _hung(trial: EventTrial) -> None:
    pid = trial.town.signal("controller", SIGSTOP)
    deadline = time.monotonic() + 1
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        if time.monotonic() > deadline:
            trial.broken(Label("制御装置が止まらなかった", "the controller did not stop"))
            break
        time.sleep(0.001)
    trial.zero(time.time_ns(), "the kernel lists the controller as stopped")
    time.sleep(_HUNG_S)
    trial.town.signal("controller", SIGCONT)
    trial.town.check()


def _reloaded(trial: EventTrial) -> None:
    trial.zero(time.time_ns(), "the first switch was told to connect anew")
    for _ in range(_RELOADS):
        before = len(trial.town.facts())
        for switch in trial.plan.switches:
            trial.town.ovs.reconnect_controller(switch.id)
        trial.fact("town-in-force", before)


def without_clause(trial: EventTrial, clause: str) -> Path:
    """Write the town's plan again without one clause; return the file."""
    data = document(trial.plan.path)
    data["policy"] = [rule for rule in data["policy"] if rule["id"] != clause]
    data.pop("must_reach", None)  # a plan that needs what it does not permit is refused
    out = trial.town.folder / f"without-{clause}.yaml"
    out.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), "utf-8")
    return out


def _ticket_ends(trial: EventTrial) -> None:
    """A permission is taken away from under an open conversation, and given back."""
    stream_target = trial.stream_targets[0]
    plan = without_clause(trial, stream_target.clause)
    with trial.conversation(stream_target) as conn:
        if not conn.answers():
            trial.broken(NEVER_BEGAN)
        trial.town.end("controller")
        stated, said = _back(trial, plan)
        trial.zero(said, "the town is in force without the clause, and nothing older remembered")
        kept_ms = (said - stated) / 1e6
        trial.note(
            f"制御装置の申告のあと{kept_ms:.1f}ミリ秒、スイッチが以前の許可を覚えていた",
            f"remembered for {kept_ms:.1f} ms after the controller's statement",
        )
        for stream in trial.base:
            other = next(
                t for t in trial.stream_targets if t.target.id == stream.to or not stream.to
            )
            if stream.to and other.clause == stream_target.clause:
                trial.revoked(stream, said)
        is_alive = conn.answers()
        trial.tell(after_the_end(stream_target, is_alive=is_alive))
        if is_alive:
            trial.leak("the open conversation went on")
        else:
            trial.note(
                f"許可 {stream_target.clause} で開いていた通信は切れた",
                f"the conversation opened by {stream_target.clause} is dead",
            )
    time.sleep(_HOLD_S)
    trial.given_back(time.time_ns())
    trial.town.end("controller")
    _back(trial)


EVENTS = (
    Event("controller-killed", Label("制御装置の異常終了", "Controller killed"), "RT-02", _killed),
    Event("controller-hung", Label("制御装置の停止(ハング)", "Controller hung"), "RT-02", _hung),
    Event(
        "controller-restarted", Label("制御装置の再起動", "Controller restarted"), "RT-02",
        _restarted,
    ),
    Event(
        "plan-reloaded", Label("全装置の再適用を10回", "Every switch reconciled ten times"),
        "RT-01 RT-02", _reloaded,
    ),
    Event(
        "permission-ends", Label("許可の期限切れ(保守など)", "A permission ends (vendor's ticket)"),
        "MG-02 RT-03", _ticket_ends,
    ),
)  # fmt: skip
