"""Where packs are read from, and where what is approved in the console is written."""

import pytest

from jindi.app.wiring import Outside, shipped_packs
from jindi.basics.problems import Problems
from jindi.packs import load, rules_of, with_rule

PATH = "payment/policies/payment.toml"


def settled_in(tmp_path, **flags):
    outside = Outside()
    (tmp_path / "data").mkdir(exist_ok=True)
    return outside, outside.settle({"data": str(tmp_path / "data"), **flags})


def changed(files, score=77):
    text = files[PATH]
    parts = next(each for each in rules_of(text) if each["id"] == "payment-velocity")
    return {PATH: with_rule(text, "payment-velocity", {**parts, "score": score})}


def test_the_packs_that_come_with_the_program_are_copied_into_the_data_folder_when_one_is_changed(tmp_path):
    outside, settled = settled_in(tmp_path)
    before, shipped = outside.pack_files(settled.packs), (shipped_packs() / PATH).read_text("utf-8")
    patch, mark = changed(before), outside.packs_mark(settled.packs)
    outside.keep_packs(settled, patch)
    assert outside.pack_files(settled.packs) == before | patch
    assert outside.packs_mark(settled.packs) != mark, "whoever watches the folder looks there from now on"
    assert (shipped_packs() / PATH).read_text("utf-8") == shipped
    load(outside.pack_files(settled.packs))
    again, settled = settled_in(tmp_path)
    assert again.pack_files(settled.packs) == before | patch, "the next start reads them, too"
    more = changed(again.pack_files(settled.packs), 78)
    again.keep_packs(settled, more)
    assert again.pack_files(settled.packs) == before | more


def test_the_platforms_own_copies_are_part_of_a_backup(tmp_path):
    outside, settled = settled_in(tmp_path)
    source = outside.backup_source(settled)
    texts = next(part for part in source.parts if type(part).__name__ == "Texts")
    assert texts.texts() == {}
    outside.keep_packs(settled, changed(outside.pack_files(settled.packs)))
    assert PATH in texts.texts()


def test_a_named_folder_is_changed_where_it_lies(tmp_path):
    shipped, _ = settled_in(tmp_path)
    folder = tmp_path / "mine"
    shipped.write_files(folder, {path: text for path, text in shipped.pack_files(()).items() if "core/" not in path})
    for packs, key in ((folder, PATH), (folder / "payment", PATH)):
        outside, settled = settled_in(tmp_path, packs=str(packs))
        patch = changed(outside.pack_files(settled.packs), score=len(str(packs)))
        outside.keep_packs(settled, patch)
        assert (folder / "payment/policies/payment.toml").read_text("utf-8") == patch[key]
    assert not (tmp_path / "data" / "packs").exists()


def test_what_can_not_be_written_whole_is_not_written(tmp_path):
    outside, settled = settled_in(tmp_path)
    with pytest.raises(Problems, match="comes with Jindi"):
        outside.keep_packs(settled, {"core/events.toml": "", **changed(outside.pack_files(()))})
    assert not (tmp_path / "data" / "packs").exists()
    parts = [shipped_packs() / "payment", shipped_packs() / "account"]
    outside, settled = settled_in(tmp_path, packs=",".join(map(str, parts)))
    before = outside.pack_files(settled.packs)
    with pytest.raises(Problems, match="several folders"):
        outside.keep_packs(settled, {PATH: "", "account/pack.toml": ""})
    with pytest.raises(Problems, match="no folder of packs"):
        outside.keep_packs(settled, {"elsewhere/pack.toml": ""})
    assert outside.pack_files(settled.packs) == before
