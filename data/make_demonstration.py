"""Make the demonstration data: schematic wards, synthetic incidents, safe havens and term dates.

    python data/make_demonstration.py [--out DIR]

Nothing here is a record of a real event. The yearly totals, peak hours and busiest wards follow what the two
boroughs' partnerships have published; all else, the shares of the hot spots among it, is invented or drawn at
random. What was planted, down to the number of dirty rows, is written to ``truth.json``, so that a method can
be judged by whether it finds it.

The file reads from the top: tables of facts, then small functions, then ``make_all``.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import itertools
import json
import math
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely
from convertbng.cutil import convert_lonlat

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Point = tuple[int, int]

# --- Places -----------------------------------------------------------------------------------------------
# All positions are National Grid metres, rounded to 100 m and written here in hundreds of metres.

# The border that the two boroughs share, from the Thames southwards, and the rest of each outline.
BORDER: tuple[Point, ...] = (
    (5369, 1790), (5362, 1789), (5360, 1786), (5357, 1787), (5352, 1783), (5354, 1763), (5359, 1756),
    (5358, 1749), (5362, 1747), (5359, 1741), (5353, 1740), (5351, 1742), (5348, 1739), (5346, 1731),
    (5347, 1727), (5345, 1723), (5340, 1720), (5340, 1714),
)  # fmt: skip
OUTLINES: dict[str, tuple[Point, ...]] = {
    "Lewisham": (
        (5359, 1711), (5370, 1715), (5384, 1702), (5409, 1719), (5417, 1712), (5419, 1715), (5417, 1725),
        (5409, 1727), (5411, 1734), (5406, 1735), (5406, 1741), (5401, 1743), (5404, 1745), (5397, 1753),
        (5397, 1760), (5403, 1769), (5380, 1767), (5380, 1762), (5374, 1770), (5378, 1776), (5371, 1777),
        (5373, 1783),
    ),
    "Southwark": (
        (5337, 1708), (5334, 1711), (5325, 1736), (5321, 1741), (5320, 1745), (5326, 1753), (5328, 1759),
        (5325, 1765), (5323, 1763), (5320, 1770), (5315, 1774), (5318, 1775), (5314, 1780), (5318, 1787),
        (5312, 1792), (5316, 1798), (5313, 1807), (5332, 1804), (5347, 1799), (5358, 1806), (5363, 1807),
        (5368, 1803),
    ),
}  # fmt: skip


class Ward(NamedTuple):
    """A ward of 2014: a few points that are in it, how busy its back streets are, and their names."""

    code: str
    name: str
    points: tuple[Point, ...]
    busy: float
    streets: tuple[str, ...]


WARDS: dict[str, tuple[Ward, ...]] = {
    "Lewisham": (
        Ward("E05000437", "Bellingham", ((5372, 1727), (5381, 1709), (5367, 1719), (5373, 1717)), 1.1,
             ("Bromley Road", "Southend Lane", "Randlesdown Road", "Beckenham Hill Road")),
        Ward("E05000438", "Blackheath", ((5396, 1764), (5386, 1761), (5394, 1755)), 0.7,
             ("Lee High Road", "Lewisham Road", "Granville Park", "Montpelier Vale")),
        Ward("E05000439", "Brockley", ((5369, 1767), (5368, 1760), (5371, 1765)), 1.1,
             ("Lewisham Way", "Wickham Road", "Manor Avenue", "Breakspears Road")),
        Ward("E05000440", "Catford South", ((5390, 1733), (5383, 1727), (5380, 1730)), 0.8,
             ("Verdant Lane", "Brownhill Road", "Sangley Road", "Hazelbank Road")),
        Ward("E05000441", "Crofton Park", ((5366, 1744), (5361, 1736), (5363, 1738)), 0.7,
             ("Brockley Road", "Honor Oak Park", "Stondon Park", "Ewhurst Road")),
        Ward("E05000442", "Downham", ((5399, 1718), (5385, 1713), (5390, 1710)), 1.2,
             ("Downham Way", "Bromley Road", "Moorside Road", "Capstone Road")),
        Ward("E05000443", "Evelyn", ((5361, 1783), (5370, 1777), (5367, 1785)), 1.4,
             ("Evelyn Street", "Grove Street", "Trundleys Road", "Grinstead Road")),
        Ward("E05000444", "Forest Hill", ((5354, 1740), (5349, 1722), (5350, 1731)), 0.8,
             ("Dartmouth Road", "London Road", "Honor Oak Road", "Sydenham Rise")),
        Ward("E05000445", "Grove Park", ((5401, 1734), (5405, 1730), (5413, 1718)), 0.8,
             ("Baring Road", "Burnt Ash Hill", "Marvels Lane", "Chinbrook Road")),
        Ward("E05000446", "Ladywell", ((5376, 1756), (5373, 1748), (5371, 1751)), 0.8,
             ("Ladywell Road", "Adelaide Avenue", "Algernon Road", "Vicars Hill")),
        Ward("E05000447", "Lee Green", ((5393, 1748), (5393, 1743), (5398, 1742)), 0.7,
             ("Burnt Ash Road", "Eltham Road", "Taunton Road", "Manor Lane")),
        Ward("E05000448", "Lewisham Central", ((5381, 1757), (5380, 1746), (5390, 1741)), 1.6,
             ("Lewisham High Street", "Hither Green Lane", "Courthill Road", "Molesworth Street")),
        Ward("E05000449", "New Cross", ((5356, 1778), (5370, 1773), (5360, 1773)), 1.5,
             ("New Cross Road", "Amersham Vale", "Clifton Rise", "Childeric Road")),
        Ward("E05000450", "Perry Vale", ((5363, 1729), (5359, 1722), (5359, 1729)), 0.8,
             ("Perry Vale", "Stanstead Road", "Perry Hill", "Woolstone Road")),
        Ward("E05000451", "Rushey Green", ((5382, 1738), (5372, 1735), (5378, 1741)), 1.4,
             ("Rushey Green", "Catford Road", "Brownhill Road", "Plassy Road")),
        Ward("E05000452", "Sydenham", ((5348, 1717), (5360, 1715), (5351, 1719)), 0.9,
             ("Sydenham Road", "Kirkdale", "Wells Park Road", "Mayow Road")),
        Ward("E05000453", "Telegraph Hill", ((5357, 1766), (5356, 1750), (5360, 1760)), 1.0,
             ("Pepys Road", "Drakefell Road", "Lausanne Road", "Brockley Road")),
        Ward("E05000454", "Whitefoot", ((5396, 1730), (5385, 1719), (5385, 1722), (5398, 1724)), 0.8,
             ("Whitefoot Lane", "Verdant Lane", "Northover", "Waters Road")),
    ),
    "Southwark": (
        Ward("E05000534", "Brunswick Park", ((5333, 1768), (5331, 1771), (5329, 1764)), 1.0,
             ("Southampton Way", "Benhill Road", "Havil Street", "Elmington Road")),
        Ward("E05000535", "Camberwell Green", ((5327, 1772), (5321, 1773), (5324, 1768)), 1.2,
             ("Camberwell Road", "Camberwell New Road", "Medlar Street", "Wyndham Road")),
        Ward("E05000536", "Cathedrals", ((5322, 1801), (5316, 1788), (5317, 1804), (5318, 1797)), 1.8,
             ("Southwark Street", "Union Street", "Blackfriars Road", "Great Suffolk Street")),
        Ward("E05000537", "Chaucer", ((5328, 1793), (5325, 1792), (5327, 1796)), 1.2,
             ("Great Dover Street", "Long Lane", "Trinity Street", "Tabard Street")),
        Ward("E05000538", "College", ((5346, 1736), (5335, 1716), (5333, 1727), (5340, 1728)), 0.5,
             ("College Road", "Alleyn Park", "Sydenham Hill", "Lordship Lane")),
        Ward("E05000539", "East Dulwich", ((5340, 1747), (5337, 1752), (5341, 1743)), 0.7,
             ("Lordship Lane", "Barry Road", "Crystal Palace Road", "North Cross Road")),
        Ward("E05000540", "East Walworth", ((5324, 1787), (5330, 1786), (5337, 1780)), 1.2,
             ("New Kent Road", "Rodney Road", "Old Kent Road", "Flint Street")),
        Ward("E05000541", "Faraday", ((5328, 1783), (5330, 1779), (5327, 1776)), 1.2,
             ("East Street", "Albany Road", "Portland Street", "Beaconsfield Road")),
        Ward("E05000542", "Grange", ((5331, 1798), (5339, 1791), (5334, 1789)), 1.1,
             ("Grange Road", "Bermondsey Street", "Spa Road", "Long Lane")),
        Ward("E05000543", "Livesey", ((5353, 1781), (5347, 1771), (5343, 1775)), 1.1,
             ("Ilderton Road", "Rotherhithe New Road", "Commercial Way", "Friary Road")),
        Ward("E05000544", "Newington", ((5319, 1780), (5320, 1785), (5317, 1777)), 1.1,
             ("Kennington Park Road", "Penton Place", "Manor Place", "Braganza Street")),
        Ward("E05000545", "Nunhead", ((5350, 1768), (5356, 1756), (5357, 1757)), 0.9,
             ("Queens Road", "Evelina Road", "Gibbon Road", "Nunhead Lane")),
        Ward("E05000546", "Peckham", ((5339, 1769), (5336, 1773), (5345, 1771)), 1.2,
             ("Peckham High Street", "Sumner Road", "Commercial Way", "Peckham Hill Street")),
        Ward("E05000547", "Peckham Rye", ((5345, 1752), (5351, 1751), (5348, 1744), (5355, 1744)), 0.6,
             ("Peckham Rye", "Forest Hill Road", "Cheltenham Road", "Colyton Road")),
        Ward("E05000548", "Riverside", ((5342, 1798), (5342, 1795), (5347, 1790), (5334, 1801)), 1.0,
             ("Jamaica Road", "Tooley Street", "Abbey Street", "George Row")),
        Ward("E05000549", "Rotherhithe", ((5356, 1799), (5350, 1791), (5353, 1796), (5353, 1791)), 1.0,
             ("Lower Road", "Southwark Park Road", "Brunel Road", "Albion Street")),
        Ward("E05000550", "South Bermondsey", ((5340, 1784), (5346, 1788), (5340, 1785)), 1.0,
             ("Southwark Park Road", "Lynton Road", "Galleywall Road", "Dunton Road")),
        Ward("E05000551", "South Camberwell", ((5337, 1755), (5331, 1759), (5330, 1751)), 0.8,
             ("Dog Kennel Hill", "Grove Lane", "Bellenden Road", "Camberwell Grove")),
        Ward("E05000552", "Surrey Docks", ((5359, 1802), (5363, 1792), (5366, 1800), (5362, 1794)), 0.8,
             ("Salter Road", "Redriff Road", "Rotherhithe Street", "Timber Pond Road")),
        Ward("E05000553", "The Lane", ((5339, 1766), (5343, 1758), (5341, 1759)), 1.2,
             ("Choumert Road", "Copeland Road", "Consort Road", "Nunhead Lane")),
        Ward("E05000554", "Village", ((5324, 1749), (5331, 1736), (5336, 1738), (5334, 1747)), 0.5,
             ("Half Moon Lane", "Dulwich Village", "Herne Hill", "Red Post Hill")),
    ),
}  # fmt: skip


EVERY_WARD = [(borough, ward) for borough, wards in WARDS.items() for ward in wards]
BOROUGH_OF = {ward.name: borough for borough, ward in EVERY_WARD}


class HotSpot(NamedTuple):
    """A planted cluster: where, how wide (metres), and its share (%) of the borough's crime of each kind."""

    name: str
    ward: str
    centre: Point
    sigma: int
    shares: tuple[int, int, int, int, int]  # in the order of KINDS
    places: tuple[tuple[str, str], ...]  # text and type of the locations there
    havens: bool = True  # False: no safe haven within 450 m, on purpose


