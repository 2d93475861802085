"""The language of situations as a table of its keys (``docs/scenarios.md``)."""

from __future__ import annotations

from sekisho.plan.keys import LABEL, NUMBERED, WORD, WORD_HINT
from sekisho.plan.kinds import Key, Kind, Section
from sekisho.scenario.anywhere import ANYWHERE, SIDE

LANGUAGE_VERSION = 1
DROPPED, PASSED = "dropped", "passed"

SITUATION = Section("situation", "situation", "The whole file.", (
    Key("situation", Kind.INT, "Version of the language of situations.", low=LANGUAGE_VERSION,
        high=LANGUAGE_VERSION,
        refusal=f"this Sekisho reads version {LANGUAGE_VERSION} of the language of situations"),
    Key("id", Kind.NAME, "Its name; the file of a shipped one is called so.", pattern=WORD),
    Key("intent", Kind.LABEL, "What is meant to be found out, in one sentence."),
    Key("requirements", Kind.NAMES, "Ids of the requirements that it stands for.",
        pattern=NUMBERED),
    Key("what", Kind.NAMES_OR_ALL, "What is tried: probes of the gate, `exchange`, and ids or "
        "families of the catalogue.", refused=("any", "*"),
        refusal="for everything write the word all, without brackets"),
    Key("state", Kind.NAMES, "States of the town in which it is tried: `normal`, or events of "
        "`sekisho chaos` (`line-cut` stands for every line).", required=False,
        pattern="[a-z][a-z0-9-]*(:[A-Za-z0-9:.-]+)?"),
    Key("expect", Kind.CHOICE, "What must become of it: always the plan's own word.",
        choices=("policy",), refused=("drop", "dropped", "deny", "arrive", "passed", "allow"),
        refusal="write 'expect: policy', since the plan decides; how you read the plan belongs "
        "under 'reading'"),
    Key("reading", Kind.CHOICE, "How the author reads the plan; where the policy reads it "
        "otherwise, the run has a finding.", required=False, default="",
        choices=(DROPPED, PASSED)),
    Key("towns", Kind.RECORDS, "Who tries whom, for each town by the id of its plan.",
        section="part"),
    Key("anywhere", Kind.RECORD, "Who tries whom in every other plan, by facts; `reading` says "
        "nothing of those.", required=False, section="anywhere"),
))  # fmt: skip

PART = Section("part", "towns.<id>", "Who tries whom in one town, in the classes of its plan.", (
    Key("who", Kind.NAMES_OR_ALL, "Source classes.", refers="sources"),
    Key("sites", Kind.NAMES, "Sites from which they try; every one when absent.", required=False,
        refers="sites"),
    Key("to", Kind.NAMES_OR_ALL, "Destination classes.", refers="destinations"),
), WORD, WORD_HINT)  # fmt: skip

SECTIONS = {each.name: each for each in (SITUATION, PART, ANYWHERE, SIDE, LABEL)}
