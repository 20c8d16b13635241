from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from hotspots.analysis.rates.targets import Target
from hotspots.errors import NotFoundError, ParameterError
from hotspots.harm import HarmFigure, load_harm
from hotspots.ingest.incidents.records import ReadingOptions
from hotspots.settings import Settings, load_settings

EVERY_KEY = """
crs = "EPSG:26910"
time_zone = "America/Vancouver"
country = "CA"
subdivision = "BC"
term_dates = "terms.csv"
peers = "peers.csv"
checked_since = 2025-01-31
indicators = ["bag-robbery", "knife-crime"]
incidents = ["data/a.csv", "data/more"]
boundaries = "wards.gpkg"
layer = "wards_2022"
havens = []
store = "kept"
postcodes = "places/onspd.zip"
lsoas = ["lsoas.gpkg"]
population = "places/residents.xlsx"

[targets]
robbery = "-5%"
bag-robbery = 1200

[priorities]
trend = 2

[crimes.robbery]
offences = ["Bag theft with force"]
[crimes.robbery.parts.bag-robbery]

[harm.severity]
source = "Partnership board"
as_of = "2026"
bag-robbery = 300

[sources.wardens]
offence = "Issue"
start = "Date"
easting = "X"
northing = "Y"
[sources."the others"]
every_offence = "asb"
every_date = "2026-01"
postcode = "Where"
"""


def load(folder: Path, text: str | bytes) -> Settings:
    path = folder / "hotspots.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_settings(path)


def test_every_key(tmp_path: Path) -> None:
    settings = load(tmp_path, EVERY_KEY)
    assert (settings.crs, settings.time_zone) == ("EPSG:26910", "America/Vancouver")
    assert settings.incidents == (tmp_path / "data" / "a.csv", tmp_path / "data" / "more")
    assert settings.boundaries == (tmp_path / "wards.gpkg",)
    assert (settings.layer, settings.havens) == ("wards_2022", ())
    assert settings.store == tmp_path / "kept"
    assert settings.postcodes == tmp_path / "places" / "onspd.zip"
    assert settings.lsoas == (tmp_path / "lsoas.gpkg",)
    assert settings.population == tmp_path / "places" / "residents.xlsx"
    assert (settings.country, settings.subdivision) == ("CA", "BC")
    assert (settings.term_dates, settings.peers) == (tmp_path / "terms.csv", tmp_path / "peers.csv")
    assert settings.checked_since == dt.date(2025, 1, 31)
    assert settings.indicators == ("bag-robbery", "knife-crime")
    assert settings.targets == {"robbery": Target(change=-0.05), "bag-robbery": Target(n_incidents=1200)}
    assert settings.criterion_weights == {"volume": 1, "trend": 2, "harm": 1, "cost": 1, "concentration": 1}
    assert settings.definitions.find_offence(["bag theft, with force"]) == settings.definitions.find_offence(
        ["Robbery"]
    )
    own, built_in = (table.find_figure("severity", "robbery", "bag-robbery") for table in (settings.harm, load_harm()))
    assert own == HarmFigure(value=300, source="Partnership board", as_of="2026")
    assert (
        built_in == load_harm().find_figure("severity", "robbery") == settings.harm.find_figure("severity", "robbery")
    )
    assert settings.harm.definitions == settings.definitions
    assert [profile.name for profile in settings.profiles] == ["wardens", "the others"]
    assert settings.profiles[0].columns["start"] == ("Date",)


def test_without_a_file_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings() == Settings()
    assert load(tmp_path, "") == Settings()
    assert Settings().make_reading_options() == ReadingOptions()


def test_harm_is_of_the_crimes_of_the_workspace(tmp_path: Path) -> None:
    settings = load(tmp_path, "[crimes.robbery.parts.bag-robbery]")
    assert settings.harm == load_harm(definitions=settings.definitions)
    assert "bag-robbery" in settings.harm.definitions.crimes


@pytest.mark.parametrize("value", ["2025-02-30", "January 2025", "20250131", "31/01/2025", ""])
def test_a_day_is_a_date(tmp_path: Path, value: str) -> None:
    assert load(tmp_path, 'checked_since = "2025-01-31"').checked_since == dt.date(2025, 1, 31)
    with pytest.raises(
        ParameterError, match=r"toml: checked_since must be a day, not .*Write checked_since = 2025-01-31"
    ):
        load(tmp_path, f'checked_since = "{value}"')
    for other in ("2025", "2025-01-31T09:00:00", "[2025-01-31]"):
        with pytest.raises(ParameterError, match="checked_since must be a day"):
            load(tmp_path, f"checked_since = {other}")