KINDS = ("robbery", "knife", "rowdy", "drinking", "begging")
HUB, STREET, SHOP, PARK = "Transport hub", "Street", "Shop", "Park"
SCHOOL, LICENSED, ESTATE = "School", "Licensed premises", "Estate"
HOT_SPOTS: tuple[HotSpot, ...] = (
    HotSpot("London Bridge and Borough Market", "Cathedrals", (5326, 1802), 55, (9, 4, 10, 20, 72),
            (("London Bridge station", HUB), ("Borough High Street", STREET), ("Borough Market", SHOP),
             ("Guy's Hospital, St Thomas Street", STREET))),
    HotSpot("Elephant and Castle", "East Walworth", (5322, 1789), 45, (10, 9, 7, 4, 6),
            (("Elephant & Castle station", HUB), ("Walworth Road", STREET), ("Newington Butts", STREET))),
    HotSpot("Borough station", "Chaucer", (5325, 1796), 40, (4, 3, 3, 2, 4),
            (("Borough station", HUB), ("Great Dover Street", STREET), ("Marshalsea Road", STREET))),
    HotSpot("Tower Bridge Road", "Grange", (5332, 1796), 40, (3, 2, 2, 18, 0),
            (("Tower Bridge Road", STREET), ("Bermondsey Street", LICENSED))),
    HotSpot("Bermondsey station", "Riverside", (5346, 1793), 40, (3, 3, 2, 2, 0),
            (("Bermondsey station", HUB), ("Jamaica Road", STREET))),
    HotSpot("Canada Water", "Rotherhithe", (5354, 1795), 50, (5, 3, 3, 2, 1),
            (("Canada Water station", HUB), ("Deal Porters Way", STREET), ("Surrey Quays Road", SHOP))),
    HotSpot("Surrey Quays", "Rotherhithe", (5355, 1789), 45, (4, 3, 2, 2, 0),
            (("Surrey Quays station", HUB), ("Lower Road", STREET), ("Redriff Road", SHOP))),
    HotSpot("Old Kent Road retail park", "Livesey", (5345, 1776), 60, (5, 5, 2, 1, 0),
            (("Old Kent Road", STREET), ("Old Kent Road retail park", SHOP)), havens=False),
    HotSpot("Walworth Road and East Street", "East Walworth", (5325, 1785), 35, (6, 10, 4, 1, 1),
            (("Walworth Road", STREET), ("East Street market", SHOP))),
    HotSpot("Thurlow Street", "Faraday", (5329, 1780), 45, (2, 15, 2, 1, 0),
            (("Thurlow Street", STREET), ("Aylesbury Estate", ESTATE))),
    HotSpot("Camberwell Green", "Camberwell Green", (5325, 1767), 45, (6, 4, 4, 24, 2),
            (("Camberwell Green bus stops", HUB), ("Camberwell Church Street", LICENSED),
             ("Camberwell Green", PARK), ("Denmark Hill", STREET))),
    HotSpot("Denmark Hill station", "Brunswick Park", (5328, 1762), 35, (3, 2, 1, 1, 0),
            (("Denmark Hill station", HUB), ("Champion Park", STREET))),
    HotSpot("Peckham Rye station and Rye Lane", "The Lane", (5339, 1763), 60, (9, 10, 8, 20, 3),
            (("Peckham Rye station", HUB), ("Rye Lane", STREET), ("Rye Lane", SHOP),
             ("Blenheim Grove", LICENSED))),
    HotSpot("Lewisham town centre", "Lewisham Central", (5380, 1757), 65, (16, 16, 10, 20, 45),
            (("Lewisham station", HUB), ("Lewisham High Street", STREET),
             ("Lewisham shopping centre", SHOP))),
    HotSpot("Catford Broadway", "Rushey Green", (5374, 1737), 50, (12, 12, 9, 15, 15),
            (("Catford Bridge station", HUB), ("Catford Broadway", STREET), ("Rushey Green", SHOP))),
    HotSpot("New Cross Gate", "New Cross", (5360, 1771), 45, (9, 9, 4, 4, 5),
            (("New Cross Gate station", HUB), ("New Cross Road", STREET))),
    HotSpot("Deptford High Street", "New Cross", (5371, 1774), 50, (9, 9, 8, 35, 10),
            (("Deptford station", HUB), ("Deptford High Street", STREET),
             ("Café Demain, Deptford High Street", SHOP))),
    HotSpot("Brockley Cross", "Brockley", (5365, 1759), 40, (5, 4, 2, 2, 0),
            (("Brockley station", HUB), ("Brockley Cross", STREET)), havens=False),
    HotSpot("Forest Hill station", "Forest Hill", (5352, 1729), 40, (7, 5, 4, 3, 5),
            (("Forest Hill station", HUB), ("Dartmouth Road", STREET), ("London Road", SHOP)), havens=False),
    HotSpot("Sydenham Road", "Sydenham", (5353, 1717), 40, (5, 4, 4, 3, 2),
            (("Sydenham station", HUB), ("Sydenham Road", STREET))),
)  # fmt: skip
HOT_SPOT_ADDRESSES = 50
WARD_ADDRESSES = 100
BACK_STREET_TYPES = {STREET: 62, ESTATE: 13, SHOP: 8, PARK: 6, SCHOOL: 5, LICENSED: 5, HUB: 1}

