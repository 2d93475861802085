"""The plugin of pytest: the fixture ``town``, and a plan file whose sentences are test items.

A test names its plan by the marker ``sekisho_plan``, or all share the setting ``sekisho_plan``. A
plan that is given to pytest as a file, or listed in the setting ``sekisho_sentences``, is checked
once, and each sentence of page one is an item.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sekisho.errors import SekishoError

if TYPE_CHECKING:
    from sekisho.report.reading import RunRecord
    from sekisho.report.sentence import Sentence
    from sekisho.report.tally import Tally
    from sekisho.testing.running import RunningTown

_PLAN, _SENTENCES = "sekisho_plan", "sekisho_sentences"
_SUFFIXES = (".yaml", ".yml")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the two settings."""
    parser.addini(_PLAN, "plan file of the fixture `town`, from the root folder", default="")
    parser.addini(_SENTENCES, "plans whose sentences are test items", type="paths", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    words = (
        f"{_PLAN}(path, heals=True): the plan, from the root folder, whose town the fixture `town` "
        "gives; without heals the controller leaves tables that somebody changed as they are"
    )
    config.addinivalue_line("markers", words)
    for path in config.getini(_SENTENCES):
        if not Path(path).is_file():
            raise pytest.UsageError(f"{_SENTENCES}: {path}: no such plan")


class _Towns:
    """The towns of a session, each started when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._stack = folder, ExitStack()
        self._running: dict[tuple[Path, bool], RunningTown] = {}

    def of(self, plan: Path, *, heals: bool) -> RunningTown:
        from sekisho.testing.running import running

        if (plan, heals) not in self._running:
            out = self._folder / f"town-{len(self._running) + 1}"
            town = self._stack.enter_context(running(plan, out, heals=heals))
            self._running[plan, heals] = town
        return self._running[plan, heals]

    def end(self) -> None:
        self._stack.close()


@pytest.fixture(scope="session")
def sekisho_towns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Towns]:
    """Every town of the session; they end with it."""
    towns = _Towns(tmp_path_factory.mktemp("sekisho"))
    yield towns
    towns.end()


def _marked(path: str | Path = "", *, heals: bool = True) -> tuple[str, bool]:
    """Return what a marker says; words that it has not are a TypeError, as of any call."""
    return str(path), heals


@pytest.fixture
def town(request: pytest.FixtureRequest, sekisho_towns: _Towns) -> RunningTown:
    """A running town: that of the marker ``sekisho_plan``, else of the setting of that name."""
    marker = request.node.get_closest_marker(_PLAN)
    name, heals = _marked(*marker.args, **marker.kwargs) if marker else _marked()
    name = name or str(request.config.getini(_PLAN))
    if not name:
        pytest.fail(
            f"no plan: mark the test with @pytest.mark.{_PLAN}('town.yaml'), or set {_PLAN}",
            pytrace=False,
        )
    try:
        return sekisho_towns.of((request.config.rootpath / name).resolve(), heals=heals)
    except SekishoError as error:
        pytest.fail(str(error), pytrace=False)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> PlanFile | None:
    """Collect a plan that was named, by a setting or on the command line."""
    if file_path.suffix not in _SUFFIXES:
        return None
    config = parent.config
    listed = [Path(path).resolve() for path in config.getini(_SENTENCES)]
    given = [
        (config.invocation_params.dir / word.partition("::")[0]).resolve() for word in config.args
    ]
    if file_path.resolve() not in (*listed, *given):
        return None
    return PlanFile.from_parent(parent, path=file_path)


class PlanFile(pytest.File):
    """A plan: one item a sentence of page one."""

    decided: dict[str, tuple[Sentence, Tally]] | None = None
    why_not = ""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield the sentences: what must be dropped, then what must be reached."""
        from sekisho.plan import load

        try:
            plan = load(self.path)
        except SekishoError as error:
            raise self.CollectError(str(error)) from error
        for kind, lines in (("must_drop", plan.must_drop), ("must_reach", plan.must_reach)):
            for line in lines:
                yield SentenceItem.from_parent(self, name=f"{kind}-{line.number}")

    def found(self, name: str) -> tuple[Sentence, Tally]:
        """Return a sentence and what the check made of it; the check runs once."""
        from sekisho.report import tally
        from sekisho.report.reading import read
        from sekisho.testing.running import checked

        if self.decided is None:
            factory: Any = getattr(self.config, "_tmp_path_factory")  # noqa: B009  # pytest has no other way
            record = read(checked(self.path, factory.mktemp("sekisho-check")))
            self.why_not = _why_inconclusive(record)
            self.decided = {
                f"{kind}-{line.number}": (line, cases)
                for kind, lines in (
                    ("must_drop", tally.by_line(record)),
                    ("must_reach", tally.by_need(record)),
                )
                for line, cases in lines
            }
        return self.decided[name]


def _why_inconclusive(record: RunRecord) -> str:
    """Return why nothing of a run can be believed; empty where it can."""
    from sekisho.evidence.run_verdict import RunVerdict

    if record.verdict is not RunVerdict.INCONCLUSIVE:
        return ""
    return record.trouble.en if record.trouble else "some part of the proof is missing"


class SentenceItem(pytest.Item):
    """One sentence of page one: passes where it was decided, and as the plan says."""

    def runtest(self) -> None:
        """Decide it; what no case decides is skipped, and says so."""
        from sekisho.evidence.verdict import Verdict

        assert isinstance(self.parent, PlanFile)
        line, cases = self.parent.found(self.name)
        if self.parent.why_not:
            raise SentenceError(f"{line.label.en}: the run is inconclusive: {self.parent.why_not}")
        if line.contradictions:
            raise SentenceError(
                f"{line.label.en}: the plan itself contradicts it: {line.permitting}"
            )
        if cases.verdict is None:
            pytest.skip(f"not tested by a check: {line.label.en}")
        if cases.verdict is Verdict.RESIDUAL:
            pytest.skip(f"no network can decide it: {line.label.en}")
        if cases.verdict is not Verdict.PASS:
            counts = ", ".join(f"{n} {verdict.value}" for verdict, n in cases.counts.items() if n)
            raise SentenceError(f"{line.label.ja}\n{line.label.en}\n  {cases.mark} {counts}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return the sentence and its cases, not our own code."""
        if isinstance(excinfo.value, SentenceError | SekishoError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return where the sentence stands."""
        return self.path, None, self.name


class SentenceError(AssertionError):
    """A sentence of page one that does not hold."""
