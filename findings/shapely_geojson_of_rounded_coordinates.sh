#!/bin/sh
# shapely 2.2.0 (GEOS 3.14.1): `to_geojson` writes 51.480715, which is a number that Python has, as 51.480714999999996.
#
# Expected: the shortest digits that read back as the same number, as `to_wkt(rounding_precision=-1)` and Python's own
#   json give; https://shapely.readthedocs.io/en/2.2.0/reference/shapely.to_geojson.html does not say otherwise.
# Behaviour: up to 17 digits of each coordinate, so rounding before writing does not make a file smaller, and RFC 7946's
#   advice on precision (https://datatracker.ietf.org/doc/html/rfc7946#section-11.2) cannot be followed with it.
# Seen on 2026-12-01:
#   to_geojson: {"type":"Point","coordinates":[51.480714999999996,-0.07317800000000001]}
#   json:       {"type": "Point", "coordinates": [51.480715, -0.073178]}
# hotspots/products/files/place_shapes.py writes shapes by json for this reason.
set -eu
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
python3 -m venv "$home/venv"
"$home/venv/bin/pip" install -q --disable-pip-version-check shapely==2.2.0 numpy==2.4.6
"$home/venv/bin/python" - <<'PYTHON'
import json
import sys

import shapely

point = shapely.Point(51.480715, -0.073178)
written, wanted = shapely.to_geojson(point), json.dumps(shapely.geometry.mapping(point))
print("to_geojson:", written)
print("json:      ", wanted)
if json.loads(written) != json.loads(wanted):
    sys.exit("It has changed: the numbers do not even read back as the same.")
if len(written) <= len(wanted):
    sys.exit("It has changed: to_geojson writes the shortest digits now.")
PYTHON
