"""The words of the command line; what each command does is in `sekisho.commands`.

Exit status: 0 as planned, 1 findings, 2 wrong plan or words, 3 inconclusive or a broken laboratory,
4 not modelled, so not proved, 5 two judges differ.
"""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from sekisho import __version__
from sekisho.commands import Command, later
from sekisho.commands.helping import LANGUAGES, asked_for, speak_japanese
from sekisho.commands.numbers import LAST_PORT, LEAST, MANY, MOST, moment, whole
from sekisho.commands.plan_arguments import (
    add_diff,
    add_explain,
    add_plan,
    add_plans,
    add_prove,
    add_time,
    add_who,
)
from sekisho.commands.retired import renewed
from sekisho.commands.runs import LATEST, RUNS
from sekisho.commands.screen import Parser, Screen, language, open_standard_files, screen, silence
from sekisho.commands.vm_arguments import add_machine, add_out
from sekisho.draw.physical import FORMATS, VIEWS
from sekisho.errors import LabError, SekishoError, UsageError
from sekisho.runtime.namespaces import path_with_system
from sekisho.text.printable import said
from sekisho.text.trouble import in_words

EXIT_INTERRUPTED = 3
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_SEED = whole("--seed", LEAST, MOST)
_LANG = "language to speak"
_MUTATE = "seed faults, and report which the checks detect"
_CHAOS = "inject failures and events, and measure leaks and outages"
_EVENT = "only this event, or all that begin so before a colon (may be repeated)"
_OF_WHOLE = "with --whole: which checks (both)"
check, prove, replay, report = (later(n) for n in ("check", "prove", "replay", "report"))
chaos, demo, mutate, resegment = (later(n) for n in ("chaos", "demo", "mutate", "resegment"))
explain, who = (later("ask", name) for name in ("explain", "who"))
plan_lint, plan_draw, plan_show = (later("plan", f"plan_{n}") for n in ("lint", "draw", "show"))
plan_paths, plan_upgrade = later("relay_paths", "plan_paths"), later("upgrade", "plan_upgrade")
diff, doctor = later("diff"), later("doctor")
up, down, shell, execute = (later("town", name) for name in ("up", "down", "shell", "execute"))
vm_run, vm_shell, vm_down = (later("vm", f"vm_{name}") for name in ("run", "shell", "down"))
_HANDED_ON = (execute, vm_run)

_SAID = ("reason", "by", "tester", "witness")  # options that take free words

if TYPE_CHECKING:  # argparse keeps the type of its own result to itself
    _Commands = argparse._SubParsersAction[Parser]


