"""The control of the virus scanner: it passes with one that works, and fails on each fault that it is for."""

import dataclasses
import re

import pytest

from controls_world import found, ground
from jindi.basics.instants import DAY_US
from jindi.run.controls.scanners import TEST_STRING, signed_us
from jindi.stores.clamd import Clamd
from scanner_world import EICAR, FOUND, VERSION, scanning

NEW_US = signed_us(VERSION) + DAY_US


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    return ground(tmp_path_factory.mktemp("lived"))


class At:
    def __init__(self, at_us):
        self.at_us = at_us

    def now_us(self):
        return self.at_us


def asked(lived, place=None, at_us=NEW_US, **settings):
    named = {} if place is None else {"scanner": place}
    settings = {**lived.settings, "unscanned": "", **named, **settings}
    changed = dataclasses.replace(
        lived, settings=settings, clock=At(at_us), scanner=lambda: None if place is None else Clamd(place)
    )
    return found(changed, "file_scanner")


def fails(said, saying):
    assert said.outcome == "failed", said
    assert saying in said.why.en
    assert re.search(r"[\u4e00-\u9fff]", said.why.zh)


def test_a_scanner_that_works_passes_with_what_it_is_as_evidence(lived):
    with scanning() as (daemon, place):
        said = asked(lived, place)
        assert said.outcome == "passed", said
        assert (said.evidence["version"], said.evidence["found"], said.evidence["harmless"]) == (VERSION, FOUND, None)
        assert said.evidence["signatures_of"].startswith("2026-11-27")
        assert daemon.seen[0] == TEST_STRING == EICAR


def test_no_scanner_is_red_and_says_what_to_do(lived):
    fails(asked(lived), "no virus scanner looks at files of cases: run clamd and name it")
    assert asked(lived, unscanned="refuse").outcome == "passed"
    assert asked(lived, vault="off").outcome == "passed"


def test_a_scanner_that_is_away_could_not_be_tried(lived):
    with scanning() as (_, gone):
        pass
    said = asked(lived, gone)
    assert said.outcome == "could_not_run"
    assert "can't be reached" in said.why.en


def test_each_fault_of_a_scanner_fails(lived):
    with scanning() as (daemon, place):
        fails(asked(lived, place, unscanned="take"), "files pass while the scanner is away")
        fails(asked(lived, place, at_us=NEW_US + 7 * DAY_US), "older than 7 days")
        daemon.version = "ClamAV 1.4.3"
        fails(asked(lived, place), "does not say how old")
    for answer, saying in (
        (b"stream: OK\0", "does not find EICAR"),
        (b"stream: X FOUND\0", "harmless text for malware"),
    ):
        with scanning() as (daemon, place):
            usual = daemon._do

            def do(command, line, usual=usual, daemon=daemon, answer=answer):
                said = usual(command, line)
                daemon.answer = answer if command == "INSTREAM" else None
                return said

            daemon._do = do
            fails(asked(lived, place), saying)
