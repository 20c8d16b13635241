"""Accounts: what may be a password, who may be changed into what, tokens of programs, and the wards of a team."""

from __future__ import annotations

import datetime as dt
import io
import os
import re
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
from service_fixtures import PASSWORD
from sqlalchemy.orm import Session

from hotspots.errors import NotFoundError, ParameterError
from hotspots.service.people import (
    MAX_DAYS,
    MAX_TOKENS,
    TooManyAttemptsError,
    add_account,
    change_account,
    change_password,
    choose_wards,
    disable_account,
    enable_account,
    find_account,
    find_api_token,
    hash_new_password,
    is_password,
    list_accounts,
    list_api_tokens,
    make_api_token,
    make_password,
    name_token,
    passwords,
    read_ward_names,
    revoke_api_token,
    sign_in,
)
from hotspots.service.state import Account, ApiToken, Database, Role, ServiceSettings, open_database, read_clock
from hotspots.settings import Settings

AddPerson = Callable[..., Account]


@pytest.fixture
def plain(tmp_path: Path) -> Database:
    """A database of the quick kind, for what does not depend on it."""
    return open_database(f"sqlite:///{(tmp_path / 'plain.db').as_posix()}")


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("short", "12 to 128 characters; this one has 5"),
        ("x" * 129, "12 to 128 characters; this one has 129"),
        ("passwordpassword", "repeats the same characters"),
        ("qwertyuiop[]", "guessed too soon"),
        ("Password12345!", "passwords that people choose most"),
        ("hotspots hotspots", "a name that belongs to the account or to this service"),
        ("SmithJaneSmith", "built on common words or names"),
        ("river jane smith oak lamp", "must not contain the name of the account"),
        ("my j.smithson password", "must not contain the name of the account"),
        ("P@ssw0rdP@ssw0rd", "guessed too soon"),
    ],
)
def test_a_password_that_is_guessed_soon_is_refused_without_being_said(
    password: str, said: str, plain: Database
) -> None:
    with pytest.raises(ParameterError, match=re.escape(said)) as refused, plain.write() as session:
        add_account(session, "j.smith", full_name="Jane Smith", password=password)
    assert password not in str(refused.value) or len(password) < 6
    plain.close()


def test_three_words_and_what_we_make_ourselves_are_strong(plain: Database) -> None:
    with plain.write() as session:
        for number, password in enumerate(["river lamp nine oak", *(make_password() for _ in range(30))]):
            add_account(session, f"n{number}", password=password)
        assert len(list_accounts(session)) == 31
    plain.close()


def test_what_takes_long_to_weigh_is_weighed_by_its_first_part(
    monkeypatch: pytest.MonkeyPatch, plain: Database
) -> None:
    weighed: list[int] = []

    def weigh(password: str, **_: object) -> dict[str, object]:
        weighed.append(len(password))
        return {"guesses_log10": 20.0, "sequence": []}

    monkeypatch.setattr("zxcvbn.zxcvbn", weigh)
    with plain.write() as session:
        add_account(session, "a.one", password="4@8({[<369&#!1/|0$5+7%2" * 5)
    assert weighed == [32]
    plain.close()


def test_an_accent_is_the_same_whichever_way_it_is_typed() -> None:
    assert is_password("cafe\u0301 lamp nine oak", passwords.hash_password("caf\u00e9 lamp nine oak"))
    assert not is_password("cafe lamp nine oak", passwords.hash_password("caf\u00e9 lamp nine oak"))
    assert not is_password("\ud800 half a letter", passwords.hash_password("caf\u00e9 lamp nine oak"))


def test_a_crowd_does_not_check_passwords_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def acquire(self, timeout: float) -> bool:
            return False

    monkeypatch.setattr("hotspots.service.people.passwords.places", Full())
    with pytest.raises(TooManyAttemptsError, match="Very many are signing in"):
        is_password("any words of mine", None)


def test_the_last_admin_stays_one_and_nobody_takes_it_from_themselves(
    database: Database, add_person: AddPerson
) -> None:
    first = add_person("a.one", role="admin")
    with pytest.raises(ParameterError, match="last admin"), database.write() as session:
        disable_account(session, find_account(session, "a.one"))
    with pytest.raises(ParameterError, match="last admin"), database.write() as session:
        change_account(session, find_account(session, "a.one"), role="analyst")
    second = add_person("b.two", role="admin")
    with pytest.raises(ParameterError, match="from yourself"), database.write() as session:
        change_account(session, find_account(session, "a.one"), by=first.id, role="viewer")
    with pytest.raises(ParameterError, match="from yourself"), database.write() as session:
        disable_account(session, find_account(session, "b.two"), by=second.id)
    with database.write() as session:
        disable_account(session, find_account(session, "a.one"), by=second.id)
    with pytest.raises(ParameterError, match="last admin"), database.write() as session:
        change_account(session, find_account(session, "b.two"), role="viewer")
    with database.write() as session:
        enable_account(session, find_account(session, "a.one"))
        assert change_account(session, find_account(session, "b.two"), role="viewer") == {"role": "viewer"}
        assert change_account(session, find_account(session, "b.two"), role="viewer") == {}


@pytest.mark.parametrize(("role", "tier", "wards"), [("analyst", "partner", []), ("admin", "tasking", ["E1"])])
def test_whoever_runs_analyses_sees_all(role: Role, tier: str, wards: list[str], plain: Database) -> None:
    with plain.write() as session:
        account = add_account(session, "a.one", password=PASSWORD)
        with pytest.raises(ParameterError, match="takes the tier tasking and all wards"):
            change_account(session, account, role=role, tier=tier, ward_codes=wards)  # type: ignore[arg-type]
    plain.close()


