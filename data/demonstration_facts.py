"""What the demonstration is made of: places, times, numbers of incidents, safe havens. Tables only.

The yearly totals, peak hours and busiest wards follow what the two boroughs' partnerships have published; all else is
invented.
"""

from __future__ import annotations

from typing import NamedTuple

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
