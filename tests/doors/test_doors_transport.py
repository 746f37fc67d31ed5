"""The program as a whole: TLS with its own pair, signed keys, webhooks, and what the page shows of them."""

import json
import os
import re
import shutil
import ssl
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from test_doors_cli import ENVIRONMENT, EVENTS, jindi, running, stop, told, until, write_packs

from jindi.client import Client, JindiError, Signer
from jindi.run.webhooks.signing import new_secret, signatures
from webhook_world import Receiver, headers_of, ids, verified

TRANSPORT = (Path(__file__).parents[2] / "docs" / "transport.md").read_text("utf-8")


def fences(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


def test_from_the_first_start_over_tls_signed_keys_and_webhooks_to_what_doctor_says(tmp_path, monkeypatch):
    packs, data = write_packs(tmp_path), tmp_path / "data"
    data.mkdir()
    monkeypatch.setitem(ENVIRONMENT, "JINDI_WEBHOOK_HTTP", "loopback")
    monkeypatch.setitem(ENVIRONMENT, "JINDI_FOUR_EYES", "off")
    monkeypatch.setitem(ENVIRONMENT, "JINDI_RATE_SIGN_IN", "2/hour")
    scopes = ("--scope", "events:write", "--scope", "decisions:read")
    made = told("keys", "new", "p", *scopes, "--signed", "--data", data)
    private = made["private_key"]
    assert private.startswith("-----BEGIN PRIVATE KEY-----")
    assert private.splitlines()[1] not in (data / "state" / "access-keys.json").read_text()
    with Receiver() as receiver, running(data, packs, "--tls", "demo") as process:
        ready = json.loads(process.stdout.readline())
        assert ready["url"].startswith("https://127.0.0.1:")
        ca = data / "tls" / "ca.pem"
        url = ready["url"].replace("127.0.0.1", "localhost")
        with pytest.raises(JindiError, match="could not be reached"), Client(url, ready["api_key"], tries=1) as client:
            client.decision("dec_000000000001")
        admin = {"authorization": f"Bearer {ready['api_key']}"}
        context = ssl.create_default_context(cafile=ca)
        with httpx.Client(base_url=url, headers=admin, verify=context, trust_env=False) as http:
            for refused in ("http://example.com/", "https://10.0.0.1/", "https://169.254.169.254/x"):
                assert http.post("/v1/webhooks", json={"url": refused}).status_code == 400
            assert http.post("/v1/webhooks", json={"url": receiver.url, "types": ["nothing"]}).status_code == 400
            added = http.post("/v1/webhooks", json={"url": receiver.url})
            assert added.status_code == 201
            hook, secret = added.json()["id"], added.json()["secret"]
            assert http.post(f"/v1/webhooks/{hook}/test").json()["arrived"] is True
            receiver.taken.clear()
            (listed,) = http.get("/v1/webhooks").json()["webhooks"]
            assert "secret" not in listed
            until(lambda: "behind" in http.get("/v1/webhooks").json()["webhooks"][0])
            with Client(url, signer=Signer(made["id"], private), ca=ca) as client:
                decided = client.decide(EVENTS[0])
                assert client.decision(decided.decision_id).event_id == decided.event_id
            until(lambda: receiver.taken)
            assert ids(receiver) == [decided.event_id]
            assert verified(secret, headers_of(receiver.taken[0]), receiver.taken[0][1], time.time())
            # The page that signs in is over TLS: its cookie can't leave it.
            page = http.get(ready["sign_in"].replace("127.0.0.1", "localhost"))
            assert page.status_code == 200
            token = ready["sign_in"].rpartition("/")[2]
            entered = http.post("/sign-in", data={"token": token})
            assert "__Host-jindi_session=" in entered.headers["set-cookie"]
            assert "secure" in entered.headers["set-cookie"].lower()
            tried = [http.post("/sign-in/key", data={"key": "jk_x"}).status_code for _ in range(3)]
            assert tried[-1] == 429
            assert http.post("/v1/webhooks/wh_000000000000/test").status_code == 404
            assert http.get("/healthz", headers={"host": "evil.example"}).status_code == 421
        shown = told("webhooks", "list", "--data", data)["webhooks"]
        assert [each["id"] for each in shown] == [hook]
        code, _, err = stop(process)
        assert code == 0, err
    acted = [name for name in ("enable", "rotate", "disable") if told("webhooks", name, hook, "--data", data)["ok"]]
    assert acted == ["enable", "rotate", "disable"]
    refused = told("webhooks", "add", "https://127.0.0.1/", "--data", data, code=2)
    assert "must not reach" in refused["problems"][0]["problem"]
    findings = json.loads(jindi("doctor", "--data", data, "--packs", packs, "--json").stdout)["findings"]
    named = {each["what"]: each for each in findings}
    assert named["transport"]["is_well"]
    assert named["webhooks"]["text"] == "1 endpoint"
    assert told("webhooks", "remove", hook, "--data", data)["state"] == "removed"


@pytest.mark.skipif(
    not all(shutil.which(name) for name in ("bash", "curl", "openssl")), reason="no curl or OpenSSL here"
)
def test_the_signature_of_the_page_is_taken_once(tmp_path):
    packs, data = write_packs(tmp_path), tmp_path / "data"
    data.mkdir()
    for command in (
        ["genpkey", "-algorithm", "ed25519", "-out", "checkout.key"],
        ["pkey", "-in", "checkout.key", "-pubout", "-out", "checkout.pub"],
    ):
        subprocess.run(["openssl", *command], cwd=tmp_path, check=True, capture_output=True)
    made = told(
        "keys", "new", "c", "--scope", "events:write", "--public-key", tmp_path / "checkout.pub", "--data", data
    )
    assert made["private_key"] is None
    (tmp_path / "event.json").write_text(json.dumps(EVENTS[0]), "utf-8")
    (script,) = fences(TRANSPORT, "bash")
    with running(data, packs) as process:
        ready = json.loads(process.stdout.readline())
        given = {"URL": ready["url"], "KEY_ID": made["id"], "KEY_FILE": "checkout.key"}
        for _ in range(2):
            done = subprocess.run(
                ["bash", "-euc", f"CURL_MORE=()\n{script}"], cwd=tmp_path, env=os.environ | given, check=False,
                capture_output=True, text=True,
            )  # fmt: skip
            assert json.loads(done.stdout)["event_id"] == EVENTS[0]["id"], done.stderr
        script = script.replace("openssl rand -hex 16", "echo 0123456789abcdef0123456789abcdef")
        script = script.replace("created=$(date +%s)", f"created={int(time.time())}")
        said = []
        for _ in range(2):
            done = subprocess.run(
                ["bash", "-euc", f"CURL_MORE=()\n{script}"], cwd=tmp_path, env=os.environ | given, check=False,
                capture_output=True, text=True,
            )  # fmt: skip
            said.append(json.loads(done.stdout))
        assert said[0]["event_id"] == EVENTS[0]["id"]
        assert said[1]["type"] == "urn:jindi:problem:signature-refused"


def test_the_check_of_the_page_takes_what_is_genuine_and_nothing_else():
    scope = {}
    exec(fences(TRANSPORT, "python")[-1], scope)
    genuine = scope["is_genuine"]
    secret, now_s = new_secret(bytes, asymmetric=False), int(time.time())

    def headers(at_s):
        given = signatures([new_secret(lambda n: b"x" * n, asymmetric=True), secret], "msg_1", at_s, b"{}")
        return {"webhook-id": "msg_1", "webhook-timestamp": str(at_s), "webhook-signature": given}

    assert genuine(secret, headers(now_s), b"{}")
    assert not genuine(secret, headers(now_s), b"{ }")
    assert not genuine(secret, headers(now_s - 400), b"{}")
    assert not genuine(secret, headers(now_s) | {"webhook-id": "msg_2"}, b"{}")


def test_a_public_key_that_is_none_is_refused(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "x.pub").write_text("nonsense", "utf-8")
    given = ("keys", "new", "c", "--scope", "admin", "--public-key", tmp_path / "x.pub", "--data", tmp_path / "data")
    assert "no public Ed25519 key" in told(*given, code=1)["problems"][0]["problem"]
