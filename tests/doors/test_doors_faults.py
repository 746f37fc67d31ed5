"""Our own faults on standard error: one line with kinds and places, and nothing of what they were about."""

import asyncio
import io
import logging
from contextlib import contextmanager

import pytest

from jindi.doors.faults import Lines, tell_in_lines, told, unheard

PHONE = "13812345678"


@contextmanager
def heard(*loggers):
    """What is written while these loggers speak, as a server has it."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(Lines())
    for each in loggers:
        logging.getLogger(each).addHandler(handler)
    try:
        yield out
    finally:
        for each in loggers:
            logging.getLogger(each).removeHandler(handler)


def failing():
    try:
        raise KeyError(PHONE)
    except KeyError as error:
        raise ValueError(f"no such phone: {PHONE}\nforged line") from error


def fault():
    with pytest.raises(ValueError, match="no such phone") as caught:
        failing()
    return caught.value


def test_a_fault_is_one_line_with_kinds_and_places_and_no_value():
    with heard("test.faults") as out:
        logging.getLogger("test.faults").error("an event failed\n", exc_info=fault())
    line = out.getvalue()
    assert line.count("\n") == 1
    assert PHONE not in line
    assert line.startswith("an event failed: ValueError at test_doors_faults.py:")
    assert "of KeyError at test_doors_faults.py:" in line
    assert "failing" in line


def test_attack_no_line_can_be_forged_by_what_a_library_quotes():
    with heard("test.faults") as out:
        logging.getLogger("test.faults").warning("refused: %s", "x\r\n2026 admin signed in\x1b[2J")
    assert out.getvalue() == "refused: x 2026 admin signed in [2J\n"


def test_several_at_once_are_told_by_the_first():
    assert told(ExceptionGroup(PHONE, [ValueError(PHONE)])) == "ExceptionGroup at no place, of ValueError at no place"


def test_a_fault_that_nobody_waits_for_is_told_without_its_words():
    async def go():
        asyncio.get_running_loop().set_exception_handler(unheard)

        async def lost():
            raise ValueError(PHONE)

        task = asyncio.ensure_future(lost())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        del task

    with heard("jindi", "asyncio") as out:
        asyncio.run(go())
    assert out.getvalue().startswith("Task exception was never retrieved: ValueError at test_doors_faults.py:")
    assert PHONE not in out.getvalue()


def test_whoever_took_the_log_over_keeps_it():
    root = logging.getLogger()
    before = list(root.handlers)
    assert before, "pytest has taken it over"
    tell_in_lines()
    assert root.handlers == before
