"""The prompt of a town: hosts by their whole name, and never stuck by what somebody typed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.live import machine
from tests.live.machine import ROOT
from tests.live.townsman import Townsman, sekisho, standing

pytestmark = pytest.mark.live

_LIMIT_S = 60 * machine.SLOWER
_QUOTE = "bash: unexpected EOF while looking for matching"


@pytest.fixture(scope="module", name="town")
def _town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Townsman]:
    """A town with hosts whose names go on behind a hyphen, one of them as another host's begins."""
    plan = (ROOT / "topologies" / "tiny.yaml").read_text("utf-8")
    plan = re.sub(r"^  juki:", "  nb-2:", plan, flags=re.M)
    plan = re.sub(r"^  guest:", "  sh-1:", plan, flags=re.M)
    with standing("ordinary", tmp_path_factory.mktemp("prompt"), plan) as town:
        yield town


def test_a_host_with_a_hyphen_is_named_first(town: Townsman) -> None:
    """Not ``-2 hostname`` on ``nb``, nor ``-1 hostname`` by the command ``sh``."""
    said = town.prompts("nb-2 hostname", "nb hostname", "sh-1 hostname", "sh echo from the town")

    assert re.findall(r"^(?:mininet> )*(nb-2|nb|sh-1|from the town)\r?$", said, re.M) == [
        *("from the town", "nb-2", "nb", "sh-1"),  # what the town says comes by another way
    ]


def test_a_name_with_a_hyphen_stands_for_an_address(town: Townsman) -> None:
    """As for any host, after the first word."""
    assert "10.10.0.21" in town.prompts("nb echo nb-2")


def test_a_quote_too_many_is_its_own_mistake(town: Townsman) -> None:
    """The next command of this prompt works, and so do the next prompts."""
    said = town.prompts('www echo "x', "www echo hello; echo 'a  b'")
    again = town.prompts("www echo again")

    assert _QUOTE in said
    assert "hello" in said
    assert "a  b" in said
    assert "again" in again
    assert "> " not in again.replace("mininet> ", "")


@pytest.mark.parametrize("typed", ["www (", "www cat <<x", "www echo $(", "www if true", "www \\"])
def test_half_a_command_is_its_own_mistake(town: Townsman, typed: str) -> None:
    """Whatever a shell would wait for the other half of."""
    assert "still here" in town.prompts(typed, "www echo still here")


def test_a_shell_keeps_what_it_was_told(town: Townsman) -> None:
    """Mininet's own habits: a folder, a variable, a job that is ended by its name."""
    jobs = ("nb sleep 60 &", "nb echo $(jobs -p | wc -l) job", "nb kill %sleep; wait; jobs")
    said = town.prompts(
        "nb cd /usr/share", "nb X=17", "nb pwd; echo $X", *jobs, "nb echo $(jobs -p | wc -l) left"
    )

    assert "/usr/share" in said
    assert "17" in said
    assert "1 job" in said
    assert "0 left" in said
    assert "/usr/share" in town.prompts("nb pwd")


def test_what_runs_in_the_background_runs_on(town: Townsman) -> None:
    """A prompt that has come to its end leaves it, as a server that another host shall reach."""
    town.prompts("nb sleep 4242 &")

    assert "sleep 4242" in town.prompts("nb ps -e -o args=")


def test_a_shell_that_was_left_is_started_anew(town: Townsman) -> None:
    """``exit`` ends the host's shell and not the host."""
    assert "and back" in town.prompts("www exit", "www echo and back")


def test_a_prompt_that_is_cut_off_takes_its_command_along(town: Townsman) -> None:
    """What was running in a host's foreground ends, and the next prompt begins afresh."""
    words = town.person.words("shell")
    with subprocess.Popen(
        words, cwd=town.person.home, env=town.person.environment, stdin=subprocess.PIPE
    ) as caller:
        assert caller.stdin is not None
        caller.stdin.write(b"www sleep 5353\n")
        caller.stdin.flush()
        machine.one(town.person.home, "sleep 5353")
        caller.send_signal(signal.SIGTERM)
        caller.wait(_LIMIT_S)
    machine.until(lambda: "sleep 5353" not in _running(town), "the command ended")

    assert "hello" in town.prompts("www echo hello")


def _running(town: Townsman) -> str:
    return "\n".join(machine.processes(town.person.home).values())


def test_ctrl_c_ends_the_command_and_not_the_prompt(town: Townsman) -> None:
    """The key reaches what runs in the host."""
    with machine.terminal(town.person, "shell") as (process, ours):
        os.write(ours, b"nb sleep 6464\n")
        machine.one(town.person.home, "sleep 6464")
        os.write(ours, b"\x03")
        machine.until(lambda: "sleep 6464" not in _running(town), "the command ended")
        os.write(ours, b"nb echo still $((6 * 7))\nexit\n")
        said = b""
        with suppress(OSError):  # the terminal is gone with its last user
            while more := os.read(ours, 4096):
                said += more
        process.wait(_LIMIT_S)
        os.close(ours)

    assert b"still 42" in said
    assert process.returncode == 0


def test_a_caller_that_hangs_up_at_once_harms_nobody(town: Townsman) -> None:
    """Neither alone nor while somebody else has the prompt."""
    hang_up = (
        "sh python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); "
        's.connect("/run/sekisho/control")' + "' &"
    )

    assert "here" in town.prompts(*[hang_up] * 5, "nb echo here")
    assert "again" in town.prompts("nb echo again")


def test_hosts_know_no_proxy_of_the_machine(tmp_path: Path) -> None:
    """Neither one of the environment nor one of curl's own file; the page is there all the same."""
    nowhere = {"http_proxy": "http://192.0.2.1:8080", "HTTPS_PROXY": "http://192.0.2.1:8080"}
    with standing("ordinary", tmp_path, **nowhere) as town:
        ask = ("curl", "-sk", "-m4", "--interface", "10.41.0.11", "https://10.10.0.21/")
        page = sekisho(town.person, "exec", "nb", "--", *ask, **nowhere)
        (tmp_path / ".curlrc").write_text("proxy = http://192.0.2.1:8080\n")
        despite = sekisho(town.person, "exec", "nb", "--", *ask)
        left = sekisho(town.person, "exec", "nb", "--", "env", **nowhere).stdout
        view = {"op": "view", "source": "nb.wired", "target": "juki.lan"}
        seen = town.asks(view)

        assert "<h1>juki</h1>" in page.stdout
        assert "<h1>juki</h1>" in despite.stdout
        assert "192.0.2.1" not in left
        assert "<h1>juki</h1>" in town.prompts(f"nb {' '.join(ask)}")
        assert (seen["exit"], "<h1>juki</h1>" in seen["text"]) == (0, True)
