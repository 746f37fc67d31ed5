"""The chain, its batches and its checkpoints, without any store."""

import struct
from base64 import b64encode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jindi.journal import (
    GENESIS,
    Chain,
    ChainBroken,
    Checkpoint,
    CheckpointRefused,
    Notary,
    Signer,
    Verified,
    Verifier,
    check,
    load_checkpoints,
    seal,
    sign,
    unseal,
    verify,
)
from jindi.ports import Frame, LogDamaged
from jindi.stores import MemoryBlobs

SIGNER = Signer("bank.example/lane-1", b"k" * 32)
RECORDS = st.lists(st.binary(max_size=40), min_size=1, max_size=6)


def chained(batches, chain=None):
    chain = chain or Chain()
    frames, heads = [], [(chain.next_seq, chain.head)]
    for records in batches:
        first = chain.next_seq
        frames.append(Frame(first, len(records), chain.seal(records, first)))
        heads.append((chain.next_seq, chain.head))
    return frames, heads


STORY, HEADS = chained([[b"login", b"payment"], [b"payment"], [b"a", b"b", b"c"], [b""], [b"end" * 99]])


def checkpoint(seq, head, at_us=1_700_000_000_000_000):
    return Checkpoint("bank.example", seq, head, at_us)


def test_a_batch_is_laid_out_as_its_page_says():
    body = struct.pack("<BQI32sII", 1, 5, 2, GENESIS, 2, 1) + b"abc"
    assert seal([b"ab", b"c"], 5, GENESIS) == body + sha256(body).digest()


@given(RECORDS, st.integers(0, 2**63), st.binary(min_size=32, max_size=32))
def test_a_batch_gives_back_its_records(records, first, previous):
    batch = unseal(seal(records, first, previous))
    assert (batch.first, list(batch.records), batch.previous) == (first, records, previous)


@given(RECORDS, st.data())
def test_any_changed_bit_of_a_batch_is_found(records, data):
    batch = bytearray(seal(records, 3, GENESIS))
    bit = data.draw(st.integers(0, 8 * len(batch) - 1))
    batch[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ValueError, match="batch"):
        unseal(bytes(batch))


@given(st.binary(max_size=200))
def test_bytes_that_are_no_batch_are_refused_with_words(data):
    with pytest.raises(ValueError, match="batch"):
        unseal(data)


def test_records_that_do_not_fill_the_batch_are_refused_even_with_a_right_hash():
    body = struct.pack("<BQI32sI", 1, 0, 1, GENESIS, 2) + b"abc"
    with pytest.raises(ValueError, match="add up"):
        unseal(body + sha256(body).digest())


def test_following_gives_the_records_and_moves_the_chain():
    chain = Chain()
    assert [chain.follow(frame) for frame in STORY[:2]] == [(b"login", b"payment"), (b"payment",)]
    assert (chain.next_seq, chain.head) == HEADS[2]
    assert (chain.first, chain.previous) == HEADS[1]


def test_a_chain_goes_on_from_a_kept_head():
    seq, head = HEADS[2]
    chain = Chain(head, seq)
    for frame in STORY[2:]:
        chain.follow(frame)
    assert (chain.next_seq, chain.head) == HEADS[-1]


def test_verifying_counts_what_it_walked():
    assert verify(STORY) == Verified(5, 8, HEADS[-1][1], 8, 0)
    assert verify([]) == Verified(0, 0, GENESIS, 0, 0)