def main(words: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    open_standard_files()
    said = sys.argv[1:] if words is None else words
    consoles = screen(asked_for(said, language()))
    status = _done(words, consoles)
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read us has gone (| head): nothing more to say
        silence(sys.stdout)
    except OSError as error:
        silence(sys.stdout)
        consoles.complain(in_words(error, doing="standard output"))
        return status or LabError.exit_code
    return status


def _done(words: list[str] | None, consoles: Screen) -> int:
    """Run the command; whatever it ends with is an exit status, and at most a few lines."""
    try:
        given, notes = renewed(sys.argv[1:] if words is None else words)
        for note in notes:
            consoles.complain(str(note))
        args = parser(consoles.language).parse_args(given)
        _end_in_order()
        os.environ["PATH"] = path_with_system(os.environ.get("PATH", os.defpath))
        command: Command = args.command
        _refuse_bytes(args)
        return command(args, consoles)
    except SekishoError as error:
        consoles.complain(str(error))
        return error.exit_code
    except KeyboardInterrupt as stop:
        consoles.complain(f"interrupted{f' by {stop}' if str(stop) else ''}")
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # whoever read us has gone (| head): nothing more to say
        silence(sys.stdout)
        return EXIT_INTERRUPTED
    except Exception as error:  # noqa: BLE001  # the one place of this process: say it, then end it
        number = error.errno if isinstance(error, OSError) and error.filename is None else 0
        if number in (errno.ENOSPC, errno.EBADF):  # our own files have names
            silence(sys.stdout)
            consoles.complain(in_words(error, doing="standard output"))
        else:
            consoles.complain(in_words(error))
        return LabError.exit_code


def _refuse_bytes(args: argparse.Namespace) -> None:
    """Refuse words that cannot be written down; those of another program are its own business."""
    for name, value in vars(args).items():
        for word in value if isinstance(value, list) else [value]:
            if name in _SAID:
                said(word, f"--{name}")
            elif isinstance(word, str | Path) and args.command not in _HANDED_ON:
                try:
                    str(word).encode()
                except UnicodeEncodeError as error:
                    raise UsageError(
                        f"{word}: is not UTF-8\n  hint: give it a name without such bytes"
                    ) from error


def _end_in_order() -> None:
    """Let Ctrl-C, SIGTERM and a closed terminal unwind every ``with``, once and undisturbed."""

    def stop(number: int, frame: FrameType | None) -> None:
        del frame
        for ending in _ENDING:
            signal.signal(ending, signal.SIG_IGN)
        raise KeyboardInterrupt(signal.Signals(number).name)

    for ending in _ENDING:
        if signal.getsignal(ending) is not signal.SIG_IGN:  # nohup has its reasons
            signal.signal(ending, stop)


def parser(spoken: str = "en") -> argparse.ArgumentParser:
    """Return the parser of all commands, which explains itself in the language *spoken*."""
    top = Parser(
        prog="sekisho",
        description="Prove, before a town hall opens, that no forbidden network path exists.",
        epilog="Exit status: 0 as planned, 1 findings, 2 wrong plan or words, 3 inconclusive, "
        "4 refused, 5 two judges differ.",
    )
    top.add_argument("--version", action="version", version=f"sekisho {__version__}")
    top.add_argument("--lang", choices=LANGUAGES, default=language(), help=_LANG)
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    _add_check(_command(commands, "check", check, "boot, guard, probe, judge and report a plan"))
    _add_accept(_command(commands, "accept", check, "the whole test of a plan, events and all"))
    _add_prove(_command(commands, "prove", prove, "prove a plan's tables for all packets"))
    add_explain(_command(commands, "explain", explain, "say what may pass from one to another"))
    add_diff(_command(commands, "diff", diff, "say what a change of a plan makes possible"))
    add_who(_command(commands, "who", who, "say who may open anything on one"))
    _add_mutate(_command(commands, "mutate", mutate, _MUTATE))
    _add_chaos(_command(commands, "chaos", chaos, _CHAOS))
    _add_up(_command(commands, "up", up, "boot a plan and keep it running"))
    _add_exec(_command(commands, "exec", execute, "run a program inside a host of a running town"))
    _add_town(_command(commands, "shell", shell, "the Mininet prompt of a running town"))
    _add_resegment(_command(commands, "resegment", resegment, "move ports of a running town"))
    _add_demo(_command(commands, "demo", demo, "show a town in a browser, and move its ports"))
    _add_town(_command(commands, "down", down, "end a running town"))
    plan = commands.add_parser("plan", help="check, show or draw a plan, without a network")
    _add_plans(plan.add_subparsers(metavar="COMMAND", required=True))
    _add_replay(_command(commands, "replay", replay, "send the packet of one finding once more"))
    _add_report(_command(commands, "report", report, "show a run folder in any form"))
    _command(commands, "doctor", doctor, "say what this machine lacks for a town")
    machine = commands.add_parser("vm", help="the same in a Linux VM, on the kernel's datapath")
    _add_machines(machine.add_subparsers(metavar="COMMAND", required=True))
    if spoken == "ja":
        speak_japanese(top)
    return top


def _command(
    commands: _Commands, name: str, command: Command, words: str
) -> argparse.ArgumentParser:
    found = commands.add_parser(name, help=words, description=words[0].upper() + words[1:] + ".")
    found.set_defaults(command=command)
    unsaid = argparse.SUPPRESS  # what stands before the command holds
    found.add_argument("--lang", choices=LANGUAGES, default=unsaid, help=_LANG)
    return found


def _add_run(to: argparse.ArgumentParser) -> None:
    add_plan(to)
    to.add_argument(
        "--out", type=Path, default=RUNS, metavar="DIR", help=f"where run folders go ({RUNS}/)"
    )
    to.add_argument("--quiet", action="store_true", help="say nothing but what is wrong")


def _add_check(to: argparse.ArgumentParser) -> None:
    _add_run(to)
    suites = ("smoke", "gate", "full", "coverage")
    to.add_argument("--suite", choices=suites, default="gate", help="how much")
    to.add_argument("--seed", type=_SEED, default=1, metavar="N", help="order of the probes")
    to.add_argument("--pairs", choices=("chosen", "all"), default="chosen", help="which pairs")
    for option, name, words in (
        ("--only", "ID", "only this probe or catalogue entry (may be repeated)"),
        ("--family", "VL", "only this family of the catalogue"),
        ("--from", "CLASS", "only from this source class"),
        ("--to", "CLASS", "only to this destination class"),
    ):
        to.add_argument(
            option, dest=f"part_{option[2:]}", action="append", default=[], metavar=name, help=words
        )
    _add_scenario(to)
    to.add_argument(
        "--controller",
        default="",
        metavar="HOST:PORT",
        help="judge this OpenFlow controller instead of our own; none: no controller at all",
    )
    _add_record(to)


def _add_accept(to: argparse.ArgumentParser) -> None:
    _add_run(to)
    to.add_argument("--seed", type=_SEED, default=1, metavar="N", help="order of the probes")
    to.add_argument("--pairs", choices=("chosen", "all"), default="chosen", help="which pairs")
    _add_record(to)
    parts: dict[str, list[str]] = {f"part_{n}": [] for n in ("only", "family", "from", "to")}
    to.set_defaults(suite="accept", scenario=[], controller="", **parts)


def _add_record(to: argparse.ArgumentParser) -> None:
    to.add_argument("--json", action="store_true", help="print summary.json and nothing else")
    to.add_argument("--tester", default="", metavar="NAME", help="who tests, for the record")
    to.add_argument("--witness", default="", metavar="NAME", help="who looks on, for the record")
    to.add_argument("--at", type=moment, metavar="TIME", help="when rules with times are judged")


def _add_scenario(to: argparse.ArgumentParser) -> None:
    to.add_argument(
        "--scenario",
        action="append",
        default=[],
        metavar="NAME|FILE",
        help="only this scenario: its id, or a file of your own (may be repeated)",
    )


def _add_prove(to: argparse.ArgumentParser) -> None:
    add_prove(to)
    _add_town(to)


def _add_mutate(to: argparse.ArgumentParser) -> None:
    _add_run(to)
    faults, pairs = whole("--faults", 1, MANY), whole("--pairs", 0, MANY)
    to.add_argument("--faults", type=faults, default=200, metavar="N", help="in tables (200)")
    to.add_argument("--pairs", type=pairs, default=0, metavar="N", help="and two at once (0)")
    to.add_argument("--seed", type=_SEED, default=1, metavar="N", help="which faults")
    to.add_argument("--whole", action="store_true", help="run whole checks over every fault")
    to.add_argument(
        "--suite", action="append", choices=("gate", "full"), default=[], help=_OF_WHOLE
    )
    short = "with --whole: end a check as soon as it can no longer pass"
    to.add_argument("--until-told", dest="is_short", action="store_true", help=short)
    for option, name, words in (
        ("--level", "level", "only faults of this level, e.g. switch (may be repeated)"),
        ("--id", "ids", "only faults that stand for this id, e.g. M-23 (may be repeated)"),
    ):
        to.add_argument(
            option, dest=name, action="append", default=[], metavar=option[2:].upper(), help=words
        )


def _add_chaos(to: argparse.ArgumentParser) -> None:
    _add_run(to)
    repeat = whole("--repeat", 1, MANY)
    to.add_argument("--repeat", type=repeat, default=5, metavar="N", help="how often each (5)")
    to.add_argument("--only", action="append", default=[], metavar="ID", help=_EVENT)
    _add_scenario(to)
    token = whole("--token", LEAST, MOST)
    to.add_argument("--token", type=token, default=1, metavar="N", help="marks the probes")


def _add_up(to: argparse.ArgumentParser) -> None:
    _add_run(to)
    to.add_argument("--foreground", action="store_true", help="stay; Ctrl-C ends the town")
    to.add_argument("--no-repair", action="store_true", help="leave changed tables as they are")


def _add_town(to: argparse.ArgumentParser) -> None:
    to.add_argument(
        "--town", type=Path, metavar="RUN", help="run folder of the town (the newest that runs)"
    )
    to.add_argument("--out", type=Path, default=RUNS, metavar="DIR", help=argparse.SUPPRESS)


def _add_exec(to: argparse.ArgumentParser) -> None:
    _add_town(to)
    to.add_argument("host", metavar="HOST", help="id of a device of the plan")
    to.add_argument("words", nargs=argparse.REMAINDER, metavar="-- CMD ...", help="the program")


def _add_resegment(to: argparse.ArgumentParser) -> None:
    _add_town(to)
    to.add_argument(
        "words",
        nargs="*",
        metavar="SWITCH:PORT ... TO",
        help="ports, and the zone, class or quarantine to move them to; or a planned rule to open",
    )
    to.add_argument("--reason", default="", metavar="TEXT", help="why, for the record")
    to.add_argument("--by", default="", metavar="NAME", help="who asks, for the record (you)")
    to.add_argument("--until", default="", metavar="TIME", help="undo it then: +90m, 17:30, a date")
    to.add_argument("--dry-run", action="store_true", help="say what would change, change nothing")
    to.add_argument("--no-retest", action="store_true", help="do not try the change afterwards")
    undo = whole("--undo", 1, MANY)
    to.add_argument("--undo", type=undo, default=0, metavar="N", help="take change N back")
    to.add_argument("--history", action="store_true", help="print every change of the town")
    to.add_argument("--save", type=Path, metavar="FILE", help="write what is in force as a plan")


def _add_demo(to: argparse.ArgumentParser) -> None:
    _add_run(to)
    to.add_argument("--town", type=Path, metavar="RUN", help="show this running town, boot none")
    port = whole("--port", 0, LAST_PORT)
    to.add_argument("--port", type=port, default=8470, metavar="N", help="of 127.0.0.1 (8470)")
    to.set_defaults(foreground=False, no_repair=False)


def _add_plans(commands: _Commands) -> None:
    lint = _command(commands, "lint", plan_lint, "find every mistake in a plan")
    add_plans(lint)
    sarif = "also write mistakes and warnings there, as SARIF"
    lint.add_argument("--sarif", type=Path, metavar="FILE", help=sarif)
    lint.add_argument("--strict", action="store_true", help="take every warning for a mistake")
    add_time(lint)
    show = _command(commands, "show", plan_show, "print who may open what")
    add_plan(show)
    show.add_argument("--hosts", action="store_true", help="add every host with its addresses")
    show.add_argument("--rules", action="store_true", help="add every rule with its purpose")
    show.add_argument("--town", type=Path, metavar="RUN", help="with the changes of this town")
    add_time(show)
    add_plan(_command(commands, "paths", plan_paths, "print the ways through shared devices"))
    newer = _command(commands, "upgrade", plan_upgrade, "write a plan of an earlier version anew")
    add_plan(newer)
    newer.add_argument("--answers", type=Path, metavar="FILE", help="the list, filled in")
    newer.add_argument("--out", type=Path, metavar="FILE", help="the new plan (PLAN-v2.yaml)")
    draw = _command(commands, "draw", plan_draw, "draw the physical and the logical network")
    add_plan(draw)
    draw.add_argument("--view", choices=VIEWS, action="append", help="one of them (both)")
    draw.add_argument("--format", choices=FORMATS, default="svg", help="svg")
    draw.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="where to (here)")
    add_time(draw)


