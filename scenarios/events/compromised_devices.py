"""Through the shared thing: a captured device carries on what reaches it, on every leg.

Real relays run on it, in place of its own services (`topologies.hosts.compromised`): a proxy that
real clients at its users ask for everybody beyond, a print relay, the kernel's own forwarding of
source-routed packets, and a bridge between its legs. All the while frames are sent that such a
device could make up by itself: in its own name, and with the user's addresses. All of it must die,
but for the ways that the plan declares; those must work, or the relay was not alive.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from scenarios.events import relays
from scenarios.events.stream_selection import Stream, StreamTarget
from scenarios.events.trial import Event, EventTrial
from scenarios.events.tried import ARRIVE, DROP, Tried
from scenarios.probes.frames import Fields, source_routed
from sekisho.model import Attachment, Device, Label, Plan, Protocol
from sekisho.packet.packet import TCP_SYN
from sekisho.policy.evaluate import Policy
from topologies.hosts.compromised import CompromisedHost

_HOLD_S = 0.5
_FORWARD_S, _POLL_S = 10.0, 0.1


def user_of(plan: Plan, device: Device) -> StreamTarget | None:
    """Return the first who may open something on *device*, and what."""
    policy = Policy(plan)
    for leg in device.attachments:
        for service in plan.on_ports(leg):
            port = service.edges()[0]
            for a in plan.attachments:
                found = policy.permission(a, leg, service.protocol, port)
                if found and a.registered and leg.registered and a.device != device.id:
                    return StreamTarget(a, leg, leg, service.protocol, port, found[0].id)
    return None


def beyond(plan: Plan, leg: Attachment) -> list[tuple[Attachment, int]]:
    """Return, one a class, whom *leg* may not open, with a TCP port that answers."""
    return _one_a_class((b, port) for b, port, may in _others(plan, leg) if not may)


def _others(plan: Plan, leg: Attachment) -> Iterator[tuple[Attachment, int, bool]]:
    """Yield every TCP service of the other devices, and whether *leg* may open it."""
    policy = Policy(plan)
    for b in plan.attachments:
        for name in b.services:
            service = plan.service[name]
            port = service.edges()[0]
            if service.protocol is Protocol.TCP and b.device != leg.device:
                yield b, port, bool(policy.permission(leg, b, service.protocol, port))


def _one_a_class(found: Iterable[tuple[Attachment, int]]) -> list[tuple[Attachment, int]]:
    out = dict[str, tuple[Attachment, int]]()
    for b, port in found:
        out.setdefault(b.destination, (b, port))
    return list(out.values())


def _streams(device: Device) -> Callable[[EventTrial], Sequence[Stream]]:
    def extra(trial: EventTrial) -> list[Stream]:
        use = user_of(trial.plan, device)
        assert use is not None
        out = [trial.maker.opening(use.permitted, use, to=use.target.id)]
        if beyond(trial.plan, use.target):
            out.append(_routed(trial, use))
        for leg in device.attachments:
            for who, words in ((leg, "in its own name"), (use.permitted, "unchanged")):
                each = _requests(trial.plan, leg, who, leg.mac)
                if each:
                    name = f"{leg.id} sends on {words}"
                    out.append(trial.maker.mixed(leg, "tcp", each, words=name))
        return [*out, *_bridged(trial, device, use.permitted)]

    return extra


def _requests(plan: Plan, leg: Attachment, who: Attachment, mac: str) -> list[Fields]:
    """Return what *who* would ask of everybody whom *leg* may not open."""
    return [
        Fields(plan.router_mac, mac, who.ip, b.ip, 0, port, TCP_SYN)
        for b, port in beyond(plan, leg)
    ]


def _routed(trial: EventTrial, use: StreamTarget) -> Stream:
    """The user's own frames, by way of the device: it is told to forward them (RFC 791, 3.1)."""
    made = trial.maker.opening(use.permitted, use, to=use.target.id)
    hops = [b.ip for b, _ in beyond(trial.plan, use.target)]
    frames = [source_routed(f, hops[n % len(hops)]) for n, f in enumerate(made.frames)]
    half = len(frames) // 2  # the user's own stream has taken the first half's source ports
    frames = frames[half:] + frames[:half]
    return replace(made, frames=tuple(frames), words=f"{made.words}, to be forwarded")


