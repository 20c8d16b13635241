"""Hours as "15:00-17:59" on a page, which no end of a line may break in two."""

from __future__ import annotations

import re

import jinja2

_HOURS = re.compile(
    r"<(script|style|svg|title|option)\b.*?</\1>"  # what holds no words of the page, or no elements
    r"|<[^>]*>"
    r"|(\d\d:\d\d-\d\d:\d\d)",
    re.DOTALL,
)


class PageTemplate(jinja2.Template):
    """A template whose page keeps its hours whole."""

    def render(self, *args: object, **values: object) -> str:
        """The page; what is no page is as it was written."""
        written = super().render(*args, **values)
        return keep_hours(written) if str(self.name).endswith(".html") else written


def keep_hours(page: str) -> str:
    """HTML with every hours of its words in an element that is not broken: a browser breaks them at the hyphen."""
    return _HOURS.sub(lambda found: f'<em class="whole">{found[2]}</em>' if found[2] else found[0], page)
