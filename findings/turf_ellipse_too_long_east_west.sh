#!/bin/sh
# Turf 7.4.0: the standard deviational ellipse is stretched from east to west, in London 1.6 times.
#
# Expected: an ellipse of about one standard deviation of the points, as ArcGIS and QGIS draw it, whichever way they
#   lie (https://turfjs.org/docs/api/standardDeviationalEllipse). Its axes are 2 sqrt(2) standard deviations long.
# Behaviour: a street of incidents of 1,000 m from east to west gets an ellipse of 1,436 m, and one from north to south
#   an ellipse that is too wide. The axes are computed as degrees of longitude and of latitude; since 7.3.0 the ellipse
#   is drawn by great circles (https://github.com/Turfjs/turf/pull/2739), on which both count as degrees of latitude,
#   so lengths from east to west grow by 1 / cos(latitude). Up to 7.2.0 it was right, as 6.5.0 shows here; but 7.2.0
#   and 7.1.0 come with the new drawing if they are installed now. And semiMajorAxis is the shorter axis, in all.
# Seen on 2026-11-29:
#   right: 894 m along the street, 115 m across
#   6.5.0, street to the east: 894 m from east to west, 115 m from north to south; semiMajorAxis / semiMinorAxis 0.08
#   6.5.0, street to the north: 115 m from east to west, 894 m from north to south; semiMajorAxis / semiMinorAxis 0.21
#   7.4.0, street to the east: 1436 m from east to west, 115 m from north to south; semiMajorAxis / semiMinorAxis 0.08
#   7.4.0, street to the north: 185 m from east to west, 894 m from north to south; semiMajorAxis / semiMinorAxis 0.21
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund @turf/turf@7.4.0 \
  turf6@npm:@turf/standard-deviational-ellipse@6.5.0 >/dev/null
cat > show.mjs <<'JS'
import * as turf from '@turf/turf'
import old from 'turf6'

const LATITUDE = 51.46, LONGITUDE = -0.03 // Lewisham
const metresPerDegree = turf.earthRadius * Math.PI / 180
const shrink = Math.cos(LATITUDE * Math.PI / 180)
const toDegrees = ([x, y]) => [LONGITUDE + x / (metresPerDegree * shrink), LATITUDE + y / metresPerDegree]

// A street of 1,000 m, three incidents side by side at every 100 m; the smallest tilt keeps its axes defined.
const TILT = 0.001
const street = []
for (let i = -5; i <= 5; i++) for (let j = -1; j <= 1; j++) street.push([i * 100 - j * 50 * TILT, j * 50 + i * 100 * TILT])
const sd = axis => Math.sqrt(street.reduce((sum, point) => sum + point[axis] ** 2, 0) / street.length)

const draw = (ellipseOf, points) => {
  const ellipse = ellipseOf(turf.featureCollection(points.map(point => turf.point(toDegrees(point)))))
  const [west, south, east, north] = turf.bbox(ellipse)
  const said = ellipse.properties.standardDeviationalEllipse
  return {
    eastWest: metresPerDegree * (east - west) * shrink,
    northSouth: metresPerDegree * (north - south),
    axes: said.semiMajorAxis / said.semiMinorAxis,
  }
}
const length = 2 * Math.SQRT2 * sd(0), width = 2 * Math.SQRT2 * sd(1)
console.log(`right: ${length.toFixed(0)} m along the street, ${width.toFixed(0)} m across`)
const seen = {}
for (const [version, ellipseOf] of [['6.5.0', old.default ?? old], ['7.4.0', turf.standardDeviationalEllipse]])
  for (const [way, turn] of [['east', p => p], ['north', ([x, y]) => [-y, x]]]) {
    const drawn = draw(ellipseOf, street.map(turn))
    seen[`${version} ${way}`] = drawn
    console.log(`${version}, street to the ${way}: ${drawn.eastWest.toFixed(0)} m from east to west, ` +
      `${drawn.northSouth.toFixed(0)} m from north to south; semiMajorAxis / semiMinorAxis ${drawn.axes.toFixed(2)}`)
  }
const near = (a, b) => Math.abs(a / b - 1) < 0.02
const { '6.5.0 east': oldEast, '7.4.0 east': east, '7.4.0 north': north } = seen
const same = near(oldEast.eastWest, length) && near(east.eastWest, length / shrink) && near(east.northSouth, width) &&
  near(north.northSouth, length) && near(north.eastWest, width / shrink) && east.axes < 1 && north.axes < 1
console.log(same ? 'as stated' : 'CHANGED: this is not the behaviour that the finding states')
process.exit(same ? 0 : 1)
JS
node show.mjs
