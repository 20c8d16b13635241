"""Words that people use for opening hours, as the letters that the grammar of opening hours knows."""

from __future__ import annotations

import re

from hotspots.ingest.reference.opening_rules import MONTHS, WEEKDAYS

REMARK = "\N{PILCROW SIGN}"
BEFORE, AFTER = "\N{CIRCLED MINUS}", "\N{CIRCLED PLUS}"
"""Between what the sun does and how long before or after it: "sunset", BEFORE, "01:00"."""

_DASHES = "[-\u2010-\u2015\u2212~]"
_SUN = "(dawn|sunrise|sunset|dusk)"

# What people write, as the letters that the grammar below knows. In order: later words stand in what earlier ones left.
_WORDS = {
    rf"\(\s*{_SUN}\s*{_DASHES}\s*(\d\d?:\d\d)\s*\)": rf"\1{BEFORE}\2",
    rf"\(\s*{_SUN}\s*\+\s*(\d\d?:\d\d)\s*\)": rf"\1{AFTER}\2",
    r"\bgood friday\b": "easter -2 days",
    r"\beaster monday\b": "easter +1 day",
    r"<br\s*/?>|[\r\n]+": " ; ",
    r"[_()\s]+": " ",
    r"[\u2010-\u2015\u2212~]": "-",
    r"\b24 ?(?:hours|hrs)(?: a day)?,? ?(?:7|seven) days a week\b": "00:00-24:00",
    r"\b24 ?/ ?7\b|\b24 ?(?:hours|hrs)(?: a day)?\b": "00:00-24:00",
    r"\b(?:daily|every ?day|(?:7|seven) days a week)\b": "mo-su",
    r"\bweekdays?\b": "mo-fr",
    r"\bweekends?\b": "sa,su",
    r"\b(?:bank|public) ?-?(?:holidays?|hols?)\b": "ph",
    r"\b(?:school) ?-?(?:holidays?|hols?|vacations?)\b": "sh",
    r"\b(?:closed|shut)\b": "off",
    r"[,;]? ?\b(?:except|excluding|excl\.?)(?: for| on| in)? ([ps]h)\b": r"; \1 off",
    r"\boff on\b": "off",
    r"\b(?:12 ?)?(?:noon|midday)\b": "12pm",
    r"\b(?:12 ?)?midnight\b": "00:00",
    r"(?<=\d) ?([ap])\.? ?m\b\.?": r"\1m",
    r"(?<=\d) ?hrs?\b": "",
    r" ?-? ?\b(?:till?|until)? ?\blate\b": "+",
    r" ?\b(?:to|till?|until|through|thru)\b ?": "-",
    r" ?(?:\band\b|&) ?": ",",
    r"^open(?:ing)?\b(?: (?:hours|times)\b)? ?:?": "",
}
_DAY_NAMES = (
    r"mo(?:n|ndays?)?",
    r"tu(?:es?|esdays?)?",
    r"we(?:ds?|dnesdays?)?",
    r"th(?:u|urs?|ursdays?)?",
    r"fr(?:i|idays?)?",
    r"sa(?:t|turdays?)?",
    r"su(?:n|ndays?)?",
)
_MONTH_NAMES = (
    *(r"jan(?:uary)?", r"feb(?:ruary)?", r"mar(?:ch)?", r"apr(?:il)?", "may", "june?", "july?", r"aug(?:ust)?"),
    *(r"sept?(?:ember)?", r"oct(?:ober)?", r"nov(?:ember)?", r"dec(?:ember)?"),
)
_SUBSTITUTES = [
    *((re.compile(pattern), word) for pattern, word in _WORDS.items()),
    # A digit may follow at once, as in "Mo09:00"; a letter may not.
    *(
        (re.compile(rf"\b(?:{name})\.?(?![^\W\d_])"), day.lower())
        for name, day in zip(_DAY_NAMES, WEEKDAYS, strict=True)
    ),
    *(
        (re.compile(rf"\b(?:{name})\.?(?![^\W\d_])"), month.lower())
        for name, month in zip(_MONTH_NAMES, MONTHS, strict=True)
    ),
]


def substitute(text: str) -> str:
    """A text in the letters of the grammar; what stands in quotes is a `REMARK`."""
    text = re.sub(r'"[^"]*"', REMARK, re.sub("[\u201c\u201d\u201e]", '"', text.casefold()))
    for pattern, word in _SUBSTITUTES:
        text = pattern.sub(word, text)
    return text.strip(" ;,.")
