"""A notice to an address of the web: to the one of the settings alone, and not into this network."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import Any
from urllib.parse import urlsplit

import requests
import truststore
from requests.adapters import HTTPAdapter

from hotspots.errors import NetworkError
from hotspots.service.state import NoticeSettings

_PATIENCE_S = (5, 15)
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""NAT64 (RFC 6052): the last four bytes are an address of IPv4."""


class ForbiddenAddressError(NetworkError):
    """An address leads into this network, or nowhere."""


def send_webhook(notices: NoticeSettings, message: dict[str, Any]) -> None:
    """Send a message, without following where the server leads.

    The name is looked up once, each address that it has is checked, and the connection goes to the one that was
    checked: a name that leads elsewhere a moment later changes nothing.

    Raises:
        ForbiddenAddressError: The address is of this network or machine, which the settings do not allow.
        NetworkError: The server does not answer, or not with success.
    """
    assert notices.webhook is not None
    with requests.Session() as session:
        session.trust_env = False  # a proxy of the environment would look the name up itself
        host = urlsplit(notices.webhook).hostname or ""
        address = host if notices.webhook_is_inside else find_public_address(host)
        session.mount("https://", _PinnedAdapter(host, address))
        try:
            answer = session.post(
                notices.webhook, json=message, timeout=_PATIENCE_S, allow_redirects=False, stream=True
            )
        except requests.RequestException as error:
            raise NetworkError(f"The webhook does not answer ({type(error).__name__}). Check its address.") from None
        answer.close()  # nobody reads what it says, which may be without end
    if not 200 <= answer.status_code < 300:
        raise NetworkError(f"The webhook answers with status {answer.status_code}. Check its address.")


def find_public_address(host: str) -> str:
    """The first address of a name, if none that it has is of this network.

    Raises:
        ForbiddenAddressError: One is, or there is none.
    """
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        raise ForbiddenAddressError("The address of `webhook` is not known. Check it.") from None
    for address in sorted(found):
        number = ipaddress.ip_address(address.partition("%")[0])
        if not all(one.is_global and not one.is_multicast for one in _list_meant(number)):
            raise ForbiddenAddressError(
                "`webhook` leads to an address of this network, which it may not unless `webhook_is_inside` is true."
            )
    return sorted(found)[0]


def _list_meant(number: IPv4Address | IPv6Address) -> list[IPv4Address | IPv6Address]:
    """An address, and that of IPv4 which it stands for: a gateway passes on what is sent to the one to the other."""
    if isinstance(number, IPv4Address):
        return [number]
    if number.ipv4_mapped:
        return [number.ipv4_mapped]
    teredo = number.teredo[1] if number.teredo else None
    translated = IPv4Address(int(number) & 0xFFFFFFFF) if number in _TRANSLATED else None
    return [number, *(one for one in (number.sixtofour, teredo, translated) if one is not None)]


class _PinnedAdapter(HTTPAdapter):
    """Connects to one address, and checks the certificate for the name."""

    def __init__(self, host: str, address: str) -> None:
        self._host = host
        self._address = address
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Certificates are those that the machine trusts."""
        super().init_poolmanager(*args, ssl_context=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT), **options)

    def get_connection_with_tls_context(self, request: Any, verify: Any, proxies: Any = None, cert: Any = None) -> Any:
        """A connection of the pool, to the address that was checked."""
        parts = urlsplit(request.url)
        _, pool_options = self.build_connection_pool_key_attributes(request, verify, cert)
        return self.poolmanager.connection_from_host(
            host=self._address,
            port=parts.port,
            scheme=parts.scheme,
            pool_kwargs={**pool_options, "server_hostname": self._host, "assert_hostname": self._host},
        )

    def add_headers(self, request: Any, **options: Any) -> None:
        """The name goes into the header, as the server knows itself by it."""
        parts = urlsplit(request.url)
        host = f"[{self._host}]" if ":" in self._host else self._host
        request.headers["Host"] = host if parts.port is None else f"{host}:{parts.port}"