def _bridged(trial: EventTrial, device: Device, who: Attachment) -> list[Stream]:
    """What a wire without any switch would bring to each leg: somebody's own frames to everybody.

    What comes out of another leg is at a port that is not his, whatever that leg may open itself.
    """
    out = []
    for leg in device.attachments if len(device.attachments) > 1 else ():
        targets = _one_a_class((b, port) for b, port, _ in _others(trial.plan, leg))
        each = [
            Fields(trial.plan.router_mac, who.mac, who.ip, b.ip, 0, port, TCP_SYN)
            for b, port in targets
        ]
        words = f"{leg.id} bridges what {who.id} says"
        out.append(replace(trial.maker.mixed(leg, "tcp", each, words=words), injected=True))
    return out


def _play(device: Device) -> Callable[[EventTrial], None]:
    def play(trial: EventTrial) -> None:
        plan, event = trial.plan, f"relay:{device.id}"
        printers = [(str(b.ip), port) for b, port in relays.printers(plan, device)]
        captured = CompromisedHost(trial.town, device, relays.ports(plan, device), printers)
        with captured:
            trial.zero(time.time_ns(), f"real relays listen and forward on {device.id}")
            trial.speak(event)
            doors = relays.doors(plan, device)
            _told(trial, _proxied(trial, device, doors))
            for each in _printed(trial, device, doors):
                _told(trial, each)
            time.sleep(_HOLD_S)
            _await_forwarding(trial, event, captured)
            _forwarded(trial, event, captured.forwarded())
            if len(device.attachments) > 1:
                _bridge(trial, event, captured)
            trial.stop_streams(event)
        if captured.changed():
            trial.broken(_not_as_before(device, captured))

    return play


def _told(trial: EventTrial, outcome: relays.Told) -> None:
    trial.note(outcome.label.ja, outcome.label.en)
    for words in outcome.leaked:
        trial.leak(words)
    for words in outcome.broken:
        ja = f"申告済みの経路が通らなかった: {words}"
        trial.broken(Label(ja, f"{words} is declared and did not work"))


def _proxied(trial: EventTrial, device: Device, doors: list[relays.Door]) -> relays.Told:
    """Ask the proxy for everybody beyond; it must first have answered for itself."""
    for door in doors:
        if not relays.is_alive(trial.town, door):
            trial.broken(
                Label(
                    f"{device.id} の中継が {door.user.id} に応答しない",
                    f"the proxy on {device.id} does not answer {door.user.id}",
                )
            )
    wanted = [each for door in doors for each in relays.tries(trial.plan, device, door)]
    outcomes = relays.proxied(trial.town, wanted)
    late = [t for t, far in outcomes.items() if t.must_work and far != relays.ANSWERED]
    if late:  # only what would be inconclusive is tried again, never a leak
        outcomes |= relays.proxied(trial.town, late)
        trial.note(
            f"申告済みの経路{len(late)}件は2回試した",
            f"{len(late)} declared ways were asked for twice",
        )
    _tell(trial, outcomes)
    return relays.told("proxy", outcomes)


def _tell(trial: EventTrial, outcomes: dict[relays.Try, int]) -> None:
    """Tell each try as one of the device itself; where the user may go himself, it says nothing."""
    for each, far in outcomes.items():
        if each.is_open and each.is_known:
            continue
        trial.tell(
            Tried(
                source=each.door.leg.id,
                target=each.target.id,
                expect=ARRIVE if each.must_work else DROP,
                sent=1,
                arrived=int(far == relays.ANSWERED or (far > 0 and not each.must_work)),
                port=each.port,
                words=each.words,
                is_stuck=each.must_work and far != relays.ANSWERED,
            )
        )


def _printed(trial: EventTrial, device: Device, doors: list[relays.Door]) -> list[relays.Told]:
    """Print at the device; it passes the job on to every printer of the town."""
    outcomes: dict[relays.Try, int] = {}
    for door in doors:
        if door.is_print:
            answers = relays.printed(trial.town, door)
            outcomes |= relays.passed_on(trial.plan, device, door, answers)
    _tell(trial, outcomes)
    return [relays.told("print relay", outcomes)] if outcomes else []


