"""Tracks of GPX files as a table of their points, opened only if the file is GPX and nothing else."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator
from xml.parsers import expat

import pyogrio

from hotspots.errors import DataError
from hotspots.ingest.formats.bounds import MAX_WHOLE_BYTES
from hotspots.ingest.formats.input_files import FoundFile
from hotspots.ingest.formats.table import SAMPLE_ROWS, Chunk, Table, chunk_of_frame

_COLUMNS = ("track", "time", "latitude", "longitude")
_BLOCK_BYTES = 1024**2


def open_gpx(file: FoundFile) -> Table:
    """The points of all tracks of a GPX file, in their order: the number of their track, time, latitude and longitude.

    Names of tracks, which are often those of people, are not read.

    Raises:
        DataError: It is not GPX, too large, or damaged.
    """
    _require_gpx(file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            points = pyogrio.read_dataframe(
                str(file.path.resolve()),
                layer="track_points",
                columns=["track_fid", "time"],
                # as text: its zone is then read as that of other texts is
                datetime_as_string=True,
            )
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
        raise DataError(
            f"{file.label} cannot be read as GPX, although it begins as GPX does. Export it again, in UTF-8."
        ) from error
    frame = points[["track_fid", "time"]].set_axis(["track", "time"], axis=1)
    frame = frame.assign(latitude=points.geometry.y, longitude=points.geometry.x)

    def read(columns: Collection[str], n_rows: int | None = None) -> Iterator[Chunk]:
        yield chunk_of_frame(frame.loc[:, [name for name in _COLUMNS if name in columns]].iloc[:n_rows])

    return Table(
        label=file.label,
        kind="GPX",
        sha256=file.sha256,
        header=_COLUMNS,
        read=read,
        read_start=lambda columns: read(columns, SAMPLE_ROWS),
    )


def _require_gpx(file: FoundFile) -> None:
    """Refuse what GDAL could take for another kind of file, and what unpacks itself into more."""
    root = ""
    is_foreign = False

    def start(name: str, _: object) -> None:
        nonlocal root
        root = root or name

    def refuse(*_: object) -> None:
        nonlocal is_foreign
        is_foreign = True

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = refuse
    wrong = DataError(f"{file.label} is not GPX: its content is not that of a .gpx file. Export the tracks as GPX.")
    n_bytes = 0
    try:
        with file.start() as opened:
            while block := opened.read(_BLOCK_BYTES):
                n_bytes += len(block)
                if n_bytes > MAX_WHOLE_BYTES:
                    raise DataError(
                        f"A file of this kind may have {MAX_WHOLE_BYTES // 1024**2} MB; {file.label} is larger. "
                        "Export fewer days at a time, or save it as CSV."
                    )
                parser.Parse(block, False)
                if is_foreign or (root and root.rpartition(":")[2].lower() != "gpx"):
                    raise wrong
            parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise (error if isinstance(error, DataError) else wrong) from error