# --- Times ------------------------------------------------------------------------------------------------

YEARS = {"2024-25": ("2024-10-01", "2025-09-30"), "2025-26": ("2025-10-01", "2026-09-30")}
SUMMER = (6, 7, 8)
CLOCKS_FORWARD = ("2025-03-30", "2026-03-29")  # 01:00 to 01:59 does not exist on these days
EVERY_DAY, WEEKDAYS, WEEKEND = range(7), range(5), range(5, 7)
SCHOOL_LIFT = 1.8
# First and last days of the stretches of term. In the pattern of the two boroughs' schools, not their published dates.
TERMS = (
    ("Autumn term 2024, first half", "2024-09-03", "2024-10-25"),
    ("Autumn term 2024, second half", "2024-11-04", "2024-12-20"),
    ("Spring term 2025, first half", "2025-01-06", "2025-02-14"),
    ("Spring term 2025, second half", "2025-02-24", "2025-04-04"),
    ("Summer term 2025, first half", "2025-04-22", "2025-05-23"),
    ("Summer term 2025, second half", "2025-06-02", "2025-07-22"),
    ("Autumn term 2025, first half", "2025-09-02", "2025-10-24"),
    ("Autumn term 2025, second half", "2025-11-03", "2025-12-19"),
    ("Spring term 2026, first half", "2026-01-05", "2026-02-13"),
    ("Spring term 2026, second half", "2026-02-23", "2026-03-27"),
    ("Summer term 2026, first half", "2026-04-13", "2026-05-22"),
    ("Summer term 2026, second half", "2026-06-01", "2026-07-21"),
    ("Autumn term 2026, first half", "2026-09-02", "2026-10-23"),
)
BANK_HOLIDAYS = (  # of England, October 2024 to September 2026
    "2024-12-25", "2024-12-26", "2025-01-01", "2025-04-18", "2025-04-21", "2025-05-05", "2025-05-26", "2025-08-25",
    "2025-12-25", "2025-12-26", "2026-01-01", "2026-04-03", "2026-04-06", "2026-05-04", "2026-05-25", "2026-08-31",
)  # fmt: skip


class Window(NamedTuple):
    """Hours of some days of the week at a stated rate; an ordinary hour is about 1."""

    days: range
    hours: range
    rate: float


class Rhythm(NamedTuple):
    """A week in summer, a week in the rest of the year, and how many times busier summer is.

    ``school`` is how many times busier the hours after school are on school days than on other weekdays.
    """

    summer: tuple[Window, ...]
    rest: tuple[Window, ...]
    lift: float
    school: float = 1.0


ORDINARY_DAY = (
    0.7, 0.6, 0.5, 0.4, 0.3, 0.3, 0.4, 0.6, 0.8, 0.7, 0.7, 0.8,
    1.0, 1.0, 1.0, 1.1, 1.1, 1.1, 1.0, 1.0, 1.0, 1.0, 1.0, 0.9,
)  # fmt: skip
AFTER_SCHOOL, EVENING = range(15, 18), range(20, 22)
ROBBERY_WEEK = (Window(WEEKDAYS, AFTER_SCHOOL, 9.0), Window(WEEKDAYS, EVENING, 4.6))
KNIFE_ROBBERY_WEEK = (
    Window(WEEKDAYS, range(15, 17), 8.0), Window(WEEKEND, range(15, 17), 6.0), Window(WEEKDAYS, EVENING, 1.6),
)  # fmt: skip
KNIFE_WEEK = (Window(EVERY_DAY, range(15, 17), 9.0),)
BEGGING_WEEK = (Window(EVERY_DAY, range(24), 0.3), Window(WEEKDAYS, range(7, 18), 6.0))
RHYTHMS: dict[str, Rhythm] = {
    # The school holidays take some 5% from the summer. 1.48 leaves 1.4 to robberies with a knife, and 0.91 makes up for
    # these, so that robbery as a whole has no season.
    "robbery": Rhythm(ROBBERY_WEEK, ROBBERY_WEEK, 0.91, SCHOOL_LIFT),
    "knife robbery": Rhythm(KNIFE_ROBBERY_WEEK, KNIFE_ROBBERY_WEEK, 1.48, SCHOOL_LIFT),
    "knife": Rhythm(KNIFE_WEEK, KNIFE_WEEK, 1.4),
    "asb": Rhythm((Window(WEEKEND, range(16, 24), 4.0),), (Window(WEEKEND, range(16, 24), 2.8),), 1.35),
    "begging": Rhythm(BEGGING_WEEK, BEGGING_WEEK, 1.0),
}

# --- Incidents --------------------------------------------------------------------------------------------

ROBBERIES = {"Lewisham": 830, "Southwark": 2580}  # a year
KNIFE_CRIMES = {"Lewisham": 390, "Southwark": 950}  # a year, robberies among them
KNIFE_ROBBERY_SHARE = 0.55
ROBBERY_MIX = {"Personal robbery": 88, "Business robbery": 12}
KNIFE_MIX = {"Assault with injury": 60, "Serious wounding": 14, "Threats to kill": 26}
# Antisocial behaviour: calls a year in each borough, where they are (a column of KINDS, or none) and when.
# How the calls that are not about rowdy behaviour divide is a guess.
ASB: tuple[tuple[str, dict[str, int], str, str], ...] = (
    ("ASB - Rowdy or inconsiderate behaviour", {"Lewisham": 5720, "Southwark": 8190}, "rowdy", "asb"),
    ("ASB - Street drinking", {"Lewisham": 260, "Southwark": 300}, "drinking", "asb"),
    ("ASB - Begging", {"Lewisham": 170, "Southwark": 200}, "begging", "begging"),
    ("ASB - Noise", {"Lewisham": 200, "Southwark": 160}, "", "asb"),
    ("ASB - Vehicle nuisance", {"Lewisham": 150, "Southwark": 150}, "", "asb"),
)
GROUPS = ("robbery", "knife_not_robbery", "asb")
# Rows of each kind of dirt, by group. No row has two kinds.
DIRT: dict[str, tuple[int, int, int]] = {
    "missing_coordinates": (14, 6, 22),
    "zero_coordinates": (3, 2, 4),
    "reversed_dates": (9, 4, 12),
    "midnight_default": (36, 14, 70),
    "outside_study_area": (9, 4, 17),
    "blank_date_from": (2, 1, 4),
    "conflicting_ref": (5, 2, 8),
    "exact_repeat": (16, 6, 38),
}
PEAKS: dict[str, list[tuple[str, int, int]]] = {  # days, first hour, last hour (to its 59th minute)
    "robbery": [("weekdays", 15, 17), ("weekdays", 20, 21)],
    "knife": [("every day", 15, 16)],
    "asb": [("weekends", 16, 23)],
    "asb_summer": [("weekends", 16, 23)],
    "begging": [("weekdays", 7, 17)],
}

# What differs in one ward from the time before it.
WORSE_WARD, WORSE_WEEKS, WORSE_TIMES = "New Cross", 12, 2.2  # robbery in the last weeks
BETTER_WARD, BETTER_TIMES = "Lewisham Central", 0.6  # robbery in the second year
CALMER_WARD, CALMER_TIMES = "Rushey Green", 0.75  # antisocial behaviour in the second year

# Robberies that follow another one: how many of all, how near, how soon, and how many of them at the very place.
FOLLOWING_SHARE, FOLLOWING_M, FOLLOWING_DAYS, SAME_PLACE_SHARE = 0.05, 150, 7, 0.5

# Monthly files of background crime, in the layout of police.uk: records a year over both boroughs.
MONTHLY = {"Burglary": 3900, "Vehicle crime": 5900, "Violence and sexual offences": 12000}
OUTCOMES = {
    "Investigation complete; no suspect identified": 52,
    "Under investigation": 20,
    "Unable to prosecute suspect": 20,
    "Awaiting court outcome": 4,
    "": 4,
}
SNAP_POINTS_PER_WARD = 64
NO_LOCATION_ROWS, REPEATED_MONTHLY_ROWS = 200, 20

