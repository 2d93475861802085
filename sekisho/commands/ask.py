"""``sekisho explain`` and ``sekisho who``: what tables let through between two, and to one."""

from __future__ import annotations

from argparse import Namespace
from datetime import datetime

from sekisho.commands.screen import Screen
from sekisho.compiler.tables import compile_town
from sekisho.errors import RuleError
from sekisho.model import JST, Label, Plan
from sekisho.model.terms import at
from sekisho.openflow.rules import Cookie, Kind
from sekisho.plan import load
from sekisho.plan.ends import attachment_named, service_named
from sekisho.proof.answers import Answers, Opening
from sekisho.proof.verdict import Tables
from sekisho.proof.witness import Walker
from sekisho.proof.words import moment_lines, neighbours, packet_words, scapy, way_lines

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
    sender, target = (attachment_named(plan, name) for name in (args.source, args.target))
    tables = compile_town(plan)
    answers, language = Answers(plan, tables), args.lang
    status = 0
    for line in moment_lines(plan, language):
        screen.say(line)
    if args.service:
        packet, does = answers.one(sender, target, service_named(plan, args.service))
        screen.say((_PASSES if does else _DIES).text(language))
        screen.say(f"  {packet_words(plan, packet, language)}")
        walk = Walker(plan, tables).way(packet)
        if does != any(at == target.at for at, _ in walk.ends):
            raise RuleError(
                f"the proof and the reference switch do not agree about {packet}\n"
                "  hint: a fault of the proof; please report"
            )
        screen.say("\n".join(way_lines(plan, walk, language)))
        screen.say(f"  {scapy(packet)}")
        status = 0 if does else 1
    found = answers.opened(sender, target)
    said = (_OPENS if found else _NOTHING).text(language)
    screen.say(said.format(a=sender.id, b=target.id))
    for each in found:
        screen.say(f"  {each}  {_clause(plan, tables, each)}".rstrip())
    for residual in neighbours(plan, target, [sender]):
        screen.say(residual.text(language))
    return status


def who(args: Namespace, screen: Screen) -> int:
    """Print everybody who may open something on one attachment, and what."""
    plan, language = at(load(args.plan), args.at or datetime.now(JST)), args.lang
    target, tables = attachment_named(plan, args.target), compile_town(plan)
    for line in moment_lines(plan, language):
        screen.say(line)
    found = Answers(plan, tables).senders(target)
    said = (_WHO if found else _NOBODY).text(language)
    screen.say(said.format(b=target.id, n=len(found)))
    for port, sender, openings in found:
        name = sender.id if sender else _ELSE.text(language).format(port=port)
        services = " ".join(map(str, openings))
        rules = dict.fromkeys(_clause(plan, tables, each) for each in openings)
        screen.say(f"  {name}  {services}  {' '.join(rules)}".rstrip())
    for residual in neighbours(plan, target, plan.attachments):
        screen.say(residual.text(language))
    return 0


def _clause(plan: Plan, tables: Tables, opening: Opening) -> str:
    """Return the rule of the plan that the first switch lets it on by."""
    walk = Walker(plan, tables).way(opening.packet)
    for rule in walk.steps[0].rules:
        cookie = Cookie.parse(rule.cookie)
        if cookie is not None and cookie.kind is Kind.OPEN:
            clause = plan.clauses[cookie.a - 1]
            return f"{clause.id} ({clause.where})"
    return ""
