"""People who send files and decide on them while the service is killed, and what must be true of the files afterwards.

A file that the service answered for is there, whole, until somebody decides on it; one that is kept is among the
incidents once; one that is discarded is nowhere; and among the incidents there is never a file that nobody sent whole.
"""

from __future__ import annotations

import hashlib
import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import requests
from sqlalchemy import select

from hotspots.service.people import add_account, make_api_token
from hotspots.service.state import AuditRecord, Database, ServiceSettings, Upload, open_database

_HEADER = "Crime Ref,Offence,Date From,Easting,Northing,Location,Data Status\n"
SIZES = (3, 400, 30_000)
"""Rows of a file: the largest takes a second or two to send."""
_PIECE_BYTES, _PIECE_S = 65_536, 0.05
_PATIENCE_S = 10
_UNDECIDED = ("received", "checked", "refused")


@dataclass(slots=True)
class Sending:
    """What was sent, and what the service said to it.

    Attributes:
        sent: SHA-256 of every file that somebody began to send.
        answered: SHA-256 by id of the files that were answered as received.
        decided: What was answered to a decision, by id.
        n_failed: How often an answer did not come.
    """

    sent: set[str] = field(default_factory=set)
    answered: dict[str, str] = field(default_factory=dict)
    decided: dict[str, str] = field(default_factory=dict)
    n_failed: int = 0


def make_senders(database: Database, n: int) -> list[str]:
    """Tokens of so many analysts who may send files."""
    tokens = []
    with database.write() as session:
        for number in range(n):
            account = add_account(session, f"sender{number}", password=None, role="analyst")
            tokens.append(make_api_token(session, account, "sends files", days=1))
    return tokens


class Sender(threading.Thread):
    """Sends one file after the other, and decides on each, until told to end. Whatever fails is tried again."""

    def __init__(
        self,
        tokens: Sequence[str],
        find_address: Callable[[], str],
        sending: Sending,
        *,
        sizes: Sequence[int] = SIZES,
        status: str = "synthetic",
    ) -> None:
        """Make somebody who sends files.

        Args:
            tokens: Of accounts that may.
            find_address: Tells where the service is at this moment.
            sending: What was sent, of all senders.
            sizes: How many rows a file may have.
            status: What files say of themselves; nothing where there are no made-up wards.
        """
        super().__init__(daemon=True)
        self._tokens, self._find_address, self._sending = tokens, find_address, sending
        self._sizes, self._status = sizes, status
        self._is_over = threading.Event()
        self._chance = random.Random()

    def end(self) -> None:
        """Have it end what it is at, and send no other file."""
        self._is_over.set()

    def run(self) -> None:
        """Send, look, decide."""
        while not self._is_over.is_set():
            with requests.Session() as session:
                token = self._chance.choice(self._tokens)  # each may send 60 files an hour
                session.headers["Authorization"] = f"Bearer {token}"
                upload_id = self._send(session)
                if upload_id is not None and self._chance.random() < 0.9:  # some are left undecided
                    self._decide(session, upload_id)

    def _send(self, session: requests.Session) -> str | None:
        content = make_file(self._chance, n_rows=self._chance.choice(self._sizes), status=self._status)
        digest = hashlib.sha256(content).hexdigest()
        self._sending.sent.add(digest)
        name = f"december {self._chance.randrange(10**6)}.csv"
        try:
            said = session.post(
                f"{self._find_address()}/api/v1/uploads", params={"name": name}, data=_cut(content), timeout=_PATIENCE_S
            )
        except requests.RequestException:
            said = None
        if said is None or said.status_code != 201:
            self._wait()
            return None
        self._sending.answered[said.json()["id"]] = digest
        return str(said.json()["id"])

    def _decide(self, session: requests.Session, upload_id: str) -> None:
        """Keep or discard; what was not answered is decided anew, perhaps the other way."""
        is_patient = self._chance.random() < 0.8
        while True:
            status = self._ask(session, "get", upload_id)
            if status == "received" and is_patient:
                time.sleep(0.3)
            elif status in _UNDECIDED:
                wanted = "keep" if status == "checked" and self._chance.random() < 0.6 else "discard"
                answer = self._ask(session, "post", f"{upload_id}/{wanted}")
                if answer is not None:
                    self._sending.decided[upload_id] = answer
            elif status is not None:
                return

    def _ask(self, session: requests.Session, method: str, path: str) -> str | None:
        """The status of a file after a request; None where there was not an answer."""
        try:
            said = session.request(method, f"{self._find_address()}/api/v1/uploads/{path}", timeout=_PATIENCE_S)
        except requests.RequestException:
            said = None
        if said is None or said.status_code != 200:
            self._wait()
            return None
        return str(said.json()["status"])

    def _wait(self) -> None:
        self._sending.n_failed += 1
        time.sleep(0.3)


