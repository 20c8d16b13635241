#!/bin/sh
# pyogrio 0.13.0: read_dataframe reads as many rows of a GeoPackage as a table beside the layer says, and no more.
#
# Expected: all rows of the layer. The GeoPackage standard has no number of rows (https://www.geopackage.org/spec/), and
#   the documentation names none among what limits read_dataframe
#   (https://pyogrio.readthedocs.io/en/stable/api.html); GDAL keeps one in gpkg_ogr_contents, to count quickly
#   (https://gdal.org/en/stable/drivers/vector/gpkg.html), and other programs need not know of it.
# Behaviour: where that number is behind, the rows beyond it are missing without an error or a warning; geopandas.read_file
#   does the same. The same call with use_arrow=True, or with any condition, gives all of them.
# Seen on 2026-11-30, of a layer of 12 rows whose stated number is 5:
#   in the layer                      12
#   read_dataframe                     5
#   geopandas.read_file                5
#   read_dataframe, use_arrow=True    12
#   read_dataframe, where="1 = 1"     12
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pyogrio==0.13.0 geopandas==1.2.0 pandas==3.1.1 \
  shapely==2.2.0 pyarrow==26.0.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W error - <<'PY'
import sqlite3
import sys

import geopandas as gpd
import pyogrio
import shapely

points = [shapely.Point(538_000 + n, 175_000) for n in range(12)]
gpd.GeoDataFrame({"number": range(12)}, geometry=points, crs="EPSG:27700").to_file("rows.gpkg", layer="rows")
database = sqlite3.connect("rows.gpkg")
database.execute("UPDATE gpkg_ogr_contents SET feature_count = 5")
database.commit()
counts = {
    "in the layer": database.execute("SELECT count(*) FROM rows").fetchone()[0],
    "read_dataframe": len(pyogrio.read_dataframe("rows.gpkg")),
    "geopandas.read_file": len(gpd.read_file("rows.gpkg")),
    "read_dataframe, use_arrow=True": len(pyogrio.read_dataframe("rows.gpkg", use_arrow=True)),
    'read_dataframe, where="1 = 1"': len(pyogrio.read_dataframe("rows.gpkg", where="1 = 1")),
}
database.close()
for name, n_rows in counts.items():
    print(f"{name:<33}{n_rows:3d}")
same = list(counts.values()) == [12, 5, 5, 12, 12]
print("as stated" if same else "CHANGED: this is not the behaviour that the finding states")
sys.exit(not same)
PY