# --- Safe havens ------------------------------------------------------------------------------------------

HAVENS_NEAR = {"Lewisham": 4, "Southwark": 3}  # beside each hot spot that is to have some
HAVEN_SIGMA = 110  # metres, around those hot spots
HAVENS = {"Lewisham": 35, "Southwark": 55}  # in all; those left over are anywhere in the borough
HAVEN_GAP = 450  # metres kept clear around a hot spot that is to have none
HAVEN_WORDS = (
    "Alder", "Bramble", "Cedar", "Dunnock", "Elder", "Finch", "Goldcrest", "Hawthorn", "Ivy", "Juniper",
    "Kestrel", "Linnet", "Maple", "Nightjar", "Osier", "Plover", "Quince", "Rowan",
)  # fmt: skip
# Kind: how many, what the name ends in, opening hours (used in turn).
HAVEN_KINDS: dict[str, tuple[int, str, tuple[str, ...]]] = {
    "shop": (18, "Stores", (
        "Mo-Sa 09:00-18:00", "Mo-Sa 08:00-19:00; Su 10:00-16:00", "Mo-Sa 10:00-18:30; PH off",
        "Mo-Fr 09:00-17:30", "Mo-Sa 09:30-18:00; Su 11:00-17:00", "Mo-Su 08:00-22:00")),
    "pharmacy": (18, "Pharmacy", (
        "Mo-Fr 09:00-18:30; Sa 09:00-17:30; PH off", "Mo-Fr 09:00-19:00; Sa 09:00-17:00",
        "Mo-Fr 09:00-13:00,14:00-18:00; Sa 09:00-13:00")),
    "library": (8, "Library", (
        "Mo-Th 09:00-19:00; Fr,Sa 10:00-17:00; Su off", "Mo,We-Sa 10:00-18:00; Tu 12:00-20:00")),
    "leisure centre": (8, "Leisure Centre", ("Mo-Fr 06:30-22:00; Sa,Su 08:00-18:00", "Mo-Su 07:00-19:30")),
    "cafe": (14, "Café", ("Mo-Fr 07:30-17:00; Sa,Su 08:30-16:00", "Mo-Sa 08:00-18:00", "Tu-Su 09:00-17:00")),
    "supermarket": (14, "Supermarket", (
        "Mo-Sa 07:00-20:00; Su 11:00-17:00", "24/7", "Mo-Sa 08:00-20:00; Su 10:00-16:00",
        "Mo-Su 06:00-23:00", "Mo-Sa 07:30-19:30; Su 11:00-17:00")),
    "place of worship": (10, "Chapel", (
        "Mo-Fr 10:00-16:00; Su 09:00-13:00", "Mo-Sa 09:00-17:00; Su 08:00-19:00")),
}  # fmt: skip


# --- Chance -----------------------------------------------------------------------------------------------


def stream(name: str) -> np.random.RandomState:
    """Return the random numbers that belong to a name.

    NumPy promises that the stream of ``RandomState`` will never change, and promises no such thing of its
    newer generators. Every subject has its own stream, so a change to one table leaves the others alone.
    """
    return np.random.RandomState(zlib.crc32(name.encode()))


def pick(rng: np.random.RandomState, weights: Iterable[float], size: int) -> Ints:
    """Draw positions in proportion to weights, with replacement."""
    total = np.cumsum(list(weights))
    found: Ints = np.searchsorted(total, rng.random_sample(size) * total[-1], side="right").astype(np.int64)
    return found


def whole(rng: np.random.RandomState, low: int, high: int, size: int) -> Ints:
    """Draw whole numbers from low to high, both included."""
    return low + np.floor(rng.random_sample(size) * (high - low + 1)).astype(np.int64)


def sample(rng: np.random.RandomState, positions: Ints, size: int) -> Ints:
    """Draw some of the positions, without replacement."""
    return positions[np.argsort(rng.random_sample(len(positions)), kind="stable")[:size]]


# --- School days ------------------------------------------------------------------------------------------


def is_school_day(days: pd.DatetimeIndex) -> npt.NDArray[np.bool_]:
    """Say which days are Mondays to Fridays in term and no bank holidays."""
    in_term = np.zeros(len(days), dtype=np.bool_)
    for _, first, last in TERMS:
        in_term |= (days >= pd.Timestamp(first)) & (days <= pd.Timestamp(last))
    return in_term & (days.day_of_week < 5) & ~days.isin(pd.to_datetime(list(BANK_HOLIDAYS)))


def term_dates_csv() -> str:
    """Write the stretches of term."""
    terms = pd.DataFrame(TERMS, columns=["name", "first_day", "last_day"])
    return terms.assign(data_status="synthetic").to_csv(index=False, lineterminator="\n")


# --- Wards ------------------------------------------------------------------------------------------------


def draw_wards() -> dict[str, shapely.Polygon]:
    """Draw the wards: the ground nearest to a ward's points, within the outline of its borough.

    All the lines are put on one grid of whole metres and cut where they meet before any ward is put together,
    so neighbours have every point of a shared edge in common. Returns National Grid polygons by ward name.
    """
    outlines = {b: shapely.Polygon(np.array(BORDER + rest) * 100) for b, rest in OUTLINES.items()}
    lines = [outline.exterior for outline in outlines.values()]
    for borough, outline in outlines.items():
        points = shapely.MultiPoint(np.array([p for w in WARDS[borough] for p in w.points]) * 100)
        edges = shapely.voronoi_polygons(points, extend_to=outline, only_edges=True)
        lines.append(shapely.intersection(edges, outline))
    cells = shapely.get_parts(shapely.polygonize([shapely.union_all(lines, grid_size=1)]))

    pieces: dict[str, list[shapely.Polygon]] = {ward.name: [] for _, ward in EVERY_WARD}
    for cell in cells:
        inside = shapely.point_on_surface(cell)
        borough = next(b for b, outline in outlines.items() if outline.contains(inside))
        here = (inside.x / 100, inside.y / 100)
        _, nearest = min((math.dist(point, here), w.name) for w in WARDS[borough] for point in w.points)
        pieces[nearest].append(cell)
    wards = {name: shapely.normalize(shapely.coverage_union_all(cells)) for name, cells in pieces.items()}
    assert all(ward.geom_type == "Polygon" for ward in wards.values())
    assert shapely.coverage_is_valid(list(wards.values()))
    return wards


def wards_geojson(shapes: dict[str, shapely.Polygon]) -> str:
    """Write the wards as GeoJSON (RFC 7946), one feature to a line."""
    lines = []
    for borough, ward in EVERY_WARD:
        ring = shapely.get_coordinates(shapely.orient_polygons(shapes[ward.name]))
        lon, lat = convert_lonlat(ring[:, 0], ring[:, 1])
        corners = [[round(float(x), 7), round(float(y), 7)] for x, y in zip(lon, lat, strict=True)]
        properties = {"ward_code": ward.code, "ward_name": ward.name, "borough": borough}
        feature = {
            "type": "Feature",
            "properties": properties | {"data_status": "schematic"},
            "geometry": {"type": "Polygon", "coordinates": [corners]},
        }
        lines.append(json.dumps(feature))
    features = ",\n".join(lines)
    return f'{{"type": "FeatureCollection", "features": [\n{features}\n]}}\n'


def points_in(rng: np.random.RandomState, ward: shapely.Polygon, size: int) -> Ints:
    """Draw points anywhere in a ward, on whole metres and not within 15 m of its edge."""
    inner = ward.buffer(-15)
    west, south, east, north = inner.bounds
    found = np.empty((0, 2), dtype=np.int64)
    while len(found) < size:
        tries = np.floor([west, south] + rng.random_sample((4 * size, 2)) * [east - west, north - south])
        found = np.vstack([found, tries[shapely.contains_xy(inner, tries)].astype(np.int64)])
    return found[:size]


def points_near(rng: np.random.RandomState, ward: shapely.Polygon, spot: HotSpot, sigma: int, size: int) -> Ints:
    """Draw points of a bell-shaped cluster, cut at two and a half sigma and near the edge of the ward."""
    inner = ward.buffer(-15)
    found = np.empty((0, 2), dtype=np.int64)
    while len(found) < size:
        offsets = rng.normal(0.0, sigma, (4 * size, 2))
        tries = np.rint(np.array(spot.centre) * 100 + offsets[np.hypot(*offsets.T) <= 2.5 * sigma])
        found = np.vstack([found, tries[shapely.contains_xy(inner, tries)].astype(np.int64)])
    return found[:size]


