"""What a scanner promises, over both kinds of socket: a finding has a name, clean is clean, and all else is a failure
that nobody can take for clean.
"""

import os
import shutil
import subprocess
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jindi.ports import ScannerFailure
from jindi.stores.clamd import CHUNK_BYTES, CONTENT_BYTES_MAX, Clamd, place_problem
from scanner_world import EICAR, FOUND, VERSION, scanning

QUICK_S = 0.2


@pytest.fixture(params=["tcp", "unix"])
def world(request, tmp_path):
    with scanning(tmp_path if request.param == "unix" else None) as (daemon, place):
        yield daemon, place


def test_a_clean_file_is_clean_and_came_over_the_line_whole(world):
    daemon, place = world
    for content in (b"", b"a", os.urandom(CHUNK_BYTES), os.urandom(CHUNK_BYTES + 1), os.urandom(3 * CHUNK_BYTES)):
        assert Clamd(place).scan(content) is None
        assert daemon.seen[-1] == content


def test_what_is_found_is_named_wherever_it_lies(world):
    _, place = world
    padding = b"x" * (CHUNK_BYTES - 30)
    for content in (EICAR, b"a mail\n" + EICAR, padding + EICAR + padding):
        assert Clamd(place).scan(content) == FOUND


def test_it_says_what_it_is(world):
    daemon, place = world
    assert Clamd(place).version() == VERSION
    assert daemon.commands == ["PING", "VERSION"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "hung up"),
        (b"stream: OK", "hung up"),
        (b"stream: OK and so on\0", "could not look at the file: stream: OK and so on"),
        (b"STREAM: OK\0", "could not look"),
        (b"OK\0", "could not look"),
        (b"FOUND\0", "could not look"),
        (b"Can't allocate memory ERROR\0", "Can't allocate memory ERROR"),
        (b"INSTREAM size limit exceeded. ERROR\0", "StreamMaxLength"),
        (b"\xff\xfe\0", "could not look"),
        (b"x" * 5_000, "too long"),
    ],
)
def test_whatever_else_it_says_is_never_taken_for_clean(world, answer, said):
    daemon, place = world
    daemon.answer = answer
    with pytest.raises(ScannerFailure, match=said):
        Clamd(place).scan(b"a file")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=st.binary(max_size=60))
def test_no_answer_but_the_one_is_clean(tmp_path_factory, answer):
    scanner = Clamd("tcp://127.0.0.1:9")
    scanner._said = lambda *_: answer.decode("utf-8", "replace")
    found = "a failure"
    with suppress(ScannerFailure):
        found = scanner.scan(b"a file")
    assert (found is None) == (answer == b"stream: OK")
    assert found is None or found.isprintable()


def test_the_name_of_a_finding_fits_a_line_of_a_record(world):
    daemon, place = world
    daemon.answer = b"stream: Win\r\n\x1b[31m.Bad" + b"n" * 500 + " 病毒 FOUND\0".encode()
    name = Clamd(place).scan(b"a file")
    assert name.isascii()
    assert name.isprintable()
    assert name.startswith("Win[31m.Bad")
    assert len(name) == 100
    daemon.answer = "stream: 病毒 FOUND\0".encode()
    assert Clamd(place).scan(b"a file") == "unnamed"


def test_a_file_beyond_its_limit_is_not_clean_whether_or_not_it_can_still_say_so(world):
    daemon, place = world
    daemon.limit = 1_000
    with pytest.raises(ScannerFailure, match=r"StreamMaxLength|the line was cut"):
        Clamd(place).scan(b"x" * 900_000)


def test_a_file_that_is_larger_than_any_is_not_sent(world):
    daemon, place = world
    with pytest.raises(ScannerFailure, match="is not sent"):
        Clamd(place).scan(bytes(CONTENT_BYTES_MAX + 1))
    assert daemon.commands == []


def test_a_line_that_is_cut_under_way_is_a_failure(world):
    daemon, place = world
    daemon.cuts_after = CHUNK_BYTES
    with pytest.raises(ScannerFailure, match=r"hung up|the line was cut"):
        Clamd(place).scan(b"x" * (20 * CHUNK_BYTES))


@pytest.mark.parametrize("how", ["hangs", "drips"])
def test_a_scanner_that_does_not_end_its_answer_is_given_up(world, how):
    daemon, place = world
    setattr(daemon, how, True)
    for ask in (lambda scanner: scanner.scan(b"a file"), Clamd.version):
        with pytest.raises(ScannerFailure, match=r"did not answer within|too long"):
            ask(Clamd(place, answer_s=QUICK_S))


def test_a_scanner_that_reads_nothing_is_given_up(world):
    daemon, place = world
    daemon._do = lambda *_: daemon.over.wait() and None
    with pytest.raises(ScannerFailure, match="did not answer within"):
        Clamd(place, answer_s=QUICK_S).scan(bytes(20_000_000))


def test_nobody_there_is_a_failure_that_names_the_place(tmp_path):
    with scanning() as (_, gone):
        pass
    for place in (gone, f"unix:{tmp_path}/clamd.ctl"):
        with pytest.raises(ScannerFailure, match="can't be reached") as failure:
            Clamd(place).scan(b"the content")
        assert place in str(failure.value)
        assert "the content" not in str(failure.value)


@pytest.mark.parametrize("place", ["tcp://127.0.0.1:3310", "tcp://[::1]:3310", "tcp://localhost:3310", "unix:/a/b"])
def test_a_place_on_this_machine_may_be_named(place):
    assert place_problem(place) is None


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        ("tcp://10.0.0.8:3310", "not on this machine"),
        ("tcp://scanner.example:3310", "not on this machine"),
        ("tcp://127.0.0.1.example:3310", "not on this machine"),
        ("tcp://127.0.0.1", "not an address and port"),
        ("tcp://127.0.0.1:99999", "not an address and port"),
        ("tcp://me:secret@127.0.0.1:3310", "not an address and port"),
        ("tcp://127.0.0.1:3310/x", "not an address and port"),
        ("tcp://[::1", "not an address and port"),
        ("unix:clamd.ctl", "not an absolute path"),
        ("http://127.0.0.1:3310", "neither tcp: nor unix:"),
        ("clamd", "neither tcp: nor unix:"),
    ],
)
def test_any_other_place_is_a_problem(place, problem):
    assert place_problem(place).startswith(problem)


# ---- the real one, where it is installed

CONFIGURED = """\
DatabaseDirectory {folder}
LocalSocket {folder}/clamd.ctl
Foreground yes
StreamMaxLength 1M
"""


@pytest.mark.skipif(shutil.which("clamd") is None, reason="ClamAV's daemon is not installed")
def test_the_real_daemon_finds_what_its_database_knows_and_nothing_else(tmp_path):
    (tmp_path / "eicar.ndb").write_text(f"{FOUND}:0:*:{EICAR.hex()}\n")
    (tmp_path / "clamd.conf").write_text(CONFIGURED.format(folder=tmp_path))
    with subprocess.Popen(
        ["clamd", "-c", str(tmp_path / "clamd.conf")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as daemon:
        try:
            # It says so when it has everything; its socket is there before.
            assert any("Self checking" in line for line in daemon.stdout)
            scanner = Clamd(f"unix:{tmp_path}/clamd.ctl")
            assert scanner.version().startswith("ClamAV ")
            assert scanner.scan(b"a letter of a customer") is None
            assert scanner.scan(b"") is None
            assert scanner.scan(EICAR).startswith(FOUND)
            with pytest.raises(ScannerFailure, match=r"StreamMaxLength|the line was cut"):
                scanner.scan(bytes(2_000_000))
        finally:
            daemon.terminate()
