"""Why a step with a customer's rating can't be taken, in words, and what programs are told of it: for both doors."""

from typing import Any, Final

from jindi.basics.instants import format_instant
from jindi.language import Value
from jindi.packs import RatingDef
from jindi.parties.rating import MILLI, Standing
from jindi.run.freezes import Freeze
from jindi.run.rating import History
from jindi.run.records import decision_id

SAID: Final[dict[str, tuple[str, str]]] = {
    "note": (
        "请用不超过 500 字写明核对了什么、结论如何",
        "say in at most 500 characters what was checked and what came of it",
    ),
    "document": ("证件的有效期截止须晚于现在", "the document's end must lie ahead"),
    "not_rated": ("该客户尚未评级", "the customer has not been rated yet"),
    "no_level": ("行业包没有声明该等级", "the packs in force declare no such level"),
    "direct": (
        "该客户有直接列为最高等级的情形，不能人工调整",
        "a ground puts the customer on the highest level: nobody talks that away",
    ),
    "no_list": (
        "行业包没有声明名单 temporarily_frozen_users，无法临时冻结",
        "the packs in force declare no list temporarily_frozen_users, so nobody can be frozen",
    ),
    "order": (
        "请填写客户与不超过 100 字的文书号，不含个人信息",
        "name the customer and the order's number, in at most 100 characters and without anybody's data",
    ),
    "frozen": ("该客户已在临时冻结中，不能延长", "the customer is frozen already, and that is not made longer"),
    "once": ("同一文书已对该客户执行过", "this order has frozen the customer before"),
    "same": ("该客户已是该等级", "the customer is on that level already"),
}  # fmt: skip


def points(milli: int) -> str:
    """Points as people read them: one decimal, for no factor is finer than a tenth of a step.

    >>> points(64_800), points(20_000)
    ('64.8', '20.0')
    """
    return f"{milli / MILLI:.1f}"


def standing_document(standing: Standing, now_us: int) -> dict[str, Any]:
    """A customer's standing, as programs are given it."""
    by_hand = standing.override
    return {
        "user": standing.user, "level": standing.effective or None, "assessed_level": standing.level or None,
        "points": standing.points_milli / MILLI if standing.assessed_us else None,
        "assessed_at": _instant(standing.assessed_us), "grounds": list(standing.directs),
        "by_hand": None if by_hand is None else {
            "level": by_hand.level, "by": by_hand.by, "second": by_hand.second or None, "reason": by_hand.reason,
            "at": format_instant(by_hand.at_us),
        },
        "opened_at": _instant(standing.opened_us), "reviewed_at": _instant(standing.reviewed_us),
        "due": format_instant(standing.must_by_us), "owed": standing.must_what,
        "overdue": standing.must_by_us <= now_us, "document_until": _instant(standing.document_until_us),
        "account_class": standing.account_class or None, "classed_at": _instant(standing.classed_us),
    }  # fmt: skip


def history_document(step: History) -> dict[str, Any]:
    """A step of a customer's history, as programs are given it."""
    fields = {name: _plain(name, value) for name, value in step.fields.items() if value is not None and name != "user"}
    found = step.found
    return {
        "decision": decision_id(step.seq), "at": format_instant(step.at_us), "event": step.event_type, "fields": fields,
        "assessment": None if found is None else {
            "level": found.level, "points": found.points_milli / MILLI, "before": found.before_milli / MILLI,
            "mitigations": list(found.mitigations), "grounds": list(found.directs),
            "factors": [
                {"factor": each.factor, "value": each.value, "step": each.step, "points": each.points_milli / MILLI}
                for each in found.marks
            ],
        },
    }  # fmt: skip


def freeze_document(freeze: Freeze) -> dict[str, Any]:
    """A temporary freeze, as programs are given it."""
    return {"user": freeze.user, "until": format_instant(freeze.until_us)}


def scheme_document(scheme: RatingDef) -> dict[str, Any]:
    """The scheme, as programs are given it."""
    return {
        "name": scheme.name, "steps": scheme.steps,
        "levels": [
            {"level": each.name, "doc": {"zh": each.doc.zh, "en": each.doc.en}, "from": each.points_from}
            for each in scheme.levels
        ],
    }  # fmt: skip


def _plain(name: str, value: Value) -> Value:
    """Instants as programs read them."""
    return format_instant(value) if name in ("due", "document_until") and isinstance(value, int) else value


def _instant(at_us: int) -> str | None:
    return format_instant(at_us) if at_us else None
