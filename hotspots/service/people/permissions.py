"""Who may do what, in one place: every page and every address of the API asks here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, and_, exists, not_, or_, true

from hotspots.errors import HotspotsError
from hotspots.house import Audience
from hotspots.products.summary import PRODUCTS
from hotspots.service.state import Account, Product, ProductFile, ProductWard, Role, Tier

Action = Literal["read", "run", "upload", "see data quality", "manage accounts", "read audit", "see metrics"]

_ROLES: tuple[Role, ...] = ("viewer", "analyst", "admin")
"""Each may do what those before it may."""
NEEDED: Mapping[Action, Role] = {
    "read": "viewer",
    "run": "analyst",
    "upload": "analyst",
    "see data quality": "analyst",
    "manage accounts": "admin",
    "read audit": "admin",
    "see metrics": "admin",
}
"""The least role that an action takes."""
_AUDIENCES: Mapping[Tier, tuple[Audience, ...]] = {
    "tasking": ("tasking", "partner", "public"),
    "partner": ("partner", "public"),
}
_ROWS, _ZIP = PRODUCTS["rejected"], ".zip"
"""Refused rows are of all that was read, beside the map of one ward too; and a zip of a pack holds them."""


class NotAllowedError(HotspotsError):
    """Somebody who has signed in asks for what is not theirs to do."""


class NotSignedInError(HotspotsError):
    """Nobody has signed in, or not any more."""


class TooManyAttemptsError(HotspotsError):
    """Somebody asks too often, or has typed too many wrong passwords.

    Attributes:
        retry_after_s: After so many seconds they may again.
    """

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who has signed in, as they are at this moment.

    Attributes:
        account_id: Of the account.
        name: As it is typed to sign in.
        full_name: As it is shown.
        role: What they may do.
        tier: Of which audience they are.
        ward_codes: The wards of their team; empty for all.
        must_change_password: Whether they may do nothing before they have a password of their own.
    """

    account_id: str
    name: str
    full_name: str
    role: Role
    tier: Tier
    ward_codes: tuple[str, ...] = ()
    must_change_password: bool = False

    def may(self, action: Action) -> bool:
        """Whether they may."""
        return _ROLES.index(self.role) >= _ROLES.index(NEEDED[action])

    def require(self, action: Action) -> None:
        """Refuse what they may not do.

        Raises:
            NotAllowedError: They may not.
        """
        if not self.may(action):
            raise NotAllowedError(
                f"This takes the role {NEEDED[action]}, and your account has the role {self.role}. Ask whoever gives "
                "accounts here."
            )


def describe(account: Account) -> Person:
    """The person of an account."""
    return Person(
        account_id=account.id,
        name=account.name,
        full_name=account.full_name,
        role=account.role,
        tier=account.tier,
        ward_codes=tuple(account.ward_codes),
        must_change_password=account.must_change_password,
    )


def select_visible(person: Person) -> ColumnElement[bool]:
    """The condition on `Product` that leaves those which somebody may open, and no others.

    A team of wards sees products of its wards alone: what is of more wards, or of all, is not for it.
    """
    of_tier = Product.audience.in_(_AUDIENCES[person.tier])
    if not person.ward_codes:
        return and_(of_tier, true())
    elsewhere = exists().where(ProductWard.product_id == Product.id, ProductWard.ward_code.not_in(person.ward_codes))
    has_wards = exists().where(ProductWard.product_id == Product.id)
    of_wards = and_(Product.is_whole_area.is_(False), has_wards, ~elsewhere)
    return and_(of_tier, or_(of_wards, Product.audience == "public"))


def select_files(person: Person) -> ColumnElement[bool]:
    """The condition on `ProductFile` that leaves those files of a product for somebody which they may open.

    A product is of the wards that it says, but for the rows that were refused: these are of all wards.
    """
    if not person.ward_codes:
        return true()
    of_rows = (ProductFile.path == _ROWS, ProductFile.path.endswith(f"/{_ROWS}", autoescape=True))
    return not_(or_(*of_rows, ProductFile.path.endswith(_ZIP, autoescape=True)))
