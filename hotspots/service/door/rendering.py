"""Pages made of templates: those of the service, over the styles, filters and words of the products."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
from fastapi.responses import HTMLResponse

from hotspots.products.words import make_environment, say_date
from hotspots.service.door.service_context import ServiceContext
from hotspots.service.state import find_limits, read_clock


@functools.cache
def make_templates() -> jinja2.Environment:
    """The environment of the pages."""
    products = make_environment()
    loader = jinja2.ChoiceLoader([jinja2.PackageLoader("hotspots.service"), jinja2.PackageLoader("hotspots.products")])
    templates = products.overlay(loader=loader, bytecode_cache=None, optimized=True)
    templates.globals = {**products.globals, "asset": name_asset}
    templates.filters = {**products.filters, "moment": _say_moment, "size": _say_size}
    return templates


def render(context: ServiceContext, template: str, **values: Any) -> HTMLResponse:
    """A page. Templates see `house`, `zone`, `limits` (of what is kept) and what is given, such as `person`."""
    zone = ZoneInfo(context.settings.time_zone)
    limits = find_limits(context.service.retention, read_clock().astimezone(zone).date())
    page = context.templates.get_template(template)
    return HTMLResponse(page.render(house=context.settings.house, zone=zone, limits=limits, **values))


@functools.cache
def read_asset(name: str) -> bytes:
    """A style or script of the pages; the style of the products is part of it."""
    folder = resources.files("hotspots.service").joinpath("static")
    content = folder.joinpath(name).read_bytes()
    if name == "service.css":
        styles = resources.files("hotspots.products").joinpath("templates")
        content = b"\n".join(
            [styles.joinpath("page.css").read_bytes(), content, styles.joinpath("dark.css").read_bytes()]
        )
    return content


def name_asset(name: str) -> str:
    """The address of a style or script, which changes with what is in it."""
    return f"/static/{hashlib.sha256(read_asset(name)).hexdigest()[:16]}/{name}"


def _say_moment(at: dt.datetime, zone: ZoneInfo) -> str:
    """A day and time as clocks there show it: 4 December 2026, 14:05."""
    local = at.astimezone(zone)
    return f"{say_date(local.date())}, {local:%H:%M}"


def _say_size(n_bytes: int) -> str:
    """The size of a file: 12 kB, 3.4 MB."""
    return f"{n_bytes / 1e6:,.1f} MB" if n_bytes >= 1e6 else f"{max(1, round(n_bytes / 1e3))} kB"