# --- Incidents with times: the council's extract ----------------------------------------------------------

PLACE = ["location", "type", "easting", "northing", "spot", "ward", "borough"]
KIND = ["group", "offence", "knife"]  # rows of a kind are spread over the places in the same way


def addresses(shapes: dict[str, shapely.Polygon]) -> pd.DataFrame:
    """List the distinct places where incidents happen: some at each hot spot, the rest in back streets.

    ``part`` is a place's share of its hot spot or back streets: a few places have most of the crime.
    """
    tables = []

    def add(spot: str, ward: str, xy: Ints, texts: Sequence[tuple[str, str]]) -> None:
        rows = pd.DataFrame(texts, columns=["location", "type"])
        rows[["easting", "northing"]] = xy
        part = 1 / np.sqrt(np.arange(1, len(xy) + 1))
        tables.append(rows.assign(spot=spot, ward=ward, borough=BOROUGH_OF[ward], part=part / part.sum()))

    for spot in HOT_SPOTS:
        rng = stream(f"addresses {spot.name}")
        xy = points_near(rng, shapes[spot.ward], spot, spot.sigma, HOT_SPOT_ADDRESSES)
        add(spot.name, spot.ward, xy, [spot.places[i] for i in whole(rng, 0, len(spot.places) - 1, len(xy))])
    for _, ward in EVERY_WARD:
        rng = stream(f"addresses {ward.name}")
        xy = points_in(rng, shapes[ward.name], WARD_ADDRESSES)
        streets = whole(rng, 0, len(ward.streets) - 1, len(xy))
        kinds = pick(rng, BACK_STREET_TYPES.values(), len(xy))
        types = list(BACK_STREET_TYPES)
        add("", ward.name, xy, [(ward.streets[i], types[k]) for i, k in zip(streets, kinds, strict=True)])
    return pd.concat(tables, ignore_index=True)


def place_weights(places: pd.DataFrame, kind: str) -> Floats:
    """Weigh a borough's places by their share of a kind of crime; back streets take what hot spots leave."""
    hot = {s.name: float(s.shares[KINDS.index(kind)]) if kind else 0.0 for s in HOT_SPOTS}
    busy = {ward.name: ward.busy for _, ward in EVERY_WARD}
    left = 100 - sum(hot[spot] for spot in places["spot"].unique() if spot)
    total = sum(busy[ward] for ward in places["ward"].unique())
    share = places["spot"].map(hot).fillna(places["ward"].map(busy) * left / total)
    return (share * places["part"]).to_numpy(dtype=np.float64)


def hour_weights(rhythm: Rhythm, days: pd.DatetimeIndex) -> Floats:
    """Weigh every hour of the days given, so that the average day of summer has ``lift`` times the rest.

    School days then take from the other weekdays what they have more after school: the average week stays as it is.
    """
    weights = np.empty((len(days), 24))
    is_summer = days.month.isin(SUMMER)
    for windows, season, lift in ((rhythm.summer, is_summer, rhythm.lift), (rhythm.rest, ~is_summer, 1.0)):
        week = np.tile(ORDINARY_DAY, (7, 1))
        for window in windows:
            week[window.days.start : window.days.stop, window.hours.start : window.hours.stop] = window.rate
        weights[season] = (lift * week / week.sum())[days.day_of_week[season]]
    is_weekday, is_school = days.day_of_week < 5, is_school_day(days)
    other = is_weekday.sum() / (is_weekday.sum() + (rhythm.school - 1) * is_school.sum())
    after_school = slice(AFTER_SCHOOL.start, AFTER_SCHOOL.stop)
    weights[is_weekday, after_school] *= other
    weights[is_school, after_school] *= rhythm.school
    # No event in the hour that the clocks skip, nor in the hour before it: its end might fall in the gap.
    weights[days.isin(pd.to_datetime(list(CLOCKS_FORWARD))), :2] = 0
    return weights.ravel()


