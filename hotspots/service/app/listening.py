"""Listening: where, with which certificate, and never beyond this machine without accounts and encryption."""

from __future__ import annotations

import threading

import structlog
import uvicorn
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from hotspots.errors import NotFoundError, ParameterError
from hotspots.service.app.application import make_app
from hotspots.service.app.header_deadline import HeaderDeadline
from hotspots.service.door import set_up_logs
from hotspots.service.state import Account, Database, ServiceSettings
from hotspots.service.uploads import check_waiting
from hotspots.settings import Settings

_MOST_CONNECTIONS = 800
"""A browser has up to six. With more than a process may have open, no file could be read any more."""
LOOK_S = 5.0
"""How often is looked for files that wait for their check: usually it begins as soon as one has come."""
_log = structlog.get_logger(__name__)


def require_safe(service: ServiceSettings, database: Database) -> None:
    """Refuse to listen where others could read along, or where nobody can sign in.

    Raises:
        ParameterError: It would listen beyond this machine without encryption, or without an account.
        NotFoundError: A file of the certificate is not there.
    """
    for path in (service.tls_certificate, service.tls_key):
        if path is not None and not path.is_file():
            raise NotFoundError(f"No file {path.as_posix()}. `tls_certificate` and `tls_key` name files in PEM.")
    if service.is_local:
        return
    if not service.is_encrypted:
        raise ParameterError(
            f"Beyond this machine the service speaks HTTPS alone, and `address` is {service.address}. Give "
            "`tls_certificate` and `tls_key`, or `proxies` and `public_address` of a proxy that has them, in [service] "
            "of hotspots.toml (docs/service.md)."
        )
    with database.read() as session:
        n_accounts = session.scalar(select(func.count()).select_from(Account).where(Account.is_active))
    if not n_accounts:
        raise ParameterError(
            "Beyond this machine the service needs accounts, and there is none. Make one: hotspots users add."
        )


def make_server(settings: Settings, service: ServiceSettings, database: Database) -> uvicorn.Server:
    """The server, as it listens here and in tests."""
    config = uvicorn.Config(
        make_app(settings, service, database),
        host=service.address,
        port=service.port,
        ssl_certfile=service.tls_certificate,
        ssl_keyfile=service.tls_key,
        proxy_headers=bool(service.proxies),
        forwarded_allow_ips=[str(proxy) for proxy in service.proxies] or None,
        server_header=False,
        access_log=False,
        log_config=None,
        http=HeaderDeadline,
        ws="none",
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=10,
        h11_max_incomplete_event_size=32_768,
    )
    return uvicorn.Server(config)


def keep_checking(
    database: Database, settings: Settings, service: ServiceSettings, *, is_over: threading.Event | None = None
) -> None:
    """Check files that wait for it, again and again: those from before a restart, and those whose check broke off.

    Args:
        database: Open.
        settings: Of the workspace.
        service: What the service is told.
        is_over: Set when it is to end; None for never.
    """
    is_over = is_over or threading.Event()
    while not is_over.is_set():
        try:
            check_waiting(database, settings, service)
        except SQLAlchemyError as error:
            _log.warning("files not checked", kind=type(error).__name__)
        except Exception:  # whatever it is, the files that come later are to be checked
            _log.exception("files not checked")
        is_over.wait(LOOK_S)


def listen(settings: Settings, service: ServiceSettings, database: Database) -> None:
    """Serve until the process is told to end."""
    require_safe(service, database)
    service.make_folder()
    set_up_logs()
    threading.Thread(target=keep_checking, args=(database, settings, service), daemon=True).start()
    make_server(settings, service, database).run()
