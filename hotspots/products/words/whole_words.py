"""Hours as "15:00-17:59" and grid references as "TQ 342 768" on a page, which no end of a line may break in two."""

from __future__ import annotations

import re

import jinja2

_WHOLE = re.compile(
    r"<(script|style|svg|title|option)\b.*?</\1>"  # what holds no words of the page, or no elements
    r"|<[^>]*>"
    r"|(\d\d:\d\d-\d\d:\d\d|\b[HJNOST][A-Z] \d{3} \d{3}\b)",
    re.DOTALL,
)


class PageTemplate(jinja2.Template):
    """A template whose page keeps its hours and grid references whole."""

    def render(self, *args: object, **values: object) -> str:
        """The page; what is no page is as it was written."""
        written = super().render(*args, **values)
        return keep_whole(written) if str(self.name).endswith(".html") else written


def keep_whole(page: str) -> str:
    """HTML with what is whole in an element that is not broken: a browser breaks it at the hyphen or the space."""
    return _WHOLE.sub(lambda found: f'<em class="whole">{found[2]}</em>' if found[2] else found[0], page)
