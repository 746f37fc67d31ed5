"""Accounts of staff on a running platform: made, given other roles, begun anew. Each by two people, since each gives
somebody rights.
"""

import msgspec

from jindi.access import ROLES, Principal, Role, StaffAccount, folded, normal_login, parse_roles, person_name
from jindi.access.roles import TITLES
from jindi.run.approvals.operations import AtOnce, Collected, Delivery, Line, Unfit
from jindi.run.people import House, roles_changed


class InviteStaff(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is to get an account, under which login, in which roles."""

    login: str
    name: str
    roles: list[str]


class ChangeRoles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which roles, and no others, an account is to have."""

    account: str
    roles: list[str]


class ResetStaff(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose password and factors are to end."""

    account: str


class Invite(Collected[InviteStaff, InviteStaff]):
    """Make an account. Its one-time link is shown to whoever asked for it, once."""

    what, asked, kept = "staff.invite", InviteStaff, InviteStaff

    def __init__(self, house: House) -> None:
        self._house = house

    async def prepare(self, asked: InviteStaff) -> InviteStaff:
        """The same with a normal login and a plain name that nobody has."""
        try:
            login, name = normal_login(asked.login), person_name(asked.name)
        except ValueError as error:
            raise Unfit("登录名或姓名有误", str(error)) from None
        roles = _roles(asked.roles)
        if any(each.login == login or folded(each.name) == folded(name) for each in self._house.staff.all()):
            raise Unfit("已有同名或同登录名的账户", "there is an account with this login or name")
        return InviteStaff(login, name, roles)

    async def base(self, kept: InviteStaff) -> object:
        """Whoever has this login or name by now."""
        return sorted(
            each.id
            for each in self._house.staff.all()
            if each.login == kept.login or folded(each.name) == folded(kept.name)
        )

    async def deliver(self, kept: InviteStaff, who: Principal, now_us: int) -> Delivery:  # noqa: ARG002 - whoever asked
        """The link."""
        token, account = self._house.staff.invite(kept.login, kept.name, parse_roles(kept.roles), now_us)
        return Delivery({"id": account.id, "link": _link(self._house, token)})

    def on(self, kept: InviteStaff) -> str:
        """As the audit has it since there are accounts."""
        return f"{kept.login} [{', '.join(kept.roles)}]"

    def lines(self, kept: InviteStaff) -> tuple[Line, ...]:
        """Login, name and roles."""
        return (Line("登录名", "Login", kept.login), Line("姓名", "Name", kept.name), _role_line(kept.roles))


class Grant(AtOnce[ChangeRoles, ChangeRoles]):
    """Give somebody other roles; his sessions end."""

    what, asked, kept = "staff.roles", ChangeRoles, ChangeRoles

    def __init__(self, house: House) -> None:
        self._house = house

    async def prepare(self, asked: ChangeRoles) -> ChangeRoles:
        """The same, of an account that is there and has other roles."""
        account, roles = _one(self._house, asked.account), _roles(asked.roles)
        if sorted(account.roles) == roles:
            raise Unfit("该账户已经是这些角色", "this account has these roles already")
        return ChangeRoles(account.id, roles)

    async def base(self, kept: ChangeRoles) -> object:
        """The account as it stands."""
        return _mark(self._house.staff.get(kept.account))

    async def is_done(self, kept: ChangeRoles) -> bool:
        """Whether it has these roles."""
        account = self._house.staff.get(kept.account)
        return account is not None and sorted(account.roles) == kept.roles

    async def apply(self, kept: ChangeRoles, now_us: int) -> None:  # noqa: ARG002 - from now on
        """Give them."""
        self._house.grant(kept.account, parse_roles(kept.roles))

    def is_of(self, kept: ChangeRoles, who: Principal) -> bool:
        """Whether they are his own roles."""
        return who.right == kept.account

    def on(self, kept: ChangeRoles) -> str:
        """The person and the roles."""
        account = self._house.staff.get(kept.account)
        assert account is not None, "an account is never forgotten"
        return roles_changed(account, kept.roles)

    def lines(self, kept: ChangeRoles) -> tuple[Line, ...]:
        """The person, the roles that he has, and those that he will have."""
        account = self._house.staff.get(kept.account)
        has = sorted(account.roles) if account is not None else []
        return (
            Line("员工", "Person", f"{_name(self._house, kept.account)} ({kept.account})"),
            _line("现有角色", "Roles now", has),
            _role_line(kept.roles),
        )


class Reset(Collected[ResetStaff, ResetStaff]):
    """Begin an account anew. Its one-time link is shown to whoever asked for it, once."""

    what, asked, kept = "staff.reset", ResetStaff, ResetStaff

    def __init__(self, house: House) -> None:
        self._house = house

    async def prepare(self, asked: ResetStaff) -> ResetStaff:
        """The same, of an account that is there."""
        return ResetStaff(_one(self._house, asked.account).id)

    async def base(self, kept: ResetStaff) -> object:
        """The account as it stands."""
        return _mark(self._house.staff.get(kept.account))

    async def deliver(self, kept: ResetStaff, who: Principal, now_us: int) -> Delivery:  # noqa: ARG002 - whoever asked
        """The link; from now on nothing that the owner had opens anything."""
        token, account = self._house.reset(kept.account, now_us)
        return Delivery({"id": account.id, "link": _link(self._house, token)})

    def is_of(self, kept: ResetStaff, who: Principal) -> bool:
        """Whether it is his own account."""
        return who.right == kept.account

    def on(self, kept: ResetStaff) -> str:
        """The account."""
        return kept.account

    def lines(self, kept: ResetStaff) -> tuple[Line, ...]:
        """The person."""
        account = self._house.staff.get(kept.account)
        return (
            Line("员工", "Person", f"{_name(self._house, kept.account)} ({kept.account})"),
            _line("角色", "Roles", sorted(account.roles) if account is not None else []),
        )


def _one(house: House, account: str) -> StaffAccount:
    found = house.staff.get(account)
    if found is None or found.state == "disabled":
        raise Unfit("没有此账户，或已停用", "there is no such account, or it is disabled")
    return found


def _name(house: House, account: str) -> str:
    found = house.staff.get(account)
    return account if found is None else found.name


def _roles(texts: list[str]) -> list[str]:
    try:
        return sorted(parse_roles(texts))
    except ValueError as error:
        raise Unfit(f"角色有误或不能兼任；可用：{', '.join(ROLES)}", str(error)[:400]) from None


def _line(zh: str, en: str, roles: list[str] | list[Role]) -> Line:
    titles = [TITLES[Role(role)] for role in roles]
    text = ", ".join(" ".join(each) for each in titles) or "–"
    return Line(zh, en, text, ("、".join(each[0] for each in titles) or "–", ", ".join(e[1] for e in titles) or "–"))


def _role_line(roles: list[str]) -> Line:
    return _line("将有角色", "Roles then", roles)


def _mark(account: StaffAccount | None) -> object:
    return None if account is None else [account.id, account.epoch, str(account.state), sorted(account.roles)]


def _link(house: House, token: str) -> str:
    return f"{'' if house.site is None else house.site.origins[0]}/invitation/{token}"
