"""``sekisho explain`` and ``sekisho who``: what tables let through between two, and to one."""

from __future__ import annotations

import re
from argparse import Namespace
from datetime import datetime

from sekisho.commands.screen import Screen
from sekisho.compiler import compile_town
from sekisho.errors import RuleError, UsageError
from sekisho.model import JST, Attachment, Label, Plan
from sekisho.plan import load
from sekisho.proof.asking import Answers, Opening
from sekisho.proof.verdict import Tables
from sekisho.proof.witness import Walker
from sekisho.proof.words import moment_lines, packet_words, scapy, way_lines
from sekisho.rules import Cookie, Kind
from sekisho.terms import at

_SERVICE = re.compile(r"(tcp|udp|icmp)/([0-9]{1,5})")
_LAST = {"tcp": 0xFFFF, "udp": 0xFFFF, "icmp": 0xFF}  # ports; types of messages (RFC 792)
_PASSES = Label("○ 届く", "○ passes")
_DIES = Label("× 届かない", "× does not pass")
_OPENS = Label(
    "{a} が {b} に対して始められる通信は次のとおりで、ほかにはない:",
    "{a} may open exactly this on {b}, and nothing else:",
)
_NOTHING = Label("{a} が {b} に対して始められる通信はない", "{a} may open nothing on {b}")
_WHO = Label(
    "{b} に対して通信を始められるのは次の{n}件で、ほかのどのポートからも始められない:",
    "{n} may open something on {b}, and nobody else from any port:",
)
_NOBODY = Label("{b} に対して通信を始められるものはない", "nobody may open anything on {b}")
_ELSE = Label("{port} から他人の名で", "from {port}, in no name of its own")


def explain(args: Namespace, screen: Screen) -> int:
    """Print whether one packet passes and by which rules, and all that may be opened."""
    plan = at(load(args.plan), args.at or datetime.now(JST))
    sender, target = (_attachment(plan, name) for name in (args.source, args.target))
    tables = compile_town(plan)
    answers, language = Answers(plan, tables), args.lang
    status = 0
    for line in moment_lines(plan, language):
        _say(screen, line)
    if args.service:
        packet, does = answers.one(sender, target, _service(args.service))
        _say(screen, (_PASSES if does else _DIES).text(language))
        _say(screen, f"  {packet_words(plan, packet, language)}")
        walk = Walker(plan, tables).way(packet)
        if does != any(at == target.at for at, _ in walk.ends):
            raise RuleError(
                f"the proof and the reference switch do not agree about {packet}\n"
                "  hint: a fault of the proof; please report"
            )
        _say(screen, "\n".join(way_lines(plan, walk, language)))
        _say(screen, f"  {scapy(packet)}")
        status = 0 if does else 1
    found = answers.opened(sender, target)
    said = (_OPENS if found else _NOTHING).text(language)
    _say(screen, said.format(a=sender.id, b=target.id))
    for each in found:
        _say(screen, f"  {each}  {_clause(plan, tables, each)}".rstrip())
    return status


def who(args: Namespace, screen: Screen) -> int:
    """Print everybody who may open something on one attachment, and what."""
    plan, language = at(load(args.plan), args.at or datetime.now(JST)), args.lang
    target, tables = _attachment(plan, args.target), compile_town(plan)
    for line in moment_lines(plan, language):
        _say(screen, line)
    found = Answers(plan, tables).senders(target)
    said = (_WHO if found else _NOBODY).text(language)
    _say(screen, said.format(b=target.id, n=len(found)))
    for port, sender, openings in found:
        name = sender.id if sender else _ELSE.text(language).format(port=port)
        services = " ".join(map(str, openings))
        rules = dict.fromkeys(_clause(plan, tables, each) for each in openings)
        _say(screen, f"  {name}  {services}  {' '.join(rules)}".rstrip())
    return 0


def _attachment(plan: Plan, name: str) -> Attachment:
    """Return the attachment *name*, or the only one of the device *name*.

    Raises:
        UsageError: There is none, or there are several.
    """
    if name in plan.attachment:
        return plan.attachment[name]
    own = plan.device[name].attachments if name in plan.device else ()
    if len(own) == 1:
        return own[0]
    hint = " or ".join(a.id for a in own) or "sekisho plan show --hosts"
    raise UsageError(f"{name}: no attachment of {plan.path}\n  hint: {hint}")


def _service(word: str) -> tuple[str, int]:
    found = _SERVICE.fullmatch(word)
    if found is None or int(found[2]) > _LAST[found[1]]:
        raise UsageError(f"{word}: no service\n  hint: like tcp/443, udp/53 or icmp/8 (an echo)")
    return found[1], int(found[2])


def _clause(plan: Plan, tables: Tables, opening: Opening) -> str:
    """Return the rule of the plan that the first switch lets it on by."""
    walk = Walker(plan, tables).way(opening.packet)
    for rule in walk.steps[0].rules:
        cookie = Cookie.parse(rule.cookie)
        if cookie is not None and cookie.kind is Kind.OPEN:
            clause = plan.clauses[cookie.a - 1]
            return f"{clause.id} ({clause.where})"
    return ""


def _say(screen: Screen, text: str) -> None:
    screen.out.print(text, markup=False, highlight=False, soft_wrap=True)