@given(st.lists(RECORDS, min_size=1, max_size=5), st.data())
def test_no_changed_removed_repeated_or_exchanged_batch_passes(batches, data):
    frames, heads = chained(batches)
    at = data.draw(st.integers(0, len(frames) - 1))
    kind = data.draw(st.sampled_from(["flip", "remove", "repeat", "exchange", "regroup", "first", "count"]))
    changed = list(frames)
    frame = frames[at]
    if kind == "flip":
        batch = bytearray(frame.batch)
        bit = data.draw(st.integers(0, 8 * len(batch) - 1))
        batch[bit // 8] ^= 1 << bit % 8
        changed[at] = Frame(frame.first, frame.count, bytes(batch))
    elif kind == "remove":
        del changed[at]
    elif kind == "repeat":
        changed.insert(at, frame)
    elif kind == "exchange":
        other = data.draw(st.integers(0, len(frames) - 1))
        changed[at], changed[other] = changed[other], changed[at]
    elif kind == "regroup":
        if at + 1 == len(frames):
            return
        records = (*unseal(frame.batch).records, *unseal(frames[at + 1].batch).records)
        changed[at : at + 2] = [Frame(frame.first, len(records), seal(records, frame.first, heads[at][1]))]
    elif kind == "first":
        changed[at] = Frame(frame.first + 1, frame.count, frame.batch)
    else:
        changed[at] = Frame(frame.first, frame.count + 1, frame.batch)
    if changed == frames:
        return
    with pytest.raises(ChainBroken, match=r"record \d+"):
        verify(changed, [checkpoint(*heads[-1])])


def test_the_place_of_the_break_is_named():
    with pytest.raises(ChainBroken) as broken:
        verify([*STORY[:1], *STORY[2:]])
    assert str(broken.value) == "batch of record 3: stands where record 2 is next"
    assert broken.value.seq == 2


def test_a_sound_batch_of_another_history_does_not_follow():
    other = Frame(2, 1, seal([b"payment"], 2, b"h" * 32))
    with pytest.raises(ChainBroken, match="batch of record 2: does not name the hash of the batch before"):
        verify([STORY[0], other])


def test_damage_that_the_log_finds_is_told_with_its_place():
    def read():
        yield STORY[0]
        raise LogDamaged("segment 0: offset 512", "the checksum of a batch is wrong")

    with pytest.raises(ChainBroken, match="segment 0: offset 512: the checksum") as broken:
        verify(read())
    assert broken.value.seq == 2


@pytest.mark.parametrize("kept", range(1, 6))
def test_a_tail_that_was_taken_away_is_found_by_a_kept_checkpoint(kept):
    for left in range(kept):
        assert verify(STORY[:left]).batches == left
        with pytest.raises(ChainBroken, match="are missing"):
            verify(STORY[:left], [checkpoint(*HEADS[kept])])


@pytest.mark.parametrize("kept", range(1, 6))
def test_a_history_rewritten_to_agree_with_itself_is_found_by_a_kept_checkpoint(kept):
    rewritten, _ = chained([[b"login", b"theft"], *[unseal(frame.batch).records for frame in STORY[1:]]])
    assert verify(rewritten).batches == 5
    with pytest.raises(ChainBroken, match="the history was rewritten"):
        verify(rewritten, [checkpoint(*HEADS[kept])])


def test_a_checkpoint_inside_a_batch_is_of_another_history():
    with pytest.raises(ChainBroken, match="another history"):
        verify(STORY, [checkpoint(4, b"h" * 32)])


def test_all_checkpoints_are_compared_and_earlier_ones_left_out():
    every = [checkpoint(*head) for head in HEADS]
    assert verify(STORY, reversed(every)).checkpoints == 6
    seq, head = HEADS[2]
    assert verify(STORY[2:], every, Chain(head, seq)).checkpoints == 4


def test_a_checkpoint_at_the_start_of_the_walk_is_compared_too():
    with pytest.raises(ChainBroken, match="rewritten"):
        verify([], [checkpoint(0, b"h" * 32)])


def test_a_checkpoint_is_five_lines_that_a_person_can_read():
    note = sign(checkpoint(8, b"\1" * 32), SIGNER)
    lines = note.split("\n")
    assert lines[:5] == [
        "bank.example",
        "8",
        "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
        "at 2023-11-14T22:13:20Z",
        "",
    ]
    assert lines[5].startswith("— bank.example/lane-1 ")
    assert lines[6:] == [""]


@given(st.integers(0, 2**60), st.binary(min_size=32, max_size=32), st.integers(0, 4 * 10**15))
def test_a_signed_checkpoint_is_read_back(seq, head, at_us):
    kept = checkpoint(seq, head, at_us)
    published = Verifier.parse(str(SIGNER.verifier))
    assert check(sign(kept, SIGNER), published, "bank.example") == kept


@given(st.data())
def test_any_changed_character_of_a_checkpoint_is_refused(data):
    note = sign(checkpoint(123_456, b"\7" * 32), SIGNER)
    at = data.draw(st.integers(0, note.index("\n\n")))
    other = data.draw(st.sampled_from("0123456789abcXYZ-:=\n /+"))
    changed = note[:at] + other + note[at + 1 :]
    if changed != note:
        with pytest.raises(CheckpointRefused):
            check(changed, SIGNER.verifier)


def test_another_key_under_the_same_name_is_refused():
    stranger = Signer("bank.example/lane-1", b"x" * 32)
    with pytest.raises(CheckpointRefused, match="no signature of"):
        check(sign(checkpoint(8, b"\1" * 32), stranger), SIGNER.verifier)


def test_a_second_signature_does_not_disturb_the_first():
    kept = checkpoint(8, b"\1" * 32)
    witness = Signer("witness.example", b"w" * 32)
    note = sign(kept, witness) + sign(kept, SIGNER).split("\n\n")[1]
    assert check(note, SIGNER.verifier) == check(note, witness.verifier) == kept


def test_a_checkpoint_of_another_journal_is_refused():
    with pytest.raises(CheckpointRefused, match="another journal"):
        check(sign(checkpoint(8, b"\1" * 32), SIGNER), SIGNER.verifier, "other.example")


@pytest.mark.parametrize("text", ["", "nonsense", "a+b+c", "lane-1+00000000+AQ==", "lane 1+ed0f5484+AQ=="])
def test_a_published_key_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="key"):
        Verifier.parse(text)


