"""A file in a request, as a stream: whoever sends it is known to be allowed to before the first byte of it is taken."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Literal

from fastapi import BackgroundTasks, Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from hotspots.errors import ParameterError
from hotspots.service.door.service_context import ServiceContext
from hotspots.service.people import Person
from hotspots.service.state import Upload
from hotspots.service.uploads import check_waiting, receive_upload

_MAX_FIELDS, _MAX_FIELD_BYTES = 20, 8_192
_AROUND_BYTES = 65_536
"""More than a form is larger than the file in it."""

_Event = tuple[Literal["part", "data", "end"], bytes, bytes]
"""A part with its name and the name of its file (empty: it is a field); some of its content; its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentFile:
    """A file that somebody sends.

    Attributes:
        name: As they call it.
        chunks: Its bytes, as they come.
        fields: Of the form before the file; empty where the file is all that is sent.
        n_declared: How many bytes it has at least, by what the request says; None where that says nothing.
    """

    name: str
    chunks: AsyncIterator[bytes]
    fields: Mapping[str, str]
    n_declared: int | None


async def read_sent_file(request: Request, *, name: str = "") -> SentFile:
    """The file that a request brings: as its whole body, or as a part of a form.

    The parser of the framework would write all of a form to disk before anybody is asked whether it may be sent.

    Args:
        request: Of which nothing was read.
        name: Of the file, where it is the whole body.

    Raises:
        ParameterError: There is no file in the form, or it is not a form.
    """
    length = request.headers.get("content-length", "")
    n_declared = int(length) if length.isascii() and length.isdigit() and len(length) < 19 else None
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data":
        return SentFile(name=name, chunks=request.stream(), fields={}, n_declared=n_declared)
    events = _read_form(request, options.get(b"boundary", b""))
    fields: dict[str, str] = {}
    async for what, part, file_name in events:
        if what == "part" and file_name:
            return SentFile(
                name=file_name.decode("utf-8", "replace"),
                chunks=_read_part(events),
                fields=fields,
                n_declared=None if n_declared is None else max(n_declared - _AROUND_BYTES, 0),
            )
        if what == "part":
            content = b"".join([chunk async for chunk in _read_part(events, most=_MAX_FIELD_BYTES)])
            fields[part.decode("utf-8", "replace")] = content.decode("utf-8", "replace")
            if len(fields) > _MAX_FIELDS:
                break
    raise ParameterError("There is no file in this form. Choose one, and send it again.")


async def _read_part(events: AsyncIterator[_Event], *, most: int | None = None) -> AsyncIterator[bytes]:
    n_bytes = 0
    async for what, content, _ in events:
        if what == "end":
            return
        n_bytes += len(content)
        if most is not None and n_bytes > most:
            raise ParameterError("A field of this form is longer than any that is asked for. Open its page again.")
        yield content
    raise ParameterError("The form broke off before the end of its file. Send it again.")


async def keep_aside(context: ServiceContext, person: Person, sent: SentFile, tasks: BackgroundTasks) -> Upload:
    """Receive a file of incidents, and have it checked as soon as its sender has been answered.

    Raises:
        ParameterError: It is not a file that can be taken.
        TooLargeError: It is larger than the service takes.
    """
    upload = await receive_upload(
        context.database,
        person,
        file_name=sent.name,
        chunks=sent.chunks,
        settings=context.service,
        n_declared=sent.n_declared,
    )
    tasks.add_task(check_waiting, context.database, context.settings, context.service)
    return upload


async def _read_form(request: Request, boundary: bytes) -> AsyncIterator[_Event]:
    form = _Form()
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": form.begin,
                "on_header_field": form.name_header,
                "on_header_value": form.take_header,
                "on_header_end": form.end_header,
                "on_headers_finished": form.open,
                "on_part_data": form.take,
                "on_part_end": form.close,
            },
        )
        async for chunk in request.stream():
            parser.write(chunk)
            events, form.events = form.events, []
            for event in events:
                yield event
    except FormParserError:
        raise ParameterError("What was sent is not a form. Open its page again, and send it from there.") from None


class _Form:
    """What the parser has found since somebody looked."""

    def __init__(self) -> None:
        self.events: list[_Event] = []
        self._header = self._value = b""
        self._disposition: dict[bytes, bytes] = {}

    def begin(self) -> None:
        self._header, self._value, self._disposition = b"", b"", {}

    def name_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def take_header(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = parse_options_header(self._value)[1]
        self._header = self._value = b""

    def open(self) -> None:
        self.events.append(("part", self._disposition.get(b"name", b""), self._disposition.get(b"filename", b"")))

    def take(self, data: bytes, start: int, end: int) -> None:
        self.events.append(("data", data[start:end], b""))

    def close(self) -> None:
        self.events.append(("end", b"", b""))
