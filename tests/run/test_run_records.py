"""What the journal keeps of a decision: enough to make it again, and little more."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jindi.app.wiring import Outside
from jindi.engine import Decision, Verdict
from jindi.journal import unseal
from jindi.packs import OUTCOMES, load
from jindi.run.events import Event
from jindi.run.records import (
    DECISION,
    DecisionRecord,
    DefinitionsRecord,
    decision_id,
    decision_seq,
    decode,
    encode_decision,
    encode_definitions,
    source_of,
)
from jindi.run.simulate import World
from shop_world import Shop, run, shop_program

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.text(max_size=20)
)
TINY = st.integers(0, 100)
VERDICTS = st.builds(
    Verdict,
    policy=st.just("pay"),
    outcome=st.sampled_from(OUTCOMES),
    score=st.integers(-1000, 1000),
    hits=st.lists(TINY).map(tuple),
    exempted=st.lists(TINY).map(tuple),
    presumed=st.lists(TINY).map(tuple),
    degraded=st.lists(st.text(max_size=5)).map(tuple),
    method=st.none() | st.text(max_size=5),
    wait_us=st.none() | st.integers(0, 10**12),
)


def as_kept(verdict):
    return (
        OUTCOMES.index(verdict.outcome),
        verdict.score,
        verdict.hits,
        verdict.exempted,
        verdict.presumed,
        verdict.degraded,
        verdict.method,
        verdict.wait_us,
    )


def read_verdict(record):
    return tuple(getattr(record, name) for name in record.__struct_fields__)


@given(
    st.integers(0, 2**40),
    st.integers(0, 2**52),
    st.integers(0, 2**52),
    st.text(min_size=1, max_size=20),
    st.lists(SCALARS, max_size=8).map(tuple),
    st.lists(SCALARS, max_size=8),
    st.sets(st.text(max_size=5), max_size=3),
    st.booleans(),
    VERDICTS,
    st.lists(VERDICTS, max_size=2),
)
def test_a_decision_survives_its_record(
    definitions, as_of_us, received_us, name, values, facts, absent, late, verdict, shadows
):
    event = Event(name, "pay", as_of_us, values)
    decision = Decision.of(verdict, tuple(shadows))
    raw = encode_decision(definitions, as_of_us, received_us, event, facts, sorted(absent), late, decision)
    record = decode(raw)
    assert isinstance(record, DecisionRecord)
    assert record.event == event
    assert (record.definitions, record.as_of_us, record.received_us, record.late) == (
        definitions,
        as_of_us,
        received_us,
        late,
    )
    assert (record.facts, record.absent) == (tuple(facts), tuple(sorted(absent)))
    assert read_verdict(record.verdict) == as_kept(verdict)
    assert [read_verdict(shadow) for shadow in record.shadows] == [as_kept(shadow) for shadow in shadows]


def test_definitions_survive_their_record_to_the_letter():
    definitions = shop_program().definitions
    record = decode(encode_definitions(definitions, 7))
    assert isinstance(record, DefinitionsRecord)
    assert (record.received_us, record.digest) == (7, definitions.digest)
    assert load(source_of(record)).digest == definitions.digest


@given(st.integers(0, 16**12 - 1))
def test_a_decision_id_is_its_place_in_the_journal(seq):
    assert decision_seq(decision_id(seq)) == seq


@pytest.mark.parametrize(
    "text",
    [
        "",
        "dec_",
        "dec_00000000002",
        "dec_00000000002g",
        "dec_00000000002F",
        "47",
        "ced_00000000002f",
        "dec_ 0000000002f",
        "dec_dec_0000002f",
        "dec_-00000000001",
    ],
)
def test_nothing_else_is_a_decision_id(text):
    with pytest.raises(ValueError, match="not a decision id"):
        decision_seq(text)


@pytest.mark.parametrize("raw", [b"\x93\x05\x00\x00", b"\x9d\x01", b"\x94\x00\x00"])
def test_bytes_that_are_no_record_are_refused(raw):
    with pytest.raises(ValueError):  # noqa: PT011 - msgspec's own words differ from ours
        decode(raw)


def test_a_shipped_pack_s_decisions_take_at_most_a_kilobyte_each(capsys):
    """Everything needed to replay a decision of the simulated wallet, definitions apart."""
    sizes = []

    async def live():
        async with Shop(files=Outside().pack_files([])) as shop:
            world = World(5, users=120, start_us=shop.clock.at_us)
            for simulated, _ in zip(world, range(1500), strict=False):
                shop.clock.at_us = world.now_us
                await shop.answer(json.dumps(simulated.event).encode())
            shop.platform.lane.settle()
            for frame in shop.log.read(1):
                sizes.extend(len(record) for record in unseal(frame.batch).records if record[1] == DECISION)

    run(live())
    average = sum(sizes) / len(sizes)
    with capsys.disabled():
        print(f"\na simulated decision takes {average:.0f} B on average, {max(sizes)} B at most")  # noqa: T201
    assert len(sizes) >= 1500  # releases come on top
    assert max(sizes) <= 1024


def test_a_record_names_its_kind_in_its_second_byte():
    """`verify` and `decode` look no further than this to tell decisions from definitions."""
    assert encode_definitions(shop_program().definitions, 0)[1] == 0
