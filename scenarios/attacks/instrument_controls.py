"""PC: controls. They are part of every window, because an unproven silence proves nothing."""

from __future__ import annotations

from scenarios.probes.registry import Kind, note

_CONTROLS = (
    ("PC-01", "the same shape does arrive", "ATPG; Cilium",
     "witness b: positive twins of every shape reach each target exactly once"),
    ("PC-02", "it would arrive without the policy", "mutation testing",
     "witness b: twins are put on the target's own cable, past every switch"),
    ("PC-03", "it did leave the sender", "packet(7)",
     "witness a: every frame is seen leaving its sender's interface"),
    ("PC-04", "the capture was open before and after", "Cilium sniffers",
     "witness d: sentinels to every attachment before the first and after the last frame"),
    ("PC-05", "no capture lost anything", "packet(7)",
     "witness d: PACKET_STATISTICS of every ring shows no drop"),
    ("PC-06", "the intended rule dropped it", "Faucet",
     "witness e: its counter rises by exactly the copies sent"),
    ("PC-07", "a token of another run", "Calico",
     "witness c: tokens carry the number of the run; others are no sight of a frame"),
    ("PC-08", "a leak on purpose", "mutation testing",
     "the live tests plant a rule too wide and see the run fail"),
)  # fmt: skip

ELSEWHERE = tuple(
    note(number, name, source, kind=Kind.ELSEWHERE, reason=f"every window: {witness}")
    for number, name, source, witness in _CONTROLS
)