def _await_forwarding(trial: EventTrial, event: str, captured: CompromisedHost) -> None:
    """Wait until the device's kernel has sent something on: a busy machine takes its time."""
    use = user_of(trial.plan, trial.plan.device[event.partition(":")[2]])
    if use is None or not beyond(trial.plan, use.target):
        return
    deadline = time.monotonic() + _FORWARD_S
    while not (captured.forwarded() and trial.carried(event, injected=False)):
        if time.monotonic() > deadline:
            return  # that nothing was is said by whoever counts
        time.sleep(_POLL_S)


def _not_as_before(device: Device, captured: CompromisedHost) -> Label:
    changed = captured.changed()[:3]
    return Label(
        f"{device.id} が元の状態に戻っていない: {changed}",
        f"{device.id} is not as before: {changed}",
    )


def _forwarded(trial: EventTrial, event: str, by_kernel: int) -> None:
    """Say how many packets the device's kernel has forwarded; all of them died, or were leaks."""
    carried = trial.carried(event, injected=False)
    use = user_of(trial.plan, trial.plan.device[event.partition(":")[2]])
    assert use is not None
    if beyond(trial.plan, use.target) and not (by_kernel and carried):
        trial.broken(Label("転送が行われなかった", "the kernel forwarded nothing"))
    who = use.permitted.id
    trial.note(
        f"転送: {who} のパケット{by_kernel}個を機器自身が転送した",
        f"forwarding: {by_kernel} packets of {who} sent on by the kernel",
    )


def _bridge(trial: EventTrial, event: str, captured: CompromisedHost) -> None:
    """Join the legs, and see that what comes in by one goes out by another."""
    with captured.bridged():
        trial.speak(event, injected=True)
        time.sleep(_HOLD_S)
        carried = trial.carried(event, injected=True)
    if not carried:
        trial.broken(Label("橋が何も運ばなかった", "the bridge carried nothing"))
    trial.note(
        f"橋: 別の接続口から{carried}個が出た",
        f"bridge: {carried} frames came out of another leg",
    )


def _stranger_to(trial: EventTrial, device: Device) -> Attachment:
    """Return another device's interface that shares no air with *device*: there nobody is told.

    One of the class that must not reach the first stream target's target, if there is one.
    """
    airs = {leg.air for leg in device.attachments if leg.air}
    free = [a for a in trial.plan.attachments if a.device != device.id and a.air not in airs]
    forbidden = trial.stream_targets[0].forbidden.source
    return next((a for a in free if a.source == forbidden), free[0])


def _joining(device: Device) -> Event:
    """A device with two legs that nobody may open: a notebook on the wire and on Wi-Fi at once."""
    event = f"bridge:{device.id}"

    def extra(trial: EventTrial) -> list[Stream]:
        return _bridged(trial, device, _stranger_to(trial, device))

    def play(trial: EventTrial) -> None:
        captured = CompromisedHost(trial.town, device, [], [])
        with captured:
            trial.zero(time.time_ns(), f"{device.id} forwards and bridges")
            _bridge(trial, event, captured)
            trial.stop_streams(event)
            trial.note(
                "自分の名で送るものは自身の許可による(例外措置を参照)",
                "what it would say in its own name is its own permission, see the exceptions",
            )
        if captured.changed():
            trial.broken(_not_as_before(device, captured))

    label = Label(f"橋になる {device.label.ja}", f"Bridging its legs: {device.label.en}")
    return Event(event, label, "FX-01 RT-06", play, extra, starts_silent=True)


def events(plan: Plan) -> list[Event]:
    """Return one event for each device that others may use, and for each other with two legs."""
    out = []
    for device in plan.devices:
        if device.services and user_of(plan, device) is not None:
            label = Label(
                f"中継に使われる {device.label.ja}", f"Captured and relaying: {device.label.en}"
            )
            out.append(
                Event(
                    f"relay:{device.id}",
                    label,
                    "FX-01 FX-02 PR-02 B4-02",
                    _play(device),
                    _streams(device),
                    starts_silent=True,
                )
            )
        elif len(device.attachments) > 1:
            out.append(_joining(device))
    return out