def incidents(
    rng: np.random.RandomState, places: pd.DataFrame, kind: str, rhythm: str, year: str, size: int
) -> pd.DataFrame:
    """Draw the places and the times of one series. Half of the minutes are rounded to five, as people do."""
    days = pd.date_range(*YEARS[year], freq="D")
    hours = pick(rng, hour_weights(RHYTHMS[rhythm], days), size)
    minutes = whole(rng, 0, 59, size)
    minutes = np.where(rng.random_sample(size) < 0.5, minutes // 5 * 5, minutes)
    minutes = np.where((hours % 24 == 0) & (minutes == 0), 5, minutes)  # 00:00 is kept for "time unknown"
    rows = places.iloc[pick(rng, place_weights(places, kind), size)].reset_index(drop=True)
    rows["start"] = days[0] + pd.to_timedelta(hours * 60 + minutes, unit="min")
    longest = 30 if rhythm in ("asb", "begging") else 10
    lasted = pd.Series(pd.to_timedelta(whole(rng, 1, longest, size), unit="min"))
    rows["end"] = (rows["start"] + lasted).where(rng.random_sample(size) < 0.45)
    rows["year"] = year
    return rows


def all_incidents(places: pd.DataFrame) -> pd.DataFrame:
    """Draw every series of every borough and year; the yearly totals are exact."""
    tables = []
    for borough in sorted(WARDS):
        here = places[places["borough"] == borough]
        knives, robberies = KNIFE_CRIMES[borough], ROBBERIES[borough]
        both = round(knives * KNIFE_ROBBERY_SHARE)
        # Offences and their weights, group, knife flag, number a year, where (a column of KINDS) and when.
        series: list[tuple[dict[str, int], str, str, int, str, str]] = [
            (ROBBERY_MIX, "robbery", "N", robberies - both, "robbery", "robbery"),
            (ROBBERY_MIX, "robbery", "Y", both, "knife", "knife robbery"),
            (KNIFE_MIX, "knife_not_robbery", "Y", knives - both, "knife", "knife"),
            *(({text: 1}, "asb", "", calls[borough], kind, rhythm) for text, calls, kind, rhythm in ASB),
        ]
        for (mix, group, knife, size, kind, rhythm), year in itertools.product(series, YEARS):
            rng = stream(f"{borough} {year} {group} {knife} {' '.join(mix)}")
            rows = incidents(rng, here, kind, rhythm, year, size)
            offences = [list(mix)[i] for i in pick(rng, mix.values(), size)]
            tables.append(rows.assign(offence=offences, group=group, knife=knife))
    return pd.concat(tables, ignore_index=True).assign(dirt="")


def plant_near_repeats(rows: pd.DataFrame) -> None:
    """Let some robberies be followed by another of the same year and hot spot, or back streets of the ward.

    The one that follows keeps its weekday and its time of day: it is put on the first such day after the other, at the
    same place or one not far off. So no total of a ward, hot spot or hour of the week changes. The two get a number
    in common, ``pair``; others have -1.
    """
    rng = stream("near repeats")
    rows["pair"] = -1
    skipped = pd.to_datetime(list(CLOCKS_FORWARD))
    robberies = np.flatnonzero(rows["group"] == "robbery")
    patches = rows.iloc[robberies].groupby(["ward", "spot", "year"]).indices
    last = rows["year"].map({year: pd.Timestamp(end) for year, (_, end) in YEARS.items()})
    early = robberies[(rows["start"] < last - pd.Timedelta(FOLLOWING_DAYS, "D")).iloc[robberies]]
    pair = itertools.count()
    for first in sample(rng, early, len(early)):
        if rows["pair"].max() + 1 == round(FOLLOWING_SHARE * len(robberies)):
            break
        there = rows.loc[first]
        patch = robberies[patches[there["ward"], there["spot"], there["year"]]]
        here = rows.loc[patch, ["start", "pair", "easting", "northing"]]
        start = there["start"] + (here["start"] - there["start"]) % pd.Timedelta(7, "D")
        is_soon = start.dt.normalize() - there["start"].normalize() < pd.Timedelta(FOLLOWING_DAYS, "D")
        is_skipped = start.dt.normalize().isin(skipped) & (start.dt.hour < 2)
        found = here.index[(here["pair"] < 0) & is_soon & ~is_skipped & (here.index != first)].to_numpy()
        if there["pair"] >= 0 or not len(found):
            continue
        second = sample(rng, found, 1)[0]
        away = np.hypot(here["easting"] - there["easting"], here["northing"] - there["northing"])
        near = here.index[(away > 0) & (away <= FOLLOWING_M)].to_numpy()
        is_same = rng.random_sample() < SAME_PLACE_SHARE or not len(near)
        rows.loc[second, PLACE] = rows.loc[first if is_same else sample(rng, near, 1)[0], PLACE]
        put_off(rows, np.array([second]), start[[second]])
        rows.loc[[first, second], "pair"] = next(pair)


def put_off(rows: pd.DataFrame, moved: Ints, start: pd.Series) -> None:
    """Give rows other starts; how long they lasted stays."""
    rows.loc[moved, "end"] += start.to_numpy() - rows.loc[moved, "start"]
    rows.loc[moved, "start"] = start.to_numpy()


def resettle(rng: np.random.RandomState, rows: pd.DataFrame, moved: Ints, wards: Iterable[str]) -> None:
    """Give rows the places of others of the same kind that are in some wards."""
    others = rows[rows["ward"].isin(list(wards))].groupby(KIND).indices
    positions = np.flatnonzero(rows["ward"].isin(list(wards)))
    for kind, mine in rows.loc[moved].groupby(KIND).groups.items():
        found = positions[others[kind]]
        chosen = found[whole(rng, 0, len(found) - 1, len(mine))]
        rows.loc[mine, PLACE] = rows.loc[chosen, PLACE].to_numpy()


def change_windows() -> dict[str, tuple[pd.Timestamp, pd.Timestamp]]:
    """Return the first and the last day of the weeks at the end, of those before and of those a year ago."""
    last = pd.Timestamp(YEARS["2025-26"][1])
    length = pd.Timedelta(7 * WORSE_WEEKS - 1, "D")
    ends = {
        "current": last,
        "before": last - pd.Timedelta(7 * WORSE_WEEKS, "D"),
        "last_year": last - pd.Timedelta(364, "D"),
    }
    return {name: (end - length, end) for name, end in ends.items()}


def count_windows(rows: pd.DataFrame) -> dict[str, int]:
    """Count rows in each of those windows."""
    days = rows["start"].dt.normalize()
    return {name: int(days.between(*window).sum()) for name, window in change_windows().items()}


def plant_changes(rows: pd.DataFrame) -> None:
    """Let robbery rise in one ward and fall in another, and antisocial behaviour fall in a third.

    What one ward loses, others of the borough get, so that the yearly totals of the borough stay.
    """
    rng = stream("changes")
    first, second = YEARS
    is_free = (rows["pair"] < 0) & (rows["year"] == second)
    wards = {ward.name for ward in WARDS["Lewisham"]}

    def leave(ward: str, group: str, times: float) -> Ints:
        mine = (rows["ward"] == ward) & (rows["group"] == group)
        n_first, n_second = ((mine & (rows["year"] == year)).sum() for year in (first, second))
        return sample(rng, np.flatnonzero(mine & is_free), n_second - round(times * n_first))

    calmer = leave(CALMER_WARD, "asb", CALMER_TIMES)
    resettle(rng, rows, calmer, wards - {CALMER_WARD})

    leaving = leave(BETTER_WARD, "robbery", BETTER_TIMES)
    counts = count_windows(rows[(rows["ward"] == WORSE_WARD) & (rows["group"] == "robbery")])
    n_more = round(WORSE_TIMES * max(counts["before"], counts["last_year"])) - counts["current"]
    elsewhere = wards - {BETTER_WARD, WORSE_WARD}
    others = is_free & rows["ward"].isin(list(elsewhere)) & (rows["group"] == "robbery")
    joining = sample(rng, np.flatnonzero(others), max(0, n_more - len(leaving)))
    coming = np.concatenate([leaving[:n_more], joining])
    resettle(rng, rows, leaving[n_more:], elsewhere)
    resettle(rng, rows, coming, {WORSE_WARD})

    # those that come get another date in the window, with the weekday and the time of day that they had
    days = pd.date_range(*YEARS[second], freq="D")
    start, end = change_windows()["current"]
    rhythms = {"N": "robbery", "Y": "knife robbery"}
    weights = {flag: hour_weights(RHYTHMS[name], days).reshape(-1, 24) for flag, name in rhythms.items()}
    for row in coming:
        old = rows.loc[row, "start"]
        fit = np.flatnonzero((days >= start) & (days <= end) & (days.day_of_week == old.day_of_week))
        new = days[fit[pick(rng, weights[rows.loc[row, "knife"]][fit, old.hour], 1)[0]]]
        put_off(rows, np.array([row]), pd.Series([new + (old - old.normalize())]))


def spoil(rng: np.random.RandomState, rows: pd.DataFrame, kind: str) -> Ints:
    """Choose clean rows of every group for one kind of dirt, and mark them. Returns their positions."""
    clean = [np.flatnonzero((rows["dirt"] == "") & (rows["group"] == group)) for group in GROUPS]
    chosen = np.concatenate([sample(rng, found, n) for found, n in zip(clean, DIRT[kind], strict=True)])
    rows.loc[chosen, "dirt"] = kind
    return chosen


def plant_dirt(rows: pd.DataFrame, wards: Iterable[shapely.Polygon]) -> pd.DataFrame:
    """Add what real extracts get wrong. Rows are numbered on the way, in order of time."""
    rng = stream("dirt")
    rows = rows.astype({"easting": "Int64", "northing": "Int64"})

    # Rows on top of the yearly totals: copies of others, moved out of the boroughs or stripped of their date.
    land = shapely.union_all(list(wards))
    ring = land.buffer(600).difference(land.buffer(200))
    strays = rows.iloc[spoil(rng, rows.copy(), "outside_study_area")].assign(dirt="outside_study_area")
    strays[["easting", "northing"]] = points_in(rng, ring, len(strays))
    strays = strays.assign(location="Neighbouring borough", ward="", borough="outside", spot="")
    undated = rows.iloc[spoil(rng, rows.copy(), "blank_date_from")].assign(dirt="blank_date_from", year="")
    undated[["start", "end"]] = pd.NaT
    rows = pd.concat([rows, strays, undated], ignore_index=True)

    rows.loc[spoil(rng, rows, "missing_coordinates"), ["easting", "northing"]] = pd.NA
    rows.loc[spoil(rng, rows, "zero_coordinates"), ["easting", "northing"]] = 0
    reversed_dates = spoil(rng, rows, "reversed_dates")
    early = pd.to_timedelta(whole(rng, 5, 600, len(reversed_dates)), unit="min")
    rows.loc[reversed_dates, "end"] = rows.loc[reversed_dates, "start"] - early
    midnight = spoil(rng, rows, "midnight_default")
    rows.loc[midnight, "start"] = rows.loc[midnight, "start"].dt.normalize()
    rows.loc[midnight, "end"] = rows.loc[midnight, "start"]

    rows = rows.sort_values("start", kind="stable", na_position="first", ignore_index=True)
    rows["ref"] = [f"DEMO-{n:07d}" for n in range(1, len(rows) + 1)]
    owners = spoil(rng, rows, "conflicting_ref")
    rows.loc[spoil(rng, rows, "conflicting_ref"), "ref"] = rows.loc[owners, "ref"].to_numpy()
    repeats = rows.iloc[spoil(rng, rows.copy(), "exact_repeat")].assign(dirt="exact_repeat")
    rows = pd.concat([rows, repeats], ignore_index=True)
    return rows.sort_values(["start", "ref"], kind="stable", na_position="first", ignore_index=True)


def council_csv(rows: pd.DataFrame) -> str:
    """Write incidents in the layout of the extract that a council gets from its police."""
    columns = {
        "Crime Ref": rows["ref"],
        "Offence": rows["offence"],
        "Date From": rows["start"].dt.strftime("%d/%m/%Y %H:%M"),
        "Date To": rows["end"].dt.strftime("%d/%m/%Y %H:%M"),
        "Easting": rows["easting"],
        "Northing": rows["northing"],
        "Location": rows["location"],
        "Location Type": rows["type"],
        "Knife Flag": rows["knife"],
        "Data Status": "synthetic",
    }
    return pd.DataFrame(columns).to_csv(index=False, lineterminator="\n")


# --- Crime without times: the monthly files ---------------------------------------------------------------


def unproject_as_police_uk(easting: Floats, northing: Floats) -> tuple[Floats, Floats]:
    """National Grid metres to degrees by the seven-parameter shift (EPSG:1314), as police.uk does, not by OSTN15."""
    transformer = pyproj.Transformer.from_pipeline(
        "+proj=pipeline +step +inv +proj=tmerc +lat_0=49 +lon_0=-2 +k=0.9996012717 +x_0=400000 +y_0=-100000 "
        "+ellps=airy +step +proj=cart +ellps=airy +step +proj=helmert +x=446.448 +y=-125.157 +z=542.06 "
        "+rx=0.15 +ry=0.247 +rz=0.842 +s=-20.489 +convention=position_vector "
        "+step +inv +proj=cart +ellps=WGS84 +step +proj=unitconvert +xy_in=rad +xy_out=deg"
    )
    longitude, latitude, _ = transformer.transform(easting, northing, np.zeros(len(easting)))
    return longitude, latitude


def monthly_rows(shapes: dict[str, shapely.Polygon]) -> pd.DataFrame:
    """Draw the background crime of two years at a limited set of shared points, as police.uk publishes it."""
    tables = []
    for _, ward in EVERY_WARD:
        rng = stream(f"snap points {ward.name}")
        xy = points_in(rng, shapes[ward.name], SNAP_POINTS_PER_WARD)
        streets = [ward.streets[i] for i in whole(rng, 0, len(ward.streets) - 1, len(xy))]
        weight = ward.busy / np.sqrt(np.arange(1, len(xy) + 1))
        tables.append(pd.DataFrame({"e": xy[:, 0], "n": xy[:, 1], "street": streets, "weight": weight}))
    points = pd.concat(tables, ignore_index=True)
    lon, lat = unproject_as_police_uk(points["e"].to_numpy(np.float64), points["n"].to_numpy(np.float64))
    points["Longitude"] = [f"{x:.6f}" for x in lon]
    points["Latitude"] = [f"{y:.6f}" for y in lat]
    points["Location"] = "On or near " + points["street"]

    tables = []
    for (first, last), (crime, size) in itertools.product(YEARS.values(), MONTHLY.items()):
        rng = stream(f"{crime} {first}")
        rows = points.iloc[pick(rng, points["weight"], size)][["Longitude", "Latitude", "Location"]]
        months = pd.period_range(first, last, freq="M").astype(str)
        rows["Month"] = months[whole(rng, 0, 11, size)]
        rows["Crime type"] = crime
        rows["Last outcome category"] = [list(OUTCOMES)[i] for i in pick(rng, OUTCOMES.values(), size)]
        tables.append(rows)
    rows = pd.concat(tables, ignore_index=True)
    rows["Crime ID"] = [hashlib.sha256(f"demonstration {n}".encode()).hexdigest() for n in range(len(rows))]

    rng = stream("monthly dirt")
    order = sample(rng, np.arange(len(rows)), NO_LOCATION_ROWS + REPEATED_MONTHLY_ROWS)
    rows.loc[order[:NO_LOCATION_ROWS], ["Longitude", "Latitude", "Location"]] = ["", "", "No Location"]
    rows = pd.concat([rows, rows.iloc[order[NO_LOCATION_ROWS:]]], ignore_index=True)
    return rows.sort_values(["Month", "Crime type", "Crime ID"], kind="stable", ignore_index=True)


def monthly_csv(rows: pd.DataFrame) -> str:
    """Write one month in the twelve columns of police.uk."""
    force = "Demonstration (synthetic)"
    full = rows.assign(**{"Reported by": force, "Falls within": force, "LSOA code": "", "LSOA name": ""})
    columns = [
        "Crime ID", "Month", "Reported by", "Falls within", "Longitude", "Latitude", "Location", "LSOA code",
        "LSOA name", "Crime type", "Last outcome category", "Context",
    ]  # fmt: skip
    return full.assign(Context="synthetic")[columns].to_csv(index=False, lineterminator="\n")


# --- Safe havens ------------------------------------------------------------------------------------------


def haven_rows(shapes: dict[str, shapely.Polygon]) -> pd.DataFrame:
    """Place safe havens beside most hot spots and here and there elsewhere, far from those left without."""
    rng = stream("havens")
    bare = shapely.MultiPoint([np.array(spot.centre) * 100 for spot in HOT_SPOTS if not spot.havens])
    sites: list[tuple[Ints, Ward, str]] = []
    for borough, wards in WARDS.items():
        found: list[tuple[Ints, Ward, str]] = []
        for spot, ward in ((s, w) for s in HOT_SPOTS for w in wards if s.havens and s.ward == w.name):
            beside = points_near(rng, shapes[spot.ward], spot, HAVEN_SIGMA, HAVENS_NEAR[borough])
            found += [(xy, ward, borough) for xy in beside]
        while len(found) < HAVENS[borough]:
            ward = wards[whole(rng, 0, len(wards) - 1, 1)[0]]
            xy = points_in(rng, shapes[ward.name], 1)[0]
            if bare.distance(shapely.Point(xy)) > HAVEN_GAP:
                found.append((xy, ward, borough))
        sites += found

    havens = [
        (f"{word} {noun} (demo)", kind, hours[i % len(hours)])
        for kind, (size, noun, hours) in HAVEN_KINDS.items()
        for i, word in enumerate(HAVEN_WORDS[:size])
    ]
    order = sample(rng, np.arange(len(havens)), len(havens))
    rows = pd.DataFrame([havens[i] for i in order], columns=["name", "kind", "opening_hours"])
    rows[["easting", "northing"]] = np.array([xy for xy, _, _ in sites])
    streets = [ward.streets[whole(rng, 0, len(ward.streets) - 1, 1)[0]] for _, ward, _ in sites]
    rows["address"] = [f"{street}, {site[2]}" for street, site in zip(streets, sites, strict=True)]
    return rows.assign(data_status="synthetic").sort_values("name", ignore_index=True)


# --- What was planted -------------------------------------------------------------------------------------


def named(names: Sequence[str], values: Sequence[int | str]) -> dict[str, int | str]:
    """Give each value its name."""
    return dict(zip(names, values, strict=True))


def tally(rows: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Count rows by borough and year."""
    return {
        borough: {year: int(((rows["borough"] == borough) & (rows["year"] == year)).sum()) for year in YEARS}
        for borough in sorted(WARDS)
    }


def ranking(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """List the five wards of Southwark with most rows."""
    counts = rows.loc[rows["borough"] == "Southwark", "ward"].value_counts().head(5)
    return [{"ward": str(ward), "count": int(count)} for ward, count in counts.items()]


def changes(placed: pd.DataFrame) -> list[dict[str, Any]]:
    """Say what changed in a ward: incidents with usable coordinates in the windows compared, by name of the window."""
    first, second = YEARS
    weeks = {name: [f"{day:%Y-%m-%d}" for day in window] for name, window in change_windows().items()}
    years = {"r12": list(YEARS[second]), "r12_before": list(YEARS[first])}
    found = []
    for ward, group, times, windows, verdict in (
        (WORSE_WARD, "robbery", WORSE_TIMES, weeks | years, "deteriorating"),
        (BETTER_WARD, "robbery", BETTER_TIMES, years, "improving"),
        (CALMER_WARD, "asb", CALMER_TIMES, years, "improving"),
    ):
        mine = placed.loc[(placed["ward"] == ward) & (placed["group"] == group), "start"].dt.normalize()
        found.append({
            "ward": ward,
            "crime": group,
            "planted_times": times,
            "verdict": verdict,
            "windows": windows,
            "incidents": {name: int(mine.between(*window).sum()) for name, window in windows.items()},
        })  # fmt: skip
    return found


def seasons(series: dict[str, pd.Series]) -> dict[str, dict[str, Any]]:
    """Say how many times busier an average day of June, July and August was than one of the rest of the year."""
    days = pd.date_range(YEARS["2024-25"][0], YEARS["2025-26"][1], freq="D")
    n_summer, n_rest = (int((days.month.isin(SUMMER) == summer).sum()) for summer in (True, False))
    planted = {"robbery": 1.0, "knife": RHYTHMS["knife"].lift, "asb": RHYTHMS["asb"].lift}
    found = {}
    for name, times in planted.items():
        dated = series[name].dropna()
        summer = int(dated.dt.month.isin(SUMMER).sum())
        ratio = (summer / n_summer) / ((len(dated) - summer) / n_rest)
        found[name] = {
            "planted_times": times,
            "summer": {"days": n_summer, "incidents": summer},
            "rest": {"days": n_rest, "incidents": len(dated) - summer},
            "times": round(ratio, 2),
        }
    return found


def school_days(placed: pd.DataFrame) -> dict[str, Any]:
    """Count robberies of Mondays to Fridays, bank holidays left out, on school days and in the school holidays."""
    days = pd.date_range(YEARS["2024-25"][0], YEARS["2025-26"][1], freq="D")
    usual = days[(days.day_of_week < 5) & ~days.isin(pd.to_datetime(list(BANK_HOLIDAYS)))]
    is_school = is_school_day(usual)
    timed = placed.loc[(placed["group"] == "robbery") & (placed["dirt"] != "midnight_default"), "start"].dropna()
    after = timed.dt.hour.isin(AFTER_SCHOOL)
    counts = {
        hours: {name: int(mine.dt.normalize().isin(which).sum())
                for name, which in (("school_day", usual[is_school]), ("school_holiday", usual[~is_school]))}
        for hours, mine in (("after_school", timed[after]), ("other_hours", timed[~after]))
    }  # fmt: skip
    return {
        "file": "calendar/term_dates.csv",
        "crime": "robbery",
        "hours": named(("days", "first_hour", "last_hour"), ("weekdays", AFTER_SCHOOL.start, AFTER_SCHOOL.stop - 1)),
        "planted_times": SCHOOL_LIFT,
        "bank_holidays_left_out": list(BANK_HOLIDAYS),
        "days": {"school_day": int(is_school.sum()), "school_holiday": int((~is_school).sum())},
        "incidents": counts,
    }


def near_repeats(placed: pd.DataFrame) -> dict[str, Any]:
    """Say how many pairs were planted, and how many robberies at one place within some days there are for it.

    ``expected`` is what there would be if dates had nothing to do with places: the pairs at one place, times the share
    of all pairs that are so few days apart.
    """
    robberies = placed[(placed["group"] == "robbery") & placed["start"].notna()].copy()
    robberies["day"] = robberies["start"].dt.normalize()
    pairs = robberies[robberies["pair"] >= 0].sort_values("start").groupby("pair")
    both = pairs.agg(["first", "last"])[pairs.size() == 2]
    away = np.hypot(*((both[axis, "last"] - both[axis, "first"]).to_numpy(float) for axis in ("easting", "northing")))

    def count_close(days: pd.Series) -> int:
        counts = np.bincount((days - robberies["day"].min()).dt.days)
        later = sum(int((counts[lag:] * counts[:-lag]).sum()) for lag in range(1, FOLLOWING_DAYS) if lag < len(counts))
        return later + int((counts * (counts - 1) // 2).sum())

    places = [days for _, days in robberies.groupby(["easting", "northing"])["day"]]
    at_one_place = sum(len(days) * (len(days) - 1) // 2 for days in places)
    every_pair = len(robberies) * (len(robberies) - 1) // 2
    found, expected = sum(map(count_close, places)), at_one_place * count_close(robberies["day"]) / every_pair
    return {
        "crime": "robbery",
        "planted_share": FOLLOWING_SHARE,
        "within_m": FOLLOWING_M,
        "fewer_days_than": FOLLOWING_DAYS,
        "pairs": len(both),
        "pairs_at_the_same_place": int((away == 0).sum()),
        "all_pairs_at_the_same_place": {
            "found": found, "expected": round(expected, 1), "times": round(found / expected, 2),
        },
    }  # fmt: skip


def truth(rows: pd.DataFrame, monthly: pd.DataFrame, havens: pd.DataFrame) -> dict[str, Any]:
    """Say precisely what was planted."""
    real = rows[rows["dirt"] != "exact_repeat"]
    placed = real[~real["dirt"].isin(["missing_coordinates", "zero_coordinates", "outside_study_area"])]
    asb, knife = real["group"] == "asb", real["knife"] == "Y"
    series = {"robbery": real["group"] == "robbery", "knife": knife, "asb": asb}
    series["knife_robbery"] = knife & series["robbery"]
    series |= {offence: real["offence"] == offence for offence, *_ in ASB}
    summer = real["start"].dt.month.isin(SUMMER)
    spots = [
        {
            "name": spot.name,
            "ward": spot.ward,
            "borough": BOROUGH_OF[spot.ward],
            "easting": spot.centre[0] * 100,
            "northing": spot.centre[1] * 100,
            "sigma_m": spot.sigma,
            "percent_of_borough": named(KINDS, spot.shares),
            "robberies": int(((real["spot"] == spot.name) & series["robbery"]).sum()),
            "knife_crimes": int(((real["spot"] == spot.name) & knife).sum()),
            "asb_calls": int(((real["spot"] == spot.name) & asb).sum()),
            "safe_haven_within_400_m": spot.havens,
        }
        for spot in HOT_SPOTS
    ]
    return {
        "about": "What data/make_demonstration.py planted. Synthetic: no row is a real event.",
        "council_extract": {
            "file": "incidents/council_extract.csv.gz",
            "period": ["2024-10-01", "2026-09-30"],
            "rows": len(rows),
            "incidents": len(real),
            "dirt": {kind: named(("total", *GROUPS), (sum(n), *n)) for kind, n in DIRT.items()},
            "incidents_by_group": {group: int((real["group"] == group).sum()) for group in GROUPS},
            "incidents_a_year": {name: tally(real[mine]) for name, mine in series.items()},
            "incidents_a_year_with_usable_coordinates": {
                name: tally(placed[mine[placed.index]]) for name, mine in series.items()
            },
            "summer_share": {name: round(float(summer[mine].mean()), 4) for name, mine in series.items()},
            "southwark_top_wards": {name: ranking(placed[mine[placed.index]]) for name, mine in series.items()},
            "peaks": {
                name: [named(("days", "first_hour", "last_hour"), window) for window in windows]
                for name, windows in PEAKS.items()
            },
        },
        "hot_spots": spots,
        "changes": changes(placed),
        "seasons": seasons({name: placed.loc[mine[placed.index], "start"] for name, mine in series.items()}),
        "school_days": school_days(placed),
        "near_repeats": near_repeats(placed),
        "monthly_files": {
            "folder": "incidents/police_uk",
            "rows": len(monthly),
            "records": int((~monthly.duplicated()).sum()),
            "no_location_rows": NO_LOCATION_ROWS,
            "exact_repeats": REPEATED_MONTHLY_ROWS,
            "records_a_year": MONTHLY,
            "rows_by_month": {str(m): int(n) for m, n in monthly["Month"].value_counts().items()},
        },
        "havens": {
            "file": "havens/havens.csv",
            "rows": len(havens),
            "by_kind": {str(kind): int(n) for kind, n in havens["kind"].value_counts().items()},
            "by_borough": HAVENS,
            "hot_spots_without_haven_within_400_m": [spot.name for spot in HOT_SPOTS if not spot.havens],
        },
        "wards": {borough: len(wards) for borough, wards in WARDS.items()},
    }


# --- Files ------------------------------------------------------------------------------------------------


def write(path: Path, text: str) -> None:
    """Write a file, packed if its name ends in .gz; the pack holds no time and no file name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode("utf-8")
    if path.suffix == ".gz":
        with path.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
            packed.write(data)
    else:
        path.write_bytes(data)


def make_all(out: Path) -> None:
    """Make every data file below a folder."""
    write(out / "calendar/term_dates.csv", term_dates_csv())
    shapes = draw_wards()
    write(out / "boundaries/wards.geojson", wards_geojson(shapes))

    rows = all_incidents(addresses(shapes))
    plant_near_repeats(rows)
    plant_changes(rows)
    rows = plant_dirt(rows, shapes.values())
    write(out / "incidents/council_extract.csv.gz", council_csv(rows))

    monthly = monthly_rows(shapes)
    for month, mine in monthly.groupby("Month"):
        write(out / f"incidents/police_uk/{month}/{month}-demonstration-street.csv.gz", monthly_csv(mine))

    havens = haven_rows(shapes)
    write(out / "havens/havens.csv", havens.to_csv(index=False, lineterminator="\n"))
    planted = truth(rows, monthly, havens)
    write(out / "truth.json", json.dumps(planted, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Make the demonstration data.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder to write to")
    make_all(parser.parse_args().out)


if __name__ == "__main__":
    main()