@pytest.mark.parametrize("name", ["", "a b", "é", "a" * 81, "-a", "a\0b", "a\nb", "<b>", "../a"])
def test_what_is_not_a_name_is_refused(name: str, plain: Database) -> None:
    with pytest.raises(ParameterError, match="The name of an account has"), plain.write() as session:
        add_account(session, name, password=PASSWORD)
    plain.close()


def test_a_token_ends_is_taken_back_and_is_nowhere_to_be_read(database: Database, add_person: AddPerson) -> None:
    person, other = add_person("a.one"), add_person("b.two")
    with database.write() as session:
        token = make_api_token(session, find_account(session, "a.one"), "QGIS\x1b[31m", days=30)
    asker = find_api_token(database, token)
    assert asker is not None
    assert (asker.person.name, asker.form_token) == ("a.one", None)
    with database.read() as session:
        held = list_api_tokens(session, person.id)
        assert [one.label for one in held] == ["QGIS [31m"]
        assert list_api_tokens(session, other.id) == []
        token_id = name_token(held[0])
    assert token_id not in token
    with pytest.raises(NotFoundError), database.write() as session:
        revoke_api_token(session, other.id, token_id)
    assert find_api_token(database, token) is not None
    with database.write() as session:
        revoke_api_token(session, person.id, token_id)
    assert find_api_token(database, token) is None


def test_a_token_that_has_ended_opens_nothing(database: Database, add_person: AddPerson) -> None:
    add_person("a.one")
    with database.write() as session:
        token = make_api_token(session, find_account(session, "a.one"), "QGIS", days=1)
        session.flush()
        for held in session.query(ApiToken):
            held.ends_at = read_clock() - dt.timedelta(seconds=1)
    assert find_api_token(database, token) is None
    with database.read() as session:
        assert list_api_tokens(session) == []


@pytest.mark.parametrize(
    ("label", "days", "said"),
    [
        ("", 5, "needs a `label`"),
        (" \n", 5, "needs a `label`"),
        ("a", 0, "lasts 1 to"),
        ("a", MAX_DAYS + 1, "lasts 1 to"),
    ],
)
def test_a_token_has_a_label_and_an_end(label: str, days: int, said: str, plain: Database) -> None:
    with plain.write() as session:
        account = add_account(session, "a.one", password=PASSWORD)
        with pytest.raises(ParameterError, match=said):
            make_api_token(session, account, label, days=days)
        for _ in range(MAX_TOKENS):
            make_api_token(session, account, "one", days=1)
        with pytest.raises(ParameterError, match="at most 20 tokens"):
            make_api_token(session, account, "one", days=1)
    plain.close()


def test_another_password_and_a_disabled_account_end_tokens(
    database: Database, service: ServiceSettings, add_person: AddPerson
) -> None:
    add_person("a.one")
    ends: list[Callable[[Session, Account], None]] = [
        lambda session, account: change_password(session, account, hash_new_password(PASSWORD)),
        disable_account,
    ]
    for end in ends:
        with database.write() as session:
            token = make_api_token(session, find_account(session, "a.one"), "QGIS", days=1)
        assert find_api_token(database, token) is not None
        with database.write() as session:
            end(session, find_account(session, "a.one"))
        assert find_api_token(database, token) is None
    with database.write() as session:
        enable_account(session, find_account(session, "a.one"))
    assert sign_in(database, "a.one", PASSWORD, address="", settings=service)


def test_wards_of_a_team_are_known_by_code_and_by_name(
    tmp_path: Path, service: ServiceSettings, square_wards: gpd.GeoDataFrame
) -> None:
    path = tmp_path / "wards.gpkg"
    square_wards.set_index(square_wards.index.map(lambda code: f"E0500000{ord(code) - 64}")).reset_index().to_file(path)
    settings = Settings(boundaries=(path,))
    assert read_ward_names(settings, service) == {
        "E05000001": "Ash", "E05000002": "Beech", "E05000003": "Cedar", "E05000004": "Date"
    }  # fmt: skip
    assert choose_wards(settings, service, ["cedar", "E05000001"]) == ["E05000001", "E05000003"]
    assert choose_wards(settings, service, []) == []
    with pytest.raises(NotFoundError, match="such as Ash"):
        choose_wards(settings, service, ["ashh"])


def test_wards_are_read_again_when_a_file_in_their_folder_is_another_one(
    service: ServiceSettings, put_wards: dict[str, str], square_wards: gpd.GeoDataFrame
) -> None:
    assert read_ward_names(Settings(), service) == put_wards
    path = service.workspace / "data" / "boundaries" / "wards.gpkg"
    folder_changed_at = path.parent.stat().st_mtime
    path.write_bytes(write_wards(square_wards.assign(ward_name=["Elm", "Fir", "Gorse", "Hazel"])))
    os.utime(path.parent, (folder_changed_at, folder_changed_at))  # what is written into a file leaves its folder as is
    assert set(read_ward_names(Settings(), service).values()) == {"Elm", "Fir", "Gorse", "Hazel"}


def write_wards(wards: gpd.GeoDataFrame) -> bytes:
    written = io.BytesIO()
    wards.reset_index().to_file(written, driver="GPKG")
    return written.getvalue()