def make_file(chance: random.Random, *, n_rows: int, status: str) -> bytes:
    """A file of incidents, of which there is no second."""
    first, rest = chance.randrange(10**9), f"178413,Grove Street,{status}\n"
    rows = (
        f"S{first + n},Personal robbery,{1 + n % 28:02}/09/2026 18:05,{536_000 + n % 500},{rest}" for n in range(n_rows)
    )
    return (_HEADER + "".join(rows)).encode()


def serve(address: str, folder: str, port: int) -> None:
    """Be the server, without workers, until killed."""
    from hotspots.service.app import keep_checking, make_server
    from hotspots.settings import Settings

    settings = ServiceSettings(workspace=Path(folder), folder=Path(folder) / "service", port=port)
    database = open_database(address)
    threading.Thread(target=keep_checking, args=(database, Settings(), settings), daemon=True).start()
    logging.disable()
    make_server(Settings(), settings, database).run()


def _cut(content: bytes) -> Iterator[bytes]:
    """A file in pieces, as a slow line sends it."""
    for start in range(0, len(content), _PIECE_BYTES):
        yield content[start : start + _PIECE_BYTES]
        time.sleep(_PIECE_S)


def check_incidents(folder: Path, known: set[str]) -> None:
    """Among what a run reads is nothing that was not sent whole.

    Args:
        folder: Of the incidents.
        known: SHA-256 of all that may be there.
    """
    found = {path: hash_file(path) for path in list_shown(folder)}
    strange = [path.name for path, digest in found.items() if digest not in known]
    assert not strange, f"half a file is among the incidents: {strange}"
    twice = [digest for digest, n in Counter(found.values()).items() if n > 1]
    assert not twice, "a file is among the incidents twice"


def require_uploads(database: Database, settings: ServiceSettings, sending: Sending) -> str:
    """Every file that was answered for is where it belongs, whole and once; what there is, in words."""
    with database.read() as session:
        uploads = {upload.id: upload for upload in session.scalars(select(Upload))}
        records = session.scalars(select(AuditRecord).where(AuditRecord.action.like("% file"))).all()
    acts = Counter((record.action, record.subject) for record in records if record.outcome == "done")
    missing = sending.answered.keys() - uploads.keys()
    assert not missing, f"files that were answered as received are not known: {missing}"
    folder = settings.workspace / "data" / "incidents"
    there = Counter(hash_file(path) for path in list_shown(folder))
    for upload in uploads.values():
        said = f"{upload.id} ({upload.status}, answered {sending.decided.get(upload.id)})"
        assert upload.sha256 == sending.answered.get(upload.id, upload.sha256), said
        assert upload.status != "received", f"{said} was never checked"
        assert upload.status == sending.decided.get(upload.id, upload.status), said
        waiting = settings.incoming / upload.id / upload.file_name
        is_kept, is_undecided = upload.status == "kept", upload.status in _UNDECIDED
        assert waiting.is_file() == is_undecided, f"{said}: its bytes are {'gone' if is_undecided else 'still there'}"
        assert not is_undecided or hash_file(waiting) == upload.sha256, f"{said} is not whole"
        assert there[upload.sha256] == is_kept, f"{said} is {there[upload.sha256]} times among the incidents"
        assert acts["send file", upload.id] == 1, said
        assert acts["keep file", upload.id] == is_kept, said
        assert acts["discard file", upload.id] == (upload.status == "discarded"), said
    hidden = [path.name for path in folder.rglob(".*")]
    assert not hidden, f"left over among the incidents: {hidden}"
    statuses = Counter(upload.status for upload in uploads.values())
    return f"files {dict(statuses)}, {len(sending.answered)} answered, {sending.n_failed} answers that did not come"


def list_shown(folder: Path) -> list[Path]:
    """The files that a run reads."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def hash_file(path: Path) -> str:
    """SHA-256, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
