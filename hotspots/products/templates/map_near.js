// What is known near anything that is found by search, in a straight line: places of the list, and the nearest havens.
const [nNear, nearMetres, insideMetres] = [3, 1000, 75]; // a place is 150 m across
// The least distance from lines of points on the ground, or from one point, in metres.
const metresFrom = (shape, to) => {
  const point = onGround(to);
  const least = Math.min(...shape.flatMap((points) => (points.length < 2 ? points.map((one) => one.distanceTo(point))
    : points.slice(1).map((one, at) => L.LineUtil.pointToSegmentDistance(point, points[at], one)))));
  return least * 2 * Math.PI * L.CRS.Earth.R * Math.cos(L.latLng(to).lat * Math.PI / 180) / 256;
};
const sayMetres = (metres) => (metres < 995 ? `${Math.max(Math.round(metres / 10) * 10, 10)}\u00a0m` : `${(metres / 1000).toFixed(1)}\u00a0km`);
const byDistance = (shape, points) => points.map((at, index) => ({ index, metres: metresFrom(shape, at) }))
  .sort((a, b) => a.metres - b.metres);

const listNear = (shape) => byDistance(shape, view.places.map(({ at }) => at))
  .filter(({ metres }, at) => at < (metres < nearMetres ? nNear : 1))
  .map(({ index, metres }) => ({ index, note: metres <= insideMetres ? view.words.here : sayMetres(metres) }));

// The nearest haven, and where it is not open in the chosen hours the nearest that is.
const sayNearHavens = (shape) => {
  const found = byDistance(shape, havens.map((haven) => haven.getLatLng()))
    .map((one) => ({ ...one, is: isOpen(view.havens[one.index], state.when) }));
  const open = found.find(({ is }) => ["any", "open"].includes(is));
  return [[view.words.nearest, found[0]], [view.words.nearestOpen, open === found[0] ? null : open]]
    .filter(([, one]) => one)
    .map(([head, { index, metres, is }]) => (
      [head, `${fill(view.words.away, { name: view.havens[index].name, distance: sayMetres(metres) })}${view.words.then[is]}`]
    ));
};

// Its card follows the hours. It is ringed for as long as the card is open.
const openNear = ({ name, kind, at, box, shape, known = [], haven = null }) => {
  const style = { color: view.colours.hotspot, weight: 3, fill: false, interactive: false };
  openCard({
    title: name,
    get facts() {
      const is = haven === null ? "any" : isOpen(view.havens[haven], state.when);
      return [
        [view.words.kind, kind], ...(is === "any" ? [] : [[view.words.inHours, view.words.in[is]]]),
        ...known, ...(haven === null ? sayNearHavens(shape) : []),
      ];
    },
    get places() { return listNear(shape); },
    heading: view.places.length ? view.words.nearPlaces : "",
    at, box,
    ring: box ? L.rectangle(box.pad(0.05), style) : L.circleMarker(at, { ...style, radius: 18 }),
  });
  if (isNarrow()) return;
  container.scrollIntoView({ block: "nearest" });
  const key = find(".legend");
  const beside = { paddingTopLeft: [key.open ? key.offsetLeft + key.offsetWidth : 0, 0], paddingBottomRight: [card.offsetWidth, 0] };
  if (box) map.fitBounds(box.pad(0.1), { maxZoom: 16, ...beside, animate: false });
  else goTo(at, Math.max(map.getZoom(), 16));
};
const openHaven = (index) => {
  const { name, lines } = view.havens[index];
  const at = havens[index].getLatLng();
  openNear({
    name, at, kind: view.words.kinds.haven, shape: [[onGround(at)]], haven: index, known: lines.map((line) => ["", line]),
  });
};
havens.forEach((haven, index) => haven.on("click", () => openHaven(index)));
const openSpot = ({ name, kind, at, facility }) => openNear({
  name, kind, at, shape: [[onGround(at)]],
  known: facility === null ? [] : view.texts.facilities[facility].lines.map((line) => ["", line]),
});
const openStreet = (name) => {
  const shape = layers.streetlines.lines.filter((line) => line.name === name).map(({ points }) => points);
  const corners = L.bounds(shape.flat());
  const box = L.latLngBounds([corners.min, corners.max].map((point) => L.CRS.EPSG3857.pointToLatLng(point, 0)));
  openNear({ name, kind: view.words.kinds.street, box, shape });
};
