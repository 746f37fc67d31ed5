"""What the benchmark of account safety counts is counted rightly."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import login as bench

from jindi.parties.phishing import imitated, read_url

LOG = """\
Mar 29 10:42:45 host sshd[1193]: Failed password for user_7 from 127.0.0.1 port 52942 ssh2
Mar 29 14:15:41 host sshd[2414]: Failed password for invalid user pi from 192.0.2.27 port 50378 ssh2
Mar 29 23:18:33 host sshd[6402]: message repeated 5 times: [ Failed password for root from 192.0.2.136 port 56338 ssh2]
Mar 30 10:00:00 host sshd[1]: Accepted publickey for ubuntu from 192.0.2.1 port 1 ssh2: RSA SHA256:x
Mar 30 10:00:01 host sudo: ubuntu : TTY=pts/0
"""


def test_a_log_of_sign_ins_becomes_events_and_what_is_repeated_comes_as_often(tmp_path):
    path = tmp_path / "auth.log"
    path.write_text(LOG, "utf-8")
    events = list(bench.sign_ins(path))
    assert [each["user"] for each in events] == ["user_7", "pi", *["root"] * 5, "ubuntu"]
    assert [each["success"] for each in events] == [False] * 7 + [True]
    assert events[0]["at"] == "2017-03-29T10:42:45Z"
    assert len({each["id"] for each in events}) == len(events)


def test_every_made_imitation_is_another_address_than_the_own_one():
    own = ("alipay.com",)
    made = list(bench.imitations(own))
    assert len(set(made)) == len(made) > 20
    assert all(imitated(read_url(link), own) for link in made)


def test_shares_are_written_with_what_they_are_shares_of():
    assert bench._part(1, 8) == "1 of 8 (12.5 %)"
    assert bench._part(0, 0) == "0 of none"
