"""What "robbery", "knife crime" or "ASB" mean in each source, as data.

Two tables: `CATEGORIES` names the crimes that can be asked for, and `OFFENCES` says which category, and which
part of it, each wording in a source belongs to. Categories follow the police.uk crime types, which is the
coarsest division that every source can be brought to.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from hotspots.errors import NotFoundError

UNRECOGNISED = "unrecognised"
"""Category of a row whose offence text is in no table: kept, counted, never analysed."""

KNIFE_CRIME = "knife-crime"
"""Not a category of its own: any offence that the source has flagged as involving a knife."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crime:
    """A crime that can be asked for.

    Attributes:
        slug: The word on the command line and in folder names.
        label: The heading on a product.
        plural: The incidents in the middle of a sentence ("412 robberies").
    """

    slug: str
    label: str
    plural: str


def _table(*rows: tuple[str, str, str]) -> dict[str, Crime]:
    return {slug: Crime(slug=slug, label=label, plural=plural) for slug, label, plural in rows}


CATEGORIES = _table(
    ("asb", "Antisocial behaviour", "antisocial behaviour incidents"),
    ("bicycle-theft", "Bicycle theft", "bicycle thefts"),
    ("burglary", "Burglary", "burglaries"),
    ("criminal-damage-and-arson", "Criminal damage and arson", "criminal damage and arson offences"),
    ("drugs", "Drugs", "drug offences"),
    ("other-crime", "Other crime", "other crimes"),
    ("other-theft", "Other theft", "other thefts"),
    ("possession-of-weapons", "Possession of weapons", "possession of weapons offences"),
    ("public-disorder-and-weapons", "Public disorder and weapons", "public disorder and weapons offences"),
    ("public-order", "Public order", "public order offences"),
    ("robbery", "Robbery", "robberies"),
    ("shoplifting", "Shoplifting", "shoplifting offences"),
    ("theft-from-the-person", "Theft from the person", "thefts from the person"),
    ("vehicle-crime", "Vehicle crime", "vehicle crimes"),
    ("violence", "Violence and sexual offences", "violent and sexual offences"),
    ("violent-crime", "Violent crime", "violent crimes"),
)

SUBCATEGORIES = _table(
    ("asb-begging", "Begging", "begging incidents"),
    ("asb-noise", "Noise", "noise incidents"),
    ("asb-rowdy", "Rowdy or inconsiderate behaviour", "rowdy or inconsiderate behaviour incidents"),
    ("asb-street-drinking", "Street drinking", "street drinking incidents"),
    ("asb-vehicle-nuisance", "Vehicle nuisance", "vehicle nuisance incidents"),
    ("business-robbery", "Business robbery", "business robberies"),
    ("personal-robbery", "Personal robbery", "personal robberies"),
)

_KNIFE = Crime(slug=KNIFE_CRIME, label="Knife crime", plural="knife crimes")

OFFENCES: dict[str, tuple[str, str | None]] = {
    # police.uk crime types, including the three that were split up in 2013
    "anti-social behaviour": ("asb", None),
    "bicycle theft": ("bicycle-theft", None),
    "burglary": ("burglary", None),
    "criminal damage and arson": ("criminal-damage-and-arson", None),
    "drugs": ("drugs", None),
    "other crime": ("other-crime", None),
    "other theft": ("other-theft", None),
    "possession of weapons": ("possession-of-weapons", None),
    "public disorder and weapons": ("public-disorder-and-weapons", None),
    "public order": ("public-order", None),
    "robbery": ("robbery", None),
    "shoplifting": ("shoplifting", None),
    "theft from the person": ("theft-from-the-person", None),
    "vehicle crime": ("vehicle-crime", None),
    "violence and sexual offences": ("violence", None),
    "violent crime": ("violent-crime", None),
    # wordings of police extracts to councils
    "antisocial behaviour": ("asb", None),
    "asb - begging": ("asb", "asb-begging"),
    "asb - noise": ("asb", "asb-noise"),
    "asb - rowdy or inconsiderate behaviour": ("asb", "asb-rowdy"),
    "asb - street drinking": ("asb", "asb-street-drinking"),
    "asb - vehicle nuisance": ("asb", "asb-vehicle-nuisance"),
    "assault with injury": ("violence", None),
    "business robbery": ("robbery", "business-robbery"),
    "personal robbery": ("robbery", "personal-robbery"),
    "serious wounding": ("violence", None),
    "threats to kill": ("violence", None),
}


def classify_offences(offences: pd.Series) -> pd.DataFrame:
    """Give each offence text its category and subcategory.

    Args:
        offences: Offence texts as the source has them; case and surrounding space do not matter.

    Returns:
        `category` (`UNRECOGNISED` where no table holds the text) and `subcategory` (missing where the text
        says no more than the category), both categorical, on the index of `offences`.
    """
    codes, texts = pd.factorize(offences)
    found = [OFFENCES.get(str(text).strip().casefold(), (UNRECOGNISED, None)) for text in texts]
    found.append((UNRECOGNISED, None))  # code -1, a missing text, reads the last entry
    category = pd.Series([category for category, _ in found], dtype="category").iloc[codes]
    subcategory = pd.Series([subcategory for _, subcategory in found], dtype="object").astype("category")
    return pd.DataFrame(
        {"category": category.array, "subcategory": subcategory.iloc[codes].array}, index=offences.index
    )


def list_crimes(incidents: pd.DataFrame) -> list[Crime]:
    """The crimes that can be asked of these incidents, sorted by slug."""
    present = set(incidents["category"].unique()) | set(incidents["subcategory"].dropna().unique())
    crimes = [crime for slug, crime in (CATEGORIES | SUBCATEGORIES).items() if slug in present]
    if incidents["is_knife"].fillna(False).any():
        crimes.append(_KNIFE)
    return sorted(crimes, key=lambda crime: crime.slug)


def find_crime(slug: str, *, among: Iterable[Crime], knife_is_flagged: bool = True) -> Crime:
    """The crime of that name.

    Raises:
        NotFoundError: No such crime is among those that the sources hold; the message lists them.
    """
    crimes = list(among)
    for crime in crimes:
        if crime.slug == slug:
            return crime
    known = ", ".join(crime.slug for crime in crimes)
    if slug == KNIFE_CRIME and not knife_is_flagged:
        raise NotFoundError(
            "Knife crime needs a source that flags knives, and none of these does: "
            '"Possession of weapons" is not knife crime. '
            f"Add the force's extract with a knife flag to --incidents, or ask for one of: {known}."
        )
    raise NotFoundError(f'No crime called "{slug}" in these incidents. Ask for one of: {known}.')


def select_crime(incidents: pd.DataFrame, crime: Crime) -> pd.Series:
    """Which incidents are of that crime: booleans on the index of `incidents`.

    Knife crime is every incident that its source has flagged; an incident whose source does not say is not
    knife crime, and is counted with the other crimes.
    """
    if crime.slug == KNIFE_CRIME:
        return incidents["is_knife"].fillna(False).astype(bool)
    column = "subcategory" if crime.slug in SUBCATEGORIES else "category"
    return (incidents[column] == crime.slug).fillna(False).astype(bool)
