"""Identity numbers that belong to nobody, and the events that are told about identities."""

from jindi.basics.identifiers import id_card_check_digit
from jindi.basics.instants import format_instant
from shop_world import NOON_US


def id_card(province="11", birth="19700314", order="703"):
    digits = f"{province}0101{birth}{order}"
    return digits + id_card_check_digit(digits)


def check(number, **more):
    document = {
        "id": f"i{number}", "type": "identity_check", "at": format_instant(NOON_US), "user": f"u{number}",
        "id_card": id_card(), "sources": 5, "face_to_face": False, "passed": True, "account_class": "II",
    }  # fmt: skip
    return {key: value for key, value in (document | more).items() if value is not None}


def external(number, user="u1", group="police", answer="passed", **more):
    return {
        "id": f"x{number}", "type": "external_check", "at": format_instant(NOON_US), "user": user, "source": group,
        "group": group, "check": "id_name", "answer": answer,
    } | more  # fmt: skip


def request(number, user="u1", account_class="II", **more):
    document = {
        "id": f"c{number}", "type": "account_class_request", "at": format_instant(NOON_US), "user": user,
        "id_card": id_card(), "account_class": account_class,
    }  # fmt: skip
    return {key: value for key, value in (document | more).items() if value is not None}
