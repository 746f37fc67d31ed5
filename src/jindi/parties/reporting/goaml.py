"""goAML: the form that the United Nations' office has for financial intelligence units, schema 5.0.2.

Element names, their order and the lengths that stand here were read in one unit's public copy of that schema. Every
unit changes it and keeps its own lists of codes: they are asked for in `Unit`, and the file is to be held against the
unit's own schema before it is sent. Names are in Latin letters in that copy; a Chinese name goes to `full_name_frn`.

Only a part of the schema is written: reports with transactions (no `activity`), accounts with who signs for them,
persons and organisations with one identifier.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, cast

from jindi.basics.money import EXPONENTS, format_minor
from jindi.basics.problems import Problem, Problems
from jindi.parties.reporting.camlmac import Packet
from jindi.parties.reporting.checks import check
from jindi.parties.reporting.large import ZONE
from jindi.parties.reporting.markup import read_markup
from jindi.parties.reporting.model import Counterparty, Customer, LargeReport, Latin, Report, Transaction
from jindi.parties.reporting.shapes import Branch, Dialect, Leaf, Look, Many, OneOf, Rule, Value

DIALECT: Final = Dialect()
LONG: Final = 20_002
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PASSPORTS: Final = frozenset({"passport_cn", "passport_foreign"})

Tree = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Unit:
    """What one unit asks for: the reporter's number there, and codes of its own lists. `countries` are its codes of the
    three-letter ones, `transmodes` its ways of a transaction by those of the report; `transmode` is for all others.
    """

    rentity_id: int
    report_code: str
    indicators: tuple[str, ...]
    funds_code: str
    transmode: str
    countries: dict[str, str] = field(default_factory=dict)
    transmodes: dict[str, str] = field(default_factory=dict)
    transmode_comment: str = ""
    submission_code: str = "E"
    branch: str = ""
    currency_local: str = "CNY"
    account_role: str = ""


# ---- the shape


def _rule(says: str, pattern: str) -> Rule:
    compiled = re.compile(pattern + r"\Z")
    return Rule(says, lambda text: compiled.match(text) is not None)


_INT = _rule("a whole number from 1 on", r"[1-9][0-9]{0,9}")
_DATE = _rule("YYYY-MM-DDThh:mm:ss", r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]")
_DECIMAL = _rule("digits, and some behind a point", r"[0-9]{1,20}(\.[0-9]{1,4})?")
_LATIN = _rule("Latin letters, digits, spaces and . ' -", r"[a-zA-Z0-9 .'\-]+")
_YES_NO = _rule("true or false", r"true|false")
_CURRENCY = Rule("an ISO 4217 code that is known here", lambda text: text in EXPONENTS)


def _leaf(tag: str, words: tuple[str, str], rule: Rule | None = None, length: int = 255, **more: bool) -> Leaf:
    return Leaf(tag, *words, rule, more.get("required", False), length, more.get("lines", False))


_COUNTRY = ("国家", "the country")
_PERSON = (
    _leaf("first_name", ("名（拉丁字母）", "the first name"), _LATIN, 100, required=True),
    _leaf("last_name", ("姓（拉丁字母）", "the last name"), _LATIN, 100, required=True),
    _leaf("birthdate", ("出生日期", "the day of birth"), _DATE),
    _leaf("full_name_frn", ("本国文字姓名", "the name in its own script")),
    _leaf("passport_number", ("护照号码", "the passport's number")),
    _leaf("passport_country", ("护照签发国", "the passport's country")),
    _leaf("id_number", ("证件号码", "the number of the document")),
    _leaf("nationality1", ("国籍", "the nationality")),
    _leaf("occupation", ("职业", "the occupation")),
)
_ENTITY = (
    _leaf("name", ("名称（拉丁字母）", "the name"), _LATIN, required=True),
    _leaf("incorporation_number", ("注册号", "the number of registration"), length=50),
    _leaf("business", ("行业", "the trade")),
    _leaf("incorporation_country_code", ("注册国", "the country of registration")),
    _leaf("comments", ("备注", "a remark"), length=LONG, lines=True),
)


def _account(tag: str) -> Branch:
    return Branch(tag, (
        _leaf("institution_name", ("机构名称", "the institution")),
        _leaf("institution_code", ("机构代码", "the institution's code"), None, 50, required=True),
        _leaf("non_bank_institution", ("非银行机构", "whether it is no bank"), _YES_NO),
        _leaf("branch", ("网点", "the branch")),
        _leaf("account", ("账号", "the account"), required=True),
        _leaf("currency_code", ("币种", "the currency"), _CURRENCY),
        _leaf("account_name", ("户名（拉丁字母）", "the account's name"), _LATIN, required=True),
        _leaf("client_number", ("客户号", "the customer's number"), None, 30),
        Branch("t_entity", _ENTITY, required=False),
        Many("", Branch("signatory", (
            _leaf("is_primary", ("主要", "whether it is the first"), _YES_NO),
            Branch("t_person", _PERSON),
            _leaf("role", ("角色", "the role")),
        )), most=1),
        _leaf("opened", ("开户时间", "when it was opened"), _DATE),
        _leaf("closed", ("销户时间", "when it was closed"), _DATE),
    ))  # fmt: skip


def _side(tag: str, way: str) -> Branch:
    return Branch(tag, (
        _leaf(f"{way}_funds_code", ("资金形式", "the kind of funds"), required=True),
        Branch(f"{way}_foreign_currency", (
            _leaf("foreign_currency_code", ("币种", "the currency"), _CURRENCY, required=True),
            _leaf("foreign_amount", ("外币金额", "the amount in it"), _DECIMAL, required=True),
        ), required=False),
        OneOf((
            _account(f"{way}_account"), Branch(f"{way}_person", _PERSON), Branch(f"{way}_entity", _ENTITY),
        )),
        _leaf(f"{way}_country", _COUNTRY, required=True),
    ))  # fmt: skip


SHAPE: Final = Branch("report", (
    _leaf("rentity_id", ("报告机构号", "the reporter's number"), _INT, required=True),
    _leaf("rentity_branch", ("报告机构网点", "the reporter's branch")),
    _leaf("submission_code", ("报送方式", "how it is sent"), _rule("E or M", "[EM]"), required=True),
    _leaf("report_code", ("报告种类", "the kind of report"), required=True),
    _leaf("entity_reference", ("机构内部编号", "the reporter's own reference"), required=True),
    _leaf("fiu_ref_number", ("监测机构编号", "the unit's reference")),
    _leaf("submission_date", ("报送日期", "when it is sent"), _DATE, required=True),
    _leaf("currency_code_local", ("本币", "the local currency"), _CURRENCY, required=True),
    _leaf("reason", ("理由", "the reason"), length=LONG, lines=True),
    _leaf("action", ("已采取的措施", "what was done"), length=LONG, lines=True),
    Many("", Branch("transaction", (
        _leaf("transactionnumber", ("交易编号", "the transaction's number"), None, 100, required=True),
        _leaf("transaction_location", ("交易地点", "where it was"), required=True),
        _leaf("transaction_description", ("交易说明", "what it was"), length=LONG, required=True, lines=True),
        _leaf("date_transaction", ("交易时间", "when it was"), _DATE, required=True),
        _leaf("transmode_code", ("交易方式", "how it was done"), required=True),
        _leaf("transmode_comment", ("交易方式说明", "a word on that"), length=50),
        _leaf("amount_local", ("本币金额", "the amount in local currency"), _DECIMAL, required=True),
        OneOf((_side("t_from_my_client", "from"), _side("t_from", "from"))),
        OneOf((_side("t_to_my_client", "to"), _side("t_to", "to"))),
        _leaf("comments", ("备注", "a remark"), length=LONG, lines=True),
    )), least=1),
    Many("report_indicators", _leaf("indicator", ("指标", "an indicator")), least=1),
))  # fmt: skip


# ---- out and in


def render(report: Report, unit: Unit, sent_at_us: int, name: str) -> Packet:
    """The report as goAML has it. Raises Problems, all at once."""
    checked = check(report)
    if checked.problems:
        raise Problems(checked.problems)
    look = Look("report", DIALECT, [])
    tree = _Making(unit, look).report(report, sent_at_us)
    look.check(SHAPE, tree)
    if look.problems:
        raise Problems(dict.fromkeys(look.problems))
    return Packet(name, look.written(SHAPE, tree).encode(), _left_out(report), tuple(checked.remarks))


def read(data: bytes, where: str) -> Tree:
    """What such a file says, as a tree of texts, held against the shape. Raises Problems with lines."""
    look = Look(where, DIALECT, [])
    tree = cast("Tree", look.read(SHAPE, read_markup(data, where)))
    if look.problems:
        raise Problems(look.problems)
    return tree


def _left_out(report: Report) -> tuple[str, ...]:
    """What this form has no place for, or a place of which too little is known."""
    always = ("addresses, contacts, phones", "agents", "channels and devices", "codes of crimes and features", "notes")
    return always[:3] + always[4:] if isinstance(report, LargeReport) else always


@dataclass(slots=True)
class _Making:
    unit: Unit
    look: Look

    def report(self, report: Report, sent_at_us: int) -> Tree:
        unit = self.unit
        tree: Tree = {
            "rentity_id": str(unit.rentity_id), "rentity_branch": unit.branch, "submission_code": unit.submission_code,
            "report_code": unit.report_code, "entity_reference": report.id, "submission_date": _date(sent_at_us),
            "currency_code_local": unit.currency_local, "report_indicators": [*unit.indicators],
        }  # fmt: skip
        if isinstance(report, LargeReport):
            both = [
                (each, day.customer) for day in report.days for feature in day.features for each in feature.transactions
            ]
        else:
            tree |= {"reason": f"{report.behaviour}\n\n{report.analysis}", "action": report.measures}
            subjects = {each.number: each for each in report.subjects}
            both = [(each, subjects[each.customer]) for each in report.transactions]
        if not both:
            self.look.wrong("transactions", "is empty", "a report of a mere activity is not made here")
        tree["transaction"] = [
            self._transaction(each, customer, report, f"transactions {number}")
            for number, (each, customer) in enumerate(both, 1)
        ]
        return tree

    def _transaction(self, each: Transaction, customer: Customer, report: Report, path: str) -> Tree:
        ours = self._ours(each, customer, report, path)
        theirs = self._theirs(each.counterparty, path)
        ways = ("to", "from") if each.direction == "in" else ("from", "to")
        return {
            "transactionnumber": each.id, "transaction_location": each.place,
            "transaction_description": each.purpose or each.means, "date_transaction": _date(each.at_us),
            "transmode_code": self.unit.transmodes.get(each.means, self.unit.transmode),
            "transmode_comment": self.unit.transmode_comment, "amount_local": self._local(each, path),
            f"t_{ways[0]}_my_client": self._side(each, ours, ways[0], path),
            f"t_{ways[1]}": self._side(each, theirs, ways[1], path),
        }  # fmt: skip

    def _side(self, each: Transaction, who: tuple[str, Tree, str], way: str, path: str) -> Tree:
        kind, tree, country = who
        side: Tree = {
            f"{way}_funds_code": self.unit.funds_code, f"{way}_{kind}": tree,
            f"{way}_country": self._country(country, f"{path}.{way}"),
        }  # fmt: skip
        if each.currency != self.unit.currency_local:
            side[f"{way}_foreign_currency"] = {
                "foreign_currency_code": each.currency,
                "foreign_amount": format_minor(each.amount_minor, each.currency),
            }
        return side

    def _ours(self, each: Transaction, customer: Customer, report: Report, path: str) -> tuple[str, Tree, str]:
        account: Tree = {
            "institution_name": report.institution.name, "institution_code": report.institution.code,
            "branch": each.branch, "account": each.account.number, "currency_code": each.currency,
            "account_name": _latin_whole(customer.latin), "client_number": customer.number,
        }  # fmt: skip
        if each.account.opened_at_us is not None:
            account["opened"] = _date(each.account.opened_at_us)
        if each.account.closed_at_us is not None:
            account["closed"] = _date(each.account.closed_at_us)
        if customer.kind == "entity":
            account["t_entity"] = self._entity(customer, path)
        else:
            account["signatory"] = [{"t_person": self._person(customer, path), "role": self.unit.account_role}]
        return "account", account, customer.nationalities[0] if customer.nationalities else each.place[:3]

    def _theirs(self, other: Counterparty, path: str) -> tuple[str, Tree, str]:
        country = other.region[:3] if re.match(r"[A-Z]{3}", other.region) else ""
        if not country:
            self.look.wrong(f"{path}.counterparty.region", "names no country", "write CHN and the district, or CHN")
        at = f"{path}.counterparty"
        if other.latin is None:
            self.look.wrong(f"{at}.latin", "is missing", "goAML asks for a name in Latin letters")
        if other.account:
            return "account", {
                "institution_name": other.institution, "institution_code": other.institution_code,
                "account": other.account, "account_name": _latin_whole(other.latin),
            }, country  # fmt: skip
        last = other.latin.last if other.latin is not None else ""
        if other.kind == "entity":
            return "entity", {"name": last, "comments": other.name}, country
        first = other.latin.first if other.latin is not None else ""
        return "person", {"first_name": first, "last_name": last, "full_name_frn": other.name}, country

    def _person(self, customer: Customer, path: str) -> Tree:
        latin, nationality = customer.latin, self._nationality(customer, path)
        if latin is None:
            self.look.wrong(f"{path}: customer.latin", "is missing", "goAML asks for a name in Latin letters")
        tree: Tree = {
            "first_name": latin.first if latin else "", "last_name": latin.last if latin else "",
            "full_name_frn": customer.name, "nationality1": nationality, "occupation": customer.occupation,
            "birthdate": f"{customer.born_on.isoformat()}T00:00:00" if customer.born_on else "",
        }  # fmt: skip
        if customer.document.kind in _PASSPORTS:
            return tree | {"passport_number": customer.document.number, "passport_country": nationality}
        return tree | {"id_number": customer.document.number}

    def _entity(self, customer: Customer, path: str) -> Tree:
        if customer.latin is None:
            self.look.wrong(f"{path}: customer.latin", "is missing", "goAML asks for a name in Latin letters")
        return {
            "name": customer.latin.last if customer.latin else "", "incorporation_number": customer.document.number,
            "business": customer.occupation, "incorporation_country_code": self._nationality(customer, path),
            "comments": customer.name,
        }  # fmt: skip

    def _nationality(self, customer: Customer, path: str) -> str:
        return self._country(customer.nationalities[0], path) if customer.nationalities else ""

    def _country(self, country: str, path: str) -> str:
        found = self.unit.countries.get(country, "")
        if country and not found:
            what = "a country of it has no code of the unit's"
            self.look.wrong(path, what, f'give it under countries in the unit\'s file: {country} = "…"')
        return found

    def _local(self, each: Transaction, path: str) -> str:
        local = self.unit.currency_local
        equivalents = {"CNY": each.cny_minor, "USD": each.usd_minor} | {each.currency: each.amount_minor}
        amount = equivalents.get(local)
        if amount is None:
            self.look.wrong(f"{path}.{local.lower()}", "is missing", "give the equivalent in the local currency")
            return "0"
        return format_minor(amount, local)


def _latin_whole(latin: Latin | None) -> str:
    return " ".join(filter(None, (latin.first, latin.last))) if latin is not None else ""


def _date(at_us: int) -> str:
    at = _EPOCH + timedelta(seconds=at_us // 1_000_000)
    return at.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M:%S")


def check_unit(unit: Unit) -> list[Problem]:
    """What is wrong with the codes of a unit."""
    found = []
    if unit.currency_local not in EXPONENTS:
        found.append(Problem("goaml", "currency_local", "is unknown", "give an ISO 4217 code"))
    if not unit.indicators:
        found.append(Problem("goaml", "indicators", "is empty", "name one at least, of the unit's list"))
    return found
