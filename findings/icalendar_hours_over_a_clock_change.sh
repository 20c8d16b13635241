#!/bin/sh
# icalendar 7.3.2: of a night shift over a change of the clocks, the end or the duration is an hour wrong.
#
# Expected: DURATION:PT9H ends nine hours after the start, and from DTSTART to DTEND is as long as it lasts. RFC 5545 calls
#   hours, minutes and seconds an accurate duration, weeks and days a nominal one
#   (https://www.rfc-editor.org/rfc/rfc5545#section-3.3.6), and the documentation names no exception
#   (https://icalendar.readthedocs.io/).
# Behaviour: Event.end adds the hours to what the clock shows, and Event.duration subtracts what it shows, although start
#   and end have their zone. A shift of nine hours in the night of 25 October 2026 ends an hour too late, and a patrol of
#   two hours in that of 29 March an hour too early. Hours of duty that are added up from such a calendar are an hour off.
#   Events in UTC are right; else change start and end to UTC before they are added to or subtracted.
# Seen on 2026-12-01, of shifts in London:
#   22:00 BST + PT9H      ends 07:00 GMT after 10.0 h, duration 9.0 h
#   22:00 BST - 06:00 GMT ends 06:00 GMT after  9.0 h, duration 8.0 h
#   22:00 GMT + PT8H      ends 06:00 BST after  7.0 h, duration 8.0 h
#   00:30 GMT + PT2H      ends 02:30 BST after  1.0 h, duration 2.0 h
#   21:00 UTC + PT9H      ends 06:00 UTC after  9.0 h, duration 9.0 h
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check icalendar==7.3.2 tzdata==2026.6
"$folder/venv/bin/python" -W error - <<'PY'
import datetime as dt
import sys

import icalendar

SHIFTS = {
    "22:00 BST + PT9H": ("DTSTART;TZID=Europe/London:20261024T220000", "DURATION:PT9H"),
    "22:00 BST - 06:00 GMT": ("DTSTART;TZID=Europe/London:20261024T220000", "DTEND;TZID=Europe/London:20261025T060000"),
    "22:00 GMT + PT8H": ("DTSTART;TZID=Europe/London:20260328T220000", "DURATION:PT8H"),
    "00:30 GMT + PT2H": ("DTSTART;TZID=Europe/London:20260329T003000", "DURATION:PT2H"),
    "21:00 UTC + PT9H": ("DTSTART:20261024T210000Z", "DURATION:PT9H"),
}
events = [
    f"BEGIN:VEVENT\r\nUID:{number}@example.org\r\nDTSTAMP:20260301T000000Z\r\n{start}\r\n{end}\r\nEND:VEVENT\r\n"
    for number, (start, end) in enumerate(SHIFTS.values())
]
text = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example.org//rota//EN\r\n{''.join(events)}END:VCALENDAR\r\n"
seen = []
for name, event in zip(SHIFTS, icalendar.Calendar.from_ical(text).events, strict=True):
    lasts = event.end.astimezone(dt.timezone.utc) - event.start.astimezone(dt.timezone.utc)
    hours, said = (span / dt.timedelta(hours=1) for span in (lasts, event.duration))
    print(f"{name:<21} ends {event.end:%H:%M %Z} after {hours:4.1f} h, duration {said:.1f} h")
    seen.append((hours, said))
same = seen == [(10, 9), (9, 8), (7, 8), (1, 2), (9, 9)]
print("as stated" if same else "CHANGED: this is not the behaviour that the finding states")
sys.exit(not same)
PY