def test_the_file_in_the_working_directory_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(tmp_path, 'store = "kept"')
    monkeypatch.chdir(tmp_path)
    assert load_settings().store == Path("kept")


def test_paths_are_relative_to_the_file_unless_they_are_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "workspace").mkdir()
    elsewhere = tmp_path / "elsewhere"
    load(tmp_path / "workspace", f"incidents = ['../a.csv', '{elsewhere}']")
    monkeypatch.chdir(tmp_path)
    settings = load_settings(Path("workspace/hotspots.toml"))
    assert settings.incidents == (Path("workspace/../a.csv"), elsewhere)


def test_a_mark_at_the_start_is_no_mistake(tmp_path: Path) -> None:
    assert load(tmp_path, b'\xef\xbb\xbfcrs = "EPSG:26910"\n').crs == "EPSG:26910"


@pytest.mark.parametrize("written", ["EPSG:27700", "epsg:27700", "27700", "OSGB36 / British National Grid"])
def test_a_crs_has_one_spelling_afterwards(tmp_path: Path, written: str) -> None:
    assert load(tmp_path, f'crs = "{written}"').crs == "EPSG:27700"


def test_a_crs_without_a_code_is_kept_whole(tmp_path: Path) -> None:
    settings = load(tmp_path, 'crs = "+proj=tmerc +lat_0=51 +lon_0=0 +k=1 +x_0=500000 +y_0=200000 +datum=WGS84"')
    assert settings.crs.startswith("PROJCRS[")
    assert load(tmp_path, f"crs = '{settings.crs}'").crs == settings.crs


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("crs = EPSG:27700", "hotspots.toml is not valid TOML: .*Texts need double quotes, and a backslash in them"),
        (r'store = "C:\kept"', "hotspots.toml is not valid TOML"),
        (b'crs = "\xe9"', "hotspots.toml is not valid TOML"),
        ('incident = "a.csv"', 'hotspots.toml has an unknown key "incident". Did you mean "incidents"?'),
        (
            "zzz = 1",
            'has an unknown key "zzz". It takes: crs, time_zone, country, subdivision, layer, tiles, tiles_attribution',
        ),
        ("crs = 27700", "crs must be a text that is not blank, not 27700"),
        ('store = ""', "store must be a text that is not blank, not ''"),
        ("store = ['a']", r"store must be a text that is not blank, not \['a'\]"),
        ("population = ['a']", r"population must be a text that is not blank, not \['a'\]"),
        ("incidents = 3", "incidents must be a path or a list of paths, not 3"),
        ("incidents = ['a', 3]", r"incidents must be a path or a list of paths, not \['a', 3\]"),
        ("incidents = ''", r"incidents must be a path or a list of paths, not ''"),
        ("crimes = 'robbery'", r"crimes must be tables, such as \[crimes.name\]"),
        ("harm = 3", r"harm must be tables, such as \[harm.severity\]"),
        ("[harm.severety]", 'harm has no measure "severety". Did you mean "severity"?'),
        ("[harm.cost]\nrobbery = 1", "harm.cost.source is missing"),
        (
            "[harm.cost]\nsource = 'a'\nas_of = 'b'\nbag-robbery = 1",
            'harm.cost has a figure for "bag-robbery", and there is no such crime',
        ),
        ("sources = ['a']", r"sources must be tables, such as \[sources.name\]"),
        ("sources.wardens = 'a.csv'", r"sources.wardens must be a table, \[sources.wardens\]"),
        ("[sources.wardens]\nofence = 'a'", r'\[sources.wardens\] in hotspots.toml has an unknown key "ofence"'),
        ("[crimes.robbery]\nofences = ['a']", 'crimes.robbery has no key "ofences". Did you mean "offences"?'),
        ("indicators = 'robbery'", r'indicators must be a list of texts, such as \["robbery"\]'),
        ("indicators = ['robery']", 'names "robery", and there is no such crime. Did you mean "robbery"?'),
        ("[targets]\nrobery = 5", 'names "robery", and there is no such crime. Did you mean "robbery"?'),
        ("targets = 5", r"targets must be tables, such as \[targets\]"),
        ("[targets]\nrobbery = -0.05", 'targets.robbery is -0.05. Write robbery = "-5%" or robbery = 1200'),
        ("[targets]\nrobbery = true", "targets.robbery is True"),
        (
            "[targets]\nrobbery = '-120%'",
            "-100% or more and in quotes, or a number of incidents, 0 or more; targets.robbery is text like .-999%",
        ),
        ("[targets]\nrobbery = -1", 'targets.robbery is -1. Write robbery = "-5%" or robbery = 1200'),
        ("[priorities]\nsize = 1", 'volume, trend, harm, cost, concentration; "size" is not one of them'),
        (
            "[priorities]\nharm = -1",
            "must be a number from 0 to 1,000; priorities.harm is -1. 1 is usual, 0 leaves it out",
        ),
        ("[priorities]\nharm = 1e308", r"from 0 to 1,000; priorities.harm is 1e\+308"),
        ("[priorities]\nharm = nan", "from 0 to 1,000; priorities.harm is nan"),
        (
            "[priorities]\nvolume = 0\ntrend = 0\nharm = 0\ncost = 0\nconcentration = 0",
            "at least one criterion of priorities must have a weight above 0",
        ),
        (f"[targets]\nrobbery = {'9' * 20}", "A whole number in .*hotspots.toml may have at most 18 digits"),
        (f"[harm.cost]\nsource = 'a'\nas_of = 'b'\nrobbery = {'9' * 400}", "may have at most 18 digits"),
        (f"crs = {'9' * 5000}", "may have at most 18 digits, and one has more. Correct or remove it"),
        ("[harm.cost]\nsource = 'a'\nas_of = 'b'\nrobbery = 1e308", "from 0 to 1,000,000,000; it is 1e.308"),
        ('store = "a\\u0000b"', "hotspots.toml has a text with a zero character in it"),
        (f"crs.{'.'.join('a' * 3000)} = 1", "within each other, deeper than any setting"),
        ('crs = "EPSG:4326"', "CRS must be projected"),
        ('crs = "EPSG:2263"', "metres"),
        ('crs = "nowhere"', "nowhere"),
    ],
)
def test_a_mistake_is_explained(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(ParameterError, match=message.replace("?", r"\?")):
        load(tmp_path, text)


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"No settings file .*other.toml. hotspots init makes one"):
        load_settings(tmp_path / "other.toml")


