"""Page one, the terminal and a chapter say what was proved for all packets, and what was not."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from sekisho.cli import main
from sekisho.errors import UsageError
from sekisho.evidence.seal import seal_again
from sekisho.report.html import render
from sekisho.report.proof import short
from sekisho.report.reading import read
from tests.sekisho.report.dom import by_id, japanese, parse
from tests.sekisho.report.fake_run import proved, write_run


def told(folder: Path, **changes: object) -> Path:
    """Write a run folder with a proof."""
    write_run(folder)
    (folder / "proof.json").write_bytes(orjson.dumps(proved(**changes)))
    seal_again(folder)
    return folder


def front(folder: Path) -> str:
    """Return the Japanese of page one."""
    return "".join(japanese(by_id(parse(render(read(folder))), "front")))


def test_page_one_says_what_was_proved(tmp_path: Path) -> None:
    """How many forbidden paths, and how many assumptions."""
    said = front(told(tmp_path))

    assert "全パケットの証明" in said
    assert "禁止経路 0、届くべきで届かない経路 0、前提 1" in said


def test_page_one_says_what_is_wrong(tmp_path: Path) -> None:
    """Numbers with their separators."""
    assert "禁止経路 1,234、届くべきで届かない経路 5" in front(
        told(tmp_path, forbidden=1234, missing=5)
    )


def test_page_one_never_says_proved_where_it_was_refused(tmp_path: Path) -> None:
    """Neither a number nor a sentence that could be taken for a verdict."""
    folder = told(tmp_path, refused="floor: table 0: NORMAL")
    page = parse(render(read(folder)))

    assert "証明できていません" in front(folder)
    assert "禁止経路" not in front(folder)
    assert "NORMAL" in "".join(by_id(page, "proof").itertext())


def test_the_chapter_has_assumptions_and_packets(tmp_path: Path) -> None:
    """All of them, behind page one."""
    shown = [{"ja": "禁止された通信が届く", "en": "what is forbidden arrives"}]
    page = parse(render(read(told(tmp_path, forbidden=1, differences=shown))))
    said = "".join(japanese(by_id(page, "proof")))

    assert "回線は計画書どおり" in said
    assert "禁止された通信が届く" in said
    assert "220か所" in said


def test_a_run_without_a_proof_says_nothing_of_it(tmp_path: Path) -> None:
    """No line, and no chapter."""
    write_run(tmp_path)

    assert "証明" not in front(tmp_path)
    assert by_id_or_none(tmp_path) is None


def by_id_or_none(folder: Path) -> object:
    """Return the chapter, if there is one."""
    page = parse(render(read(folder)))
    return next((each for each in page.iter() if each.get("id") == "proof"), None)


def test_the_terminal_says_it_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In one line."""
    main(["report", str(told(tmp_path)), "--lang", "en"])

    assert "Proof over all packets: 0 forbidden paths, 0 promised paths missing" in (
        " ".join(capsys.readouterr().out.split())
    )


def test_a_short_word_for_an_answer_has_numbers_or_a_reason() -> None:
    """In both languages; a proof that is not there is never none forbidden."""
    said = short(proved(forbidden=2))
    refused = short(
        proved(refused="the tables are not those that were read before the first frame")
    )

    assert (said["forbidden"], said["missing"]) == (2, 0)
    assert said["ja"] == "全パケットについて: 禁止経路 2、届くべきで届かない経路 0、前提 1"
    assert said["en"] == (
        "for all packets: 2 forbidden paths, 0 promised paths missing, 1 assumptions"
    )
    assert refused["forbidden"] is None
    assert refused["ja"].startswith("全パケットについて: 証明できていません(規則の表が")
    assert short(None) == {**refused, "ja": "全パケットについて: 証明できていません",
                           "en": "for all packets: not proved"}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"forbidden": "none"}, "proof.json"), ({"assumptions": [{"ja": "x"}]}, "no key 'en'")],
)
def test_a_wrong_file_is_named(tmp_path: Path, changes: dict[str, object], why: str) -> None:
    """A number that is none, or a key that is missing."""
    with pytest.raises(UsageError, match=why):
        read(told(tmp_path, **changes))
