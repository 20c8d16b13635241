"""What the service is told: the table `[service]` of `hotspots.toml`."""

from __future__ import annotations

import os
import stat
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hotspots.errors import ParameterError, suggest_word
from hotspots.service.state.retention_settings import RetentionSettings
from hotspots.service.state.rights import Role, Tier, require_fitting
from hotspots.service.state.schedule_settings import NoticeSettings, Schedule
from hotspots.settings import FILE_NAME, Settings, load_settings

DATABASE_VARIABLE = "HOTSPOTS_DATABASE"
"""Environment variable with the address of the database: an address has a password in it, which files should not."""
METRICS_VARIABLE = "HOTSPOTS_METRICS_TOKEN"
"""Environment variable with the token of Prometheus."""

_MEGABYTE = 2**20
_SECRETS = {"database": DATABASE_VARIABLE, "metrics_token": METRICS_VARIABLE}
"""Settings that are not repeated in messages, and may be given beside the file."""
_OWN_NAMES = ("127.0.0.1", "localhost", "::1", "[::1]")


class GroupRights(BaseModel):
    """What the members of a group may do, in an organisation that vouches for them.

    Attributes:
        role: What they may do.
        tier: Of which audience they are.
        wards: Codes of the wards of their team; empty for all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Role = "viewer"
    tier: Tier = "partner"
    wards: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _require_fitting(self) -> GroupRights:
        require_fitting(self.role, self.tier, self.wards)
        return self


class SignInElsewhere(BaseModel):
    """An organisation that vouches for people by OpenID Connect, such as a tenant of Entra ID.

    Attributes:
        issuer: Its address, exactly as it names itself.
        client_id: What it calls this service. The secret is in the environment variable HOTSPOTS_OIDC_SECRET.
        label: Of the button.
        name_claim: Claim that holds the name of the account. It must be one that only the organisation can set.
        groups_claim: Claim that lists groups.
        groups: Rights by group; the first that somebody is in counts. Where there are any, they alone decide, at each
            sign-in, and accounts are made by themselves; where there are none, an account has to be made before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: Annotated[str, Field(pattern=r"^(https://|http://(localhost|127\.0\.0\.1)[:/])\S+$", max_length=400)]
    client_id: Annotated[str, Field(min_length=1, max_length=200)]
    label: Annotated[str, Field(min_length=1, max_length=80)] = "Sign in with your organisation"
    name_claim: str = "preferred_username"
    groups_claim: str = "groups"
    groups: dict[str, GroupRights] = Field(default_factory=dict)


