"""Rules as values: one form for one match, and cookies that can be read back."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.errors import RuleError
from sekisho.openflow.rules import WIDTHS, Cookie, Kind, Output, Rule, drop_point, drop_rule, match
from sekisho.packet.packet import DropPoint, Reason
from tests.population import town

TINY = town("tiny")


@st.composite
def fields(draw: st.DrawFn) -> dict[str, tuple[int, int]]:
    """Draw values and masks for some fields, each within its width."""
    names = draw(st.lists(st.sampled_from(sorted(WIDTHS)), unique=True))
    number = {n: st.integers(0, (1 << WIDTHS[n]) - 1) for n in names}
    return {n: (draw(number[n]), draw(number[n])) for n in names}


@given(fields(), st.randoms(use_true_random=False))
def test_the_order_of_fields_does_not_matter(
    wanted: dict[str, tuple[int, int]], rng: random.Random
) -> None:
    """Two ways to write the same match give equal values."""
    shuffled = dict(sorted(wanted.items(), key=lambda _: rng.random()))

    assert match(**shuffled) == match(**wanted)


@given(fields())
def test_bits_outside_the_mask_do_not_matter(wanted: dict[str, tuple[int, int]]) -> None:
    """A switch forgets them (OpenFlow 1.3.5, 7.2.3.5), so the value must not keep them."""
    assert match(**wanted) == match(**{n: (v & m, m) for n, (v, m) in wanted.items()})


def test_an_exact_match_is_a_match_under_all_ones() -> None:
    """``tcp_dst=443`` and ``tcp_dst=443/0xffff`` are the same field."""
    assert match(tcp_dst=443) == match(tcp_dst=(443, 0xFFFF))


def test_a_field_under_an_empty_mask_is_no_field() -> None:
    """A switch reports a wholly wild field by leaving it out; wanted must equal held."""
    assert match(eth_type=0x800, tcp_dst=(0, 0)) == match(eth_type=0x800)


def test_an_unknown_field_is_refused() -> None:
    """What is not modelled is never guessed past."""
    with pytest.raises(RuleError, match=r"^match field 'ipv6_src' is not modelled$"):
        match(ipv6_src=1)


@pytest.mark.parametrize(
    ("given_value", "said"),
    [
        (0x10000, "tcp_dst=0x10000/0xffff does not fit 16 bits"),
        ((1, 0x1FFFF), "tcp_dst=0x1/0x1ffff does not fit 16 bits"),
        (-1, "tcp_dst=-0x1/0xffff does not fit 16 bits"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(
    given_value: int | tuple[int, int], said: str
) -> None:
    """A port above 65535 would silently become another port."""
    with pytest.raises(RuleError) as caught:
        match(tcp_dst=given_value)

    assert str(caught.value) == said


@given(st.sampled_from(Kind), *[st.integers(0, 0xFFFF)] * 3)
def test_a_cookie_is_read_back(kind: Kind, a: int, b: int, c: int) -> None:
    """The number on a switch names the rule's kind and its three positions in the plan."""
    cookie = Cookie(kind, a, b, c)

    assert Cookie.parse(int(cookie)) == cookie


@pytest.mark.parametrize("cookie", [0, 0x5E, 0x5E00 << 48, 0x5EFF << 48, 0x5D01 << 48, 2**64 - 1])
def test_a_foreign_cookie_is_nobodys(cookie: int) -> None:
    """A rule that somebody else put on a switch is not taken for one of ours."""
    assert Cookie.parse(cookie) is None


def test_every_reason_has_its_own_kind_of_rule() -> None:
    """A drop can be attributed only if each reason is a kind of its own."""
    named = {k.name.removeprefix("DROP_") for k in Kind if k.name.startswith("DROP_")}

    assert named == {reason.name for reason in Reason}
    assert all((k >= 64) == k.name.startswith("DROP_") for k in Kind)


@pytest.mark.parametrize(
    ("cookie", "expected"),
    [
        (Cookie(Kind.DROP_CELL, 2, 1), DropPoint("cell", "floor", "S2/D1")),
        (Cookie(Kind.DROP_TAGGED, 3), DropPoint("tagged", "floor", "3")),
        (Cookie(Kind.DROP_TTL, 0, 1), DropPoint("ttl", "floor")),
        (Cookie(Kind.DROP_ARP_TARGET, 0, 4), DropPoint("arp-target", "floor")),
        (Cookie(Kind.ADMIT, 1, 1), None),
    ],
)
def test_a_cookie_names_the_drop_point(cookie: Cookie, expected: DropPoint | None) -> None:
    """From a counter on a switch to the words of the plan."""
    assert drop_point(int(cookie), "floor", TINY) == expected


def test_a_foreign_rule_is_no_drop_point() -> None:
    """Whatever a stranger's rule drops is attributed to nobody."""
    assert drop_point(0, "floor", TINY) is None


def test_a_rule_without_deeds_drops() -> None:
    """No action and no further table ends a packet's way (OpenFlow 1.3.5, 5.9)."""
    assert drop_rule(0, 1, Cookie(Kind.DROP_TTL), nw_ttl=0).drops
    assert not Rule(0, 1, (), 0, goto=1).drops
    assert not Rule(0, 1, (), 0, (Output(1),)).drops


def test_the_key_of_a_rule_leaves_out_what_it_does() -> None:
    """Two entries of one table with one priority and match are the same entry."""
    assert Rule(0, 1, (), 5, (Output(1),)).key == Rule(0, 1, (), 6).key