def _add_replay(to: argparse.ArgumentParser) -> None:
    to.add_argument("run", type=Path, nargs="?", default=RUNS / LATEST, metavar="RUN")
    to.add_argument("case", metavar="CASE", help="number of the finding, e.g. T-000042")
    to.add_argument("plan", type=Path, nargs="?", metavar="PLAN", help="(that of the run)")
    to.add_argument("--trace-only", action="store_true", help="send nothing; show the path")
    to.add_argument("--tables", action="store_true", help="put the run's own tables in first")
    to.add_argument("--controller", default="", metavar="HOST:PORT", help="as for check")
    _add_seal(to)
    to.add_argument("--out", type=Path, default=RUNS, metavar="DIR", help=f"({RUNS}/)")


def _add_machines(machines: _Commands) -> None:
    trial = _command(machines, "run", vm_run, "run a command in a VM")
    add_machine(trial)
    trial.add_argument("--exec", action="store_true", help="the command is any program")
    trial.add_argument("words", nargs=argparse.REMAINDER, metavar="-- CMD ...", help="the command")
    add_machine(_command(machines, "shell", vm_shell, "open a shell in a VM"))
    add_out(_command(machines, "down", vm_down, "end every VM that was started from here"))


def _add_report(to: argparse.ArgumentParser) -> None:
    to.add_argument("run", type=Path, nargs="?", default=RUNS / LATEST, metavar="RUN")
    to.add_argument("--format", choices=("terminal", "html", "junit"), default="terminal")
    to.add_argument("--out", type=Path, metavar="FILE", help="write there, not to standard output")
    _add_seal(to)


def _add_seal(to: argparse.ArgumentParser) -> None:
    to.add_argument(
        "--manifest-sha256", default="", metavar="HEX", help="refuse a run with another seal"
    )


if __name__ == "__main__":
    sys.exit(main())
