"""The help of the commands in Japanese, and which language the words of a command ask for."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from rich.cells import cell_len

from sekisho.commands.screen import Parser
from sekisho.spoken import sentence

LANGUAGES = ("ja", "en")
_USAGE = "使い方: "


class _Japanese(argparse.HelpFormatter):
    """Writes what argparse itself says in Japanese."""

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None = None,
    ) -> None:
        """Add the line of usage."""
        super().add_usage(usage, actions, groups, _USAGE if prefix is None else prefix)

    def _format_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None,
    ) -> str:
        """Return the usage; a sign of Japanese takes two columns, and argparse counts one."""
        more = cell_len(prefix or "") - len(prefix or "")
        self._width -= more
        text = super()._format_usage(usage, actions, groups, prefix)
        self._width += more
        return text.replace("\n ", f"\n {' ' * more}")


def asked_for(words: Iterable[str], otherwise: str) -> str:
    """Return the language that the words of a command ask for, well-formed or not.

    Args:
        words: As they were given; those behind ``--`` are another program's.
        otherwise: Where they ask for none.
    """
    before = ""
    for word in words:
        if word == "--":
            break
        option, _, value = word.partition("=")
        said = value if option == "--lang" else word if before == "--lang" else ""
        if said in LANGUAGES:
            otherwise = said
        before = word
    return otherwise


def speak_japanese(parser: argparse.ArgumentParser) -> None:
    """Let *parser*, and those of its commands, explain themselves in Japanese."""
    parser.formatter_class = _Japanese
    if isinstance(parser, Parser):
        parser.is_japanese = True
    parser.description = _said(parser.description)
    parser.epilog = _said(parser.epilog)
    for group in parser._action_groups:  # argparse shows them, and offers no way to name them
        group.title = _said(group.title)
    for action in parser._actions:
        if action.help != argparse.SUPPRESS:
            action.help = _said(action.help)
        if isinstance(action, argparse._SubParsersAction):
            for choice in action._choices_actions:
                choice.help = _said(choice.help)
            for each in action.choices.values():
                speak_japanese(each)


def _said(text: str | None) -> str | None:
    """Return *text* in Japanese; a description is the help of its command as a sentence."""
    if not text:
        return text
    if found := sentence(text):
        return found
    found = sentence(text[0].lower() + text[1:].removesuffix("."))
    return f"{found}。" if found else text
