#!/bin/sh
# opening-hours-py 2.1.4: "SH Mo-Fr 12:00-14:00" is read as school holidays or weekdays, so it is the hours of all weekdays.
#
# Expected: a holiday, a space and weekdays are the days that are both
#   (https://wiki.openstreetmap.org/wiki/Key:opening_hours/specification, "weekday_selector"), as the evaluator in
#   JavaScript on that page's list has it. With "SH" we also expected "unknown", because the library has no calendar of
#   school holidays.
# Behaviour: `normalize` writes "SH,Mo-Fr", which is either. A place that is open 10-18 on weekdays, and 12-14 on those
#   of the holidays, is open 12-14 on every weekday of the year: at 10:30 and 15:30 in term it is said to be closed.
#   "PH Mo-Fr" is read alike. A rule of "SH" alone never holds, nothing is unknown, and `warnings` is empty.
#   opening_hours.js 3.15.0 has both right for "PH"; for "SH" in England it stops, for it has no such calendar.
# Seen on 2026-12-01, of Tuesday 10 November 2026, which is no holiday, at 10:30, 12:30 and 15:30:
#   PH Mo-Fr in Python     closed open closed   normalised to: Mo-Fr 10:00-18:00; PH,Mo-Fr 12:00-14:00
#   SH Mo-Fr in Python     closed open closed   normalised to: Mo-Fr 10:00-18:00; SH,Mo-Fr 12:00-14:00
#   PH Mo-Fr in JavaScript open open open
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check opening-hours-py==2.1.4
"$folder/venv/bin/python" -W error - <<'PY'
import datetime as dt
import sys

from opening_hours import OpeningHours

seen = []
for holiday in ("PH", "SH"):
    hours = OpeningHours(f"Mo-Fr 10:00-18:00; {holiday} Mo-Fr 12:00-14:00", country="GB")
    day = [str(hours.state(dt.datetime(2026, 11, 10, hour, 30))[0]).split(".")[-1].lower() for hour in (10, 12, 15)]
    print(f"{holiday} Mo-Fr in Python     {' '.join(day)}   normalised to: {hours.normalize()}")
    seen.append((day, f"{holiday},Mo-Fr" in str(hours.normalize()), list(hours.warnings)))
same = seen == [(["closed", "open", "closed"], True, [])] * 2
print("as stated" if same else "CHANGED: this is not the behaviour that the finding states")
sys.exit(not same)
PY
if command -v npm >/dev/null; then
  cd "$folder"
  npm init -y >/dev/null
  npm install --silent opening_hours@3.15.0 >/dev/null
  node - <<'JS'
const found = require("opening_hours");
const OpeningHours = found.default || found;
const london = { lat: 51.5, lon: 0, address: { country_code: "gb", state: "England" } };
const hours = new OpeningHours("Mo-Fr 10:00-18:00; PH Mo-Fr 12:00-14:00", london);
const day = [10, 12, 15].map((hour) => (hours.getState(new Date(2026, 10, 10, hour, 30)) ? "open" : "closed"));
console.log(`PH Mo-Fr in JavaScript ${day.join(" ")}`);
process.exit(day.join(" ") === "open open open" ? 0 : 1);
JS
else
  echo "npm is not here: the evaluator in JavaScript is not run"
fi
