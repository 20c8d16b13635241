"""Compiled templates, kept from one run to the next as Python keeps its compiled modules."""

from __future__ import annotations

import contextlib
import importlib.util
import pickle
import sys
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket


class BytecodeCache(jinja2.FileSystemBytecodeCache):
    """The bytecode of a folder's templates, in the `__pycache__` in which Python would keep that of its modules.

    To compile the templates takes longer than to say everything that they say. Jinja compiles a template again when
    its text has changed. A folder that cannot be written is no error, nor a file that cannot be read.

    Args:
        templates: The folder of the templates.
        name: What tells the files of one environment from those of another with the same templates.
        options: What the environment was told, on which the bytecode depends as well as on the text.
    """

    def __init__(self, templates: Path, name: str, options: dict[str, object]) -> None:
        beside = importlib.util.cache_from_source(str(templates / "a_module.py"))
        super().__init__(str(Path(beside).parent), f"{name}-%s.cache")
        self._compiled_by = f"Jinja {jinja2.__version__} {options}"

    def get_source_checksum(self, source: str) -> str:
        """A checksum of the text and of what it is compiled by."""
        return super().get_source_checksum(f"{self._compiled_by}\n{source}")

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket from its file, if that is whole and of the same text."""
        with contextlib.suppress(OSError, EOFError, pickle.UnpicklingError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Write the file of the bucket, unless Python was told to write none."""
        if sys.dont_write_bytecode:
            return
        with contextlib.suppress(OSError):
            Path(self.directory).mkdir(parents=True, exist_ok=True)
            super().dump_bytecode(bucket)