@pytest.mark.parametrize("name", ["", "two words", "a+b", "line\n", "x" * 201])
def test_names_that_would_spoil_the_text_are_refused(name):
    with pytest.raises(ValueError, match="no spaces"):
        Signer(name, b"k" * 32)
    with pytest.raises(ValueError, match="no spaces"):
        sign(Checkpoint(name, 1, b"h" * 32, 0), SIGNER)


def test_a_signed_text_with_an_impossible_time_is_refused():
    text = str(checkpoint(8, b"\1" * 32)).replace("2023-11-14T22:13:20Z", "yesterday")
    raw = b64encode(SIGNER.verifier.key_id + SIGNER.sign(text)).decode()
    with pytest.raises(CheckpointRefused, match="its time is not an instant"):
        check(f"{text}\n— {SIGNER.verifier.name} {raw}\n", SIGNER.verifier)


def test_a_signature_that_is_no_base64_is_passed_over():
    note = str(checkpoint(8, b"\1" * 32)) + f"\n— {SIGNER.verifier.name} A\n"
    with pytest.raises(CheckpointRefused, match="no signature of"):
        check(note, SIGNER.verifier)


def test_a_published_key_with_a_changed_name_is_refused():
    with pytest.raises(ValueError, match="the line was changed"):
        Verifier.parse(str(SIGNER.verifier).replace("lane-1", "lane-2"))


def test_the_notary_signs_what_was_marked_once():
    blobs = MemoryBlobs()
    notary = Notary("bank.example", SIGNER, blobs)
    assert not notary.due
    assert notary.save(0) == ()
    notary.mark(*HEADS[2])
    assert notary.due
    assert notary.save(5) == ("seal-00000000000000000003",)
    assert not notary.due
    assert load_checkpoints(blobs, SIGNER.verifier, "bank.example") == (checkpoint(*HEADS[2], 5),)
    assert verify(STORY, load_checkpoints(blobs, SIGNER.verifier)).checkpoints == 1


def test_a_kept_checkpoint_that_was_changed_or_renamed_is_named():
    blobs = MemoryBlobs()
    blobs.save("seal-00000000000000000009", [sign(checkpoint(*HEADS[2]), SIGNER).encode()])
    with pytest.raises(CheckpointRefused, match=r"seal-0+9: it covers 3 records"):
        load_checkpoints(blobs, SIGNER.verifier)
    blobs.save("seal-00000000000000000009", [b"\xff"])
    with pytest.raises(CheckpointRefused, match=r"seal-0+9: this text is no checkpoint"):
        load_checkpoints(blobs, SIGNER.verifier)