def test_lists_of_places_are_read_for_reading(tmp_path: Path) -> None:
    settings = load(tmp_path, 'postcodes = "missing.csv"')
    with pytest.raises(NotFoundError, match="missing.csv"):
        settings.make_reading_options()
    settings = load(tmp_path, 'lsoas = "missing.gpkg"')
    with pytest.raises(NotFoundError, match="missing.gpkg"):
        settings.make_reading_options()
    (tmp_path / "open.csv").write_text('"SE135AA",10,538629,175288,"E92000001","","","","","E05000448"\n')
    options = load(tmp_path, 'postcodes = "open.csv"').make_reading_options()
    assert options.postcodes is not None
    assert options.areas is None


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('country = "ZZ"', "ZZ"),
        ('subdivision = "Kent"', "GB, Kent"),
        ('country = "CA"\nsubdivision = "ENG"', "CA, ENG"),
    ],
)
def test_a_place_without_bank_holidays_is_refused_whatever_the_data(tmp_path: Path, text: str, where: str) -> None:
    with pytest.raises(ParameterError, match=f'No bank holidays are known for "{where}". Give the ISO code'):
        load(tmp_path, text)


def test_another_country_has_no_subdivision_unless_one_is_given(tmp_path: Path) -> None:
    assert load(tmp_path, 'country = "IE"').subdivision is None
    assert load(tmp_path, 'country = "GB"').subdivision == "ENG"
    assert load(tmp_path, 'country = "CA"\nsubdivision = "BC"').subdivision == "BC"


def test_settings_that_are_nested_too_deep_are_refused(tmp_path: Path) -> None:
    (tmp_path / "hotspots.toml").write_text(f"x = {'[' * 3_000}{']' * 3_000}")
    with pytest.raises(ParameterError, match="holds lists or tables within each other, deeper than any setting"):
        load_settings(tmp_path / "hotspots.toml")