class ServiceSettings(BaseModel):
    """What the service is told; without settings, that it is for one machine.

    Attributes:
        workspace: The folder of `hotspots.toml`, in which runs are made.
        address, port: Where the service listens.
        database: Address of a PostgreSQL database, `postgresql+psycopg://name@host/database`; None for a file in
            `folder`. The environment variable HOTSPOTS_DATABASE comes before it.
        folder: Where the service keeps products, uploads and its own database.
        tls_certificate, tls_key: Files in PEM of the certificate, for HTTPS without a proxy.
        proxies: Addresses of the proxies before the service: they have the certificate, and say who asks.
        public_address: What people type, "https://hotspots.example.org": needed behind a proxy.
        max_upload_mb: Size of a file that may be sent.
        max_memory_mb: Memory that one job may use.
        max_minutes: How long one job may take.
        workers: Jobs at work at once.
        session_minutes: After so many minutes without a page, one has to sign in again.
        session_hours: After so many hours one has to in any case.
        schedules: Jobs that are asked for by themselves.
        notices: Who is told when such a job has ended; None for nobody.
        retention: How long things are kept.
        sign_in_elsewhere: An organisation that vouches for people; None where all have a password here.
        metrics_token: What Prometheus sends to be told counts; None for admins alone. The environment variable
            HOTSPOTS_METRICS_TOKEN comes before it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    workspace: Path = Path()
    address: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8765
    database: str | None = None
    folder: Path = Path("service")
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    public_address: Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.:\[\]-]+$")] | None = None
    max_upload_mb: Annotated[int, Field(ge=1, le=10_000)] = 500
    max_memory_mb: Annotated[int, Field(ge=500, le=1_000_000)] = 4_000
    max_minutes: Annotated[int, Field(ge=1, le=1_440)] = 60
    workers: Annotated[int, Field(ge=1, le=32)] = 1
    session_minutes: Annotated[int, Field(ge=1, le=1_440)] = 60
    session_hours: Annotated[int, Field(ge=1, le=168)] = 12
    schedules: tuple[Schedule, ...] = ()
    notices: NoticeSettings | None = None
    retention: RetentionSettings = RetentionSettings()
    sign_in_elsewhere: SignInElsewhere | None = None
    metrics_token: Annotated[str, Field(min_length=20, max_length=200)] | None = None

    @model_validator(mode="after")
    def _require_both_tls_files(self) -> ServiceSettings:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("`tls_certificate` and `tls_key` go together. Give both or neither")
        if self.proxies and not (self.public_address or "").startswith("https://"):
            raise ValueError("behind `proxies` people come by HTTPS. Give `public_address` as https://...")
        return self

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the service."""
        if self.address == "localhost":
            return True
        try:
            return ip_address(self.address).is_loopback
        except ValueError:
            return False

    @property
    def own_address(self) -> str:
        """How people reach the service: as it was set, never as a request says."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        scheme = "https" if self.tls_certificate else "http"
        return self.public_address or f"{scheme}://{host}:{self.port}"

    @property
    def is_encrypted(self) -> bool:
        """Whether people come by HTTPS, here or as far as the proxy."""
        return self.tls_certificate is not None or bool(self.proxies)

    @property
    def host_names(self) -> list[str]:
        """By which names the service is asked for; any, where it is not told its own.

        A page of somebody else whose name is made to lead to this machine asks by that name, and is refused.
        """
        if self.public_address is None and not self.is_local:
            return ["*"]
        own = urlsplit(self.public_address).hostname if self.public_address else None
        return [*_OWN_NAMES, self.address, *([own] if own else [])]

    @property
    def database_address(self) -> str:
        """Of the database, as SQLAlchemy takes it."""
        return self.database or f"sqlite:///{(self.folder / 'hotspots.db').as_posix()}"

    @property
    def max_upload_bytes(self) -> int:
        """Size of a file that may be sent, in bytes."""
        return self.max_upload_mb * _MEGABYTE

    def make_folder(self) -> None:
        """Make the folder of the service if it is not there. Whoever else is on the machine reads nothing in it."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        mode = stat.S_IMODE(self.folder.stat().st_mode)
        if mode & stat.S_IRWXO:
            self.folder.chmod(mode & ~stat.S_IRWXO)

    @property
    def shelf(self) -> Path:
        """Folder of finished products: one folder for each job, never changed."""
        return self.folder / "shelf"

    @property
    def incoming(self) -> Path:
        """Folder of uploads that nobody has decided on."""
        return self.folder / "incoming"

    @property
    def bench(self) -> Path:
        """Folder in which jobs are at work: what is in it is shown to nobody."""
        return self.folder / "bench"


def load_service_settings(path: Path | None = None) -> tuple[Settings, ServiceSettings]:
    """Read the settings of a workspace and of the service in it.

    Args:
        path: The file of settings; by default `hotspots.toml` in the working directory, if it is there. Paths in it
            are relative to the folder that it is in.

    Raises:
        NotFoundError: The file named is not there.
        ParameterError: A setting is not known, or not what it has to be.
    """
    settings = load_settings(path)
    workspace = (path or Path(FILE_NAME)).parent.resolve()
    given = dict(settings.service)
    if "workspace" in given:
        raise ParameterError(
            f"{FILE_NAME}: service.workspace is the folder of that file, and cannot be set. Remove it."
        )
    for name, variable in _SECRETS.items():
        if os.environ.get(variable):
            given[name] = os.environ[variable]
    try:
        service = ServiceSettings(workspace=workspace, **given)
    except ValidationError as error:
        raise _say(error) from None
    located = {
        name: workspace / value
        for name in ("folder", "tls_certificate", "tls_key")
        if (value := getattr(service, name)) is not None
    }
    return settings, service.model_copy(update=located)


def _say(error: ValidationError) -> ParameterError:
    """The first mistake, without what was given where that is an address with a password in it."""
    first = error.errors(include_url=False)[0]
    name = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        known = [known for known in ServiceSettings.model_fields if known != "workspace"]
        hint = suggest_word(name, known) or f" It takes: {', '.join(known)}."
        return ParameterError(f'{FILE_NAME}: [service] has an unknown key "{name}".{hint}')
    given = "" if name in _SECRETS or not name else f", not {first['input']!r}"
    rule = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    where = f"service.{name}" if name else "[service]"
    return ParameterError(f"{FILE_NAME}: {where}: {rule}{given}. Correct it, or leave it out.")
