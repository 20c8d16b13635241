"""The API against its own description: by requests made up from it, nothing breaks and every answer is as described."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.generation.modes import GenerationMode

from hotspots.service.app import make_app
from hotspots.service.jobs import FIELDS
from hotspots.service.people import make_api_token
from hotspots.service.state import Account, Database, Product, ServiceSettings, open_database
from hotspots.settings import Settings

N_EXAMPLES = 60
JOBS = "POST /api/v1/jobs"
EXPECTED = {"GET /api/v1/me", "GET /api/v1/products", JOBS, "POST /api/v1/uploads"}


@pytest.fixture
def database(service: ServiceSettings) -> Iterator[Database]:
    """One of SQLite: what is asked here is the same on both."""
    opened = open_database(service.database_address)
    yield opened
    opened.close()


def ask_for_what_there_is(body: dict[str, Any]) -> dict[str, Any]:
    """A request for a job that keeps what its kind takes, and names no crime or ward that was made up.

    The description cannot say which crimes a workspace has: by chance alone no job would ever be asked for.
    """
    kept = {name: value for name, value in body.items() if name in {"kind", *FIELDS[body["kind"]]} - {"wards"}}
    return {**kept, **({"crimes": ["robbery"]} if "crimes" in FIELDS[body["kind"]] else {})}


@pytest.mark.slow
@pytest.mark.parametrize(("role", "most"), [("analyst", N_EXAMPLES), ("viewer", N_EXAMPLES // 3)])
def test_every_answer_is_as_it_is_described(
    role: str,
    most: int,
    database: Database,
    service: ServiceSettings,
    add_person: Callable[..., Account],
    add_product: Callable[..., Product],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hotspots.service.door.sent_files.check_waiting", lambda *_: None)  # a process for each file
    account = add_person("program", role=role)
    add_product(
        "Robbery", files={"summary.json": b"{}", "places.geojson": b'{"type":"FeatureCollection","features":[]}'}
    )
    with database.write() as session:
        token = make_api_token(session, account, "contract", days=1)
    headers = {"Authorization": f"Bearer {token}"}
    config = SchemathesisConfig(
        projects=ProjectsConfig(
            default=ProjectConfig(generation=GenerationConfig(deterministic=True, with_security_parameters=False))
        )
    )
    named = service.model_copy(update={"public_address": "http://testserver"})  # as schemathesis calls it
    schema = schemathesis.openapi.from_asgi(
        "/api/v1/openapi.json", make_app(Settings(), named, database), headers=headers, config=config
    )
    found = list(schema.get_all_operations())
    operations = [one.ok() for one in found if isinstance(one, Ok)]
    assert len(operations) == len(found)  # the description of none is wrong
    labels = {operation.label for operation in operations}
    assert labels >= EXPECTED
    statuses: dict[str, set[int]] = {label: set() for label in labels}

    def ask(operation: Any) -> None:
        @settings(
            max_examples=most,
            derandomize=True,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(), is_of_what_there_is=st.booleans())
        def ask_once(case: Any, is_of_what_there_is: bool) -> None:
            is_as_described = case.meta.generation.mode is GenerationMode.POSITIVE
            if operation.label == JOBS and is_as_described and is_of_what_there_is:
                case.body = ask_for_what_there_is(case.body)
            answer = case.call(headers=headers)
            statuses[operation.label].add(answer.status_code)
            case.validate_response(
                answer,
                excluded_checks=[schemathesis.checks.CHECKS.get_one("positive_data_acceptance")],
                headers=headers,
            )

        ask_once()

    for operation in operations:  # each as often as any: by chance, one would be left out
        ask(operation)
    assert all(statuses.values()), statuses
    assert {status for some in statuses.values() for status in some} <= {200, 201, 401, 403, 404, 413, 422}
    if role == "analyst":
        assert statuses[JOBS] >= {201, 422}, statuses
