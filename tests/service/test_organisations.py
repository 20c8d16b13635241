"""Signing in at an organisation: against a real identity provider on this machine."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from fastapi.testclient import TestClient
from limits import RateLimitItemPerMinute
from pytest_iam import Server
from service_fixtures import PASSWORD
from sqlalchemy import select

from hotspots.errors import ParameterError
from hotspots.service.app import make_app
from hotspots.service.door import LIMITS
from hotspots.service.people import (
    NotSignedInError,
    add_account,
    admit_from_elsewhere,
    find_account,
    find_api_token,
    make_api_token,
)
from hotspots.service.state import (
    Account,
    AuditRecord,
    Database,
    GroupRights,
    ServiceSettings,
    SignInElsewhere,
    open_database,
)
from hotspots.settings import Settings

OWN = "http://127.0.0.1:8765"
ISSUER = "https://login.example.org/tenant"


@pytest.fixture
def sqlite(tmp_path: Any) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{(tmp_path / 'hotspots.db').as_posix()}")
    yield opened
    opened.close()


@pytest.fixture
def provider(iam_server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Server, SignInElsewhere]]:
    """The provider with this service among its clients."""
    monkeypatch.setenv("HOTSPOTS_OIDC_SECRET", "secret-of-a-test")
    client = iam_server.models.Client(
        client_id=f"hotspots-{uuid.uuid4()}",
        client_secret="secret-of-a-test",
        client_name="Hotspots",
        client_uri=OWN,
        redirect_uris=[f"{OWN}/sign-in/elsewhere/done"],
        grant_types=["authorization_code"],
        response_types=["code"],
        scope=["openid", "profile", "groups"],
        token_endpoint_auth_method="client_secret_basic",
    )
    iam_server.backend.save(client)
    iam_server.backend.update(client, audience=[client])
    iam_server.backend.save(client)
    allow = iam_server.login

    def login(user: Any) -> None:
        iam_server.consent(user, client)
        allow(user)

    monkeypatch.setattr(iam_server, "login", login)
    yield iam_server, SignInElsewhere(issuer=iam_server.url.rstrip("/"), client_id=client.client_id)
    iam_server.backend.delete(client)


def go_and_come_back(client: TestClient) -> Any:
    """As a browser does it that has signed in at the provider."""
    sent = client.get("/sign-in/elsewhere", params={"next": "/password"})
    assert sent.status_code == 302, sent.text
    asked = parse_qs(urlsplit(sent.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["nonce"][0]) >= 16 <= len(asked["state"][0])
    answer = requests.get(sent.headers["location"], allow_redirects=False, timeout=20)
    assert answer.is_redirect, answer.text
    assert answer.headers["location"].startswith(f"{OWN}/sign-in/elsewhere/done?")
    return client.get(answer.headers["location"].removeprefix(OWN))


def test_somebody_signs_in_at_their_organisation_and_is_known_again(
    provider: tuple[Server, SignInElsewhere], sqlite: Database, service: ServiceSettings
) -> None:
    server, elsewhere = provider
    user = server.random_user(user_name="j.smith", display_name="j.smith")
    told = service.model_copy(update={"sign_in_elsewhere": elsewhere})
    with sqlite.write() as session:
        add_account(session, "j.smith", password=None, tier="partner")
    app = make_app(Settings(), told, sqlite)
    server.login(user)
    with TestClient(app, base_url=OWN, follow_redirects=False) as client:
        assert elsewhere.label in client.get("/sign-in").text
        done = go_and_come_back(client)
        assert (done.status_code, done.headers["location"]) == (303, "/password")
        assert client.get("/").status_code == 200
        with sqlite.read() as session:
            subject = session.scalars(select(Account.subject)).one()
        assert subject
        again = client.get(str(done.request.url).removeprefix(OWN))  # the same answer a second time
        assert (again.status_code, "expired" in again.text) == (401, True)
    with TestClient(app, base_url=OWN, follow_redirects=False) as stranger:
        planted = stranger.get("/sign-in/elsewhere/done?code=x&state=y")
        assert (planted.status_code, "set-cookie" in planted.headers) == (401, False)
    server.logout()


def test_what_was_said_to_another_service_is_refused(
    provider: tuple[Server, SignInElsewhere], sqlite: Database, service: ServiceSettings
) -> None:
    server, elsewhere = provider
    (client_there,) = server.backend.query(server.models.Client, client_id=elsewhere.client_id)
    server.backend.update(client_there, audience=[])
    server.backend.save(client_there)
    with sqlite.write() as session:
        add_account(session, "j.smith", password=None)
    told = service.model_copy(update={"sign_in_elsewhere": elsewhere})
    server.login(server.random_user(user_name="j.smith", display_name="j.smith"))
    with TestClient(make_app(Settings(), told, sqlite), base_url=OWN, follow_redirects=False) as client:
        assert go_and_come_back(client).status_code == 401
        assert client.get("/").status_code == 303
    server.logout()


def test_who_has_no_account_here_is_refused(
    provider: tuple[Server, SignInElsewhere], sqlite: Database, service: ServiceSettings
) -> None:
    server, elsewhere = provider
    told = service.model_copy(update={"sign_in_elsewhere": elsewhere})
    server.login(server.random_user(user_name="a.stranger", display_name="a.stranger"))
    with TestClient(make_app(Settings(), told, sqlite), base_url=OWN, follow_redirects=False) as client:
        refused = go_and_come_back(client)
        assert (refused.status_code, "you have no account here" in refused.text) == (401, True)
        assert client.get("/").status_code == 303
    server.logout()


def test_without_an_organisation_there_is_no_such_page(open_client: Callable[..., TestClient]) -> None:
    client = open_client()
    assert "/sign-in/elsewhere" not in client.get("/sign-in").text
    assert client.get("/sign-in/elsewhere").status_code == 404


def admit(database: Database, service: ServiceSettings, claims: dict[str, Any], **options: Any) -> str:
    elsewhere = SignInElsewhere(issuer=ISSUER, client_id="x", **options)
    told = service.model_copy(update={"sign_in_elsewhere": elsewhere})
    return admit_from_elsewhere(database, claims, address="127.0.0.1", settings=told)


def find(database: Database, name: str) -> Account:
    with database.read() as session:
        return session.scalars(select(Account).where(Account.name == name)).one()


def test_an_account_with_a_password_is_not_taken_over(
    database: Database, service: ServiceSettings, add_person: Callable[..., Account]
) -> None:
    add_person("admin", role="admin")
    with pytest.raises(NotSignedInError, match="no account here"):
        admit(database, service, {"sub": "1", "preferred_username": "admin"})


def test_a_name_given_to_somebody_else_does_not_lead_to_the_account(
    database: Database, service: ServiceSettings
) -> None:
    with database.write() as session:
        add_account(session, "j.smith", password=None)
    admit(database, service, {"sub": "1", "preferred_username": "j.smith"})
    with pytest.raises(NotSignedInError):
        admit(database, service, {"sub": "2", "preferred_username": "j.smith"})
    admit(database, service, {"sub": "1", "preferred_username": "j.jones"})  # whose name has changed


def test_groups_decide_at_each_sign_in(database: Database, service: ServiceSettings) -> None:
    groups = {
        "analysts": GroupRights(role="analyst", tier="tasking"),
        "evelyn": GroupRights(tier="tasking", wards=("E05000001",)),
    }
    claims = {"sub": "1", "preferred_username": "J.Smith", "name": "Jo Smith\0", "groups": ["evelyn", "other"]}
    admit(database, service, claims, groups=groups)
    made = find(database, "j.smith")
    assert (made.role, made.tier, made.ward_codes, made.full_name) == ("viewer", "tasking", ["E05000001"], "Jo Smith")
    admit(database, service, {**claims, "groups": ["analysts"]}, groups=groups)
    assert (find(database, "j.smith").role, find(database, "j.smith").ward_codes) == ("analyst", [])
    with database.read() as session:
        said = session.execute(select(AuditRecord.action, AuditRecord.subject, AuditRecord.details)).all()
    assert [tuple(one) for one in said if one.action != "sign in"] == [
        ("add account", "j.smith", {"role": "viewer", "tier": "tasking", "ward_codes": ["E05000001"]}),
        ("change account", "j.smith", {"role": "analyst", "ward_codes": []}),
    ]
    with database.write() as session:
        token = make_api_token(session, find_account(session, "j.smith"), "QGIS", days=90)
    for left in (["other"], [], "analysts", None):
        with pytest.raises(NotSignedInError):
            admit(database, service, {**claims, "groups": left}, groups=groups)
        assert find_api_token(database, token) is None  # who has left has no program here that goes on


def test_a_stranger_does_not_have_an_organisation_asked_without_end(
    sqlite: Database, service: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LIMITS, "sign in", RateLimitItemPerMinute(3))
    elsewhere = SignInElsewhere(issuer="http://127.0.0.1:9", client_id="x")
    app = make_app(Settings(), service.model_copy(update={"sign_in_elsewhere": elsewhere}), sqlite)
    with TestClient(app, base_url=OWN, follow_redirects=False) as client:
        paths = ("/sign-in/elsewhere", "/sign-in/elsewhere/done")
        assert [client.get(paths[number % 2]).status_code for number in range(4)] == [502, 401, 502, 429]


@pytest.mark.parametrize("claims", [{}, {"sub": ""}, {"sub": 5}, {"sub": "a\0"}, {"sub": "x" * 401}])
def test_who_is_not_said_to_be_anybody_is_refused(
    claims: dict[str, Any], database: Database, service: ServiceSettings
) -> None:
    with pytest.raises(NotSignedInError):
        admit(database, service, claims)


def test_a_group_cannot_have_rights_that_do_not_go_together() -> None:
    with pytest.raises((ParameterError, ValueError), match="takes the tier tasking"):
        GroupRights(role="analyst", tier="partner")


def test_a_password_does_not_open_an_account_of_elsewhere(
    database: Database, open_client: Callable[..., TestClient]
) -> None:
    with database.write() as session:
        add_account(session, "j.smith", password=None)
    assert open_client().post("/sign-in", data={"name": "j.smith", "password": PASSWORD}).status_code == 401
