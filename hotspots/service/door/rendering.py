"""Pages made of templates: those of the service, over the styles, filters and words of the products."""

from __future__ import annotations

import functools
import hashlib
from importlib import resources
from typing import Any

import jinja2
from fastapi.responses import HTMLResponse

from hotspots.products.words import make_environment
from hotspots.service.door.service_context import ServiceContext


@functools.cache
def make_templates() -> jinja2.Environment:
    """The environment of the pages."""
    products = make_environment()
    loader = jinja2.ChoiceLoader([jinja2.PackageLoader("hotspots.service"), jinja2.PackageLoader("hotspots.products")])
    templates = products.overlay(loader=loader, bytecode_cache=None, optimized=True)
    templates.globals = {**products.globals, "asset": name_asset}
    return templates


def render(context: ServiceContext, template: str, **values: Any) -> HTMLResponse:
    """A page. Templates see `house`, and whatever is given: `person` and `form_token` of who asks."""
    page = context.templates.get_template(template).render(house=context.settings.house, **values)
    return HTMLResponse(page)


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
