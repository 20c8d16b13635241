// Names of wards: the busiest first, and none where it would cover a number or another name.
const nameMarkers = view.wards.map((ward, index) => L.marker(ward.at, {
  icon: L.divIcon({ html: "<span></span>", iconSize: [0, 0], className: "ward-name" }),
  interactive: false, keyboard: false, index,
}));
for (const marker of nameMarkers) {
  marker.on("add", () => { marker.getElement().firstElementChild.textContent = view.wards[marker.options.index].name; });
  layers.names.addLayer(marker);
}
const byCount = [...nameMarkers.keys()].sort((a, b) => view.wards[a].rank - view.wards[b].rank);
const placeNames = () => {
  if (map.hasLayer(layers.names)) placeWardNames();
  if (layers.streetlines) layers.streetlines.nameAll();
};
const placeWardNames = () => {
  const taken = findAll(".number, .change-sign span, .site-letter").map((mark) => mark.getBoundingClientRect());
  const touches = (a, b) => a.left < b.right + 2 && b.left < a.right + 2 && a.top < b.bottom + 1 && b.top < a.bottom + 1;
  // all are shown, then all measured, then some hidden: the browser lays out the page once and not for each
  const labels = byCount.map((index) => nameMarkers[index].getElement());
  for (const label of labels) label.hidden = false;
  const boxes = labels.map((label) => label.firstElementChild.getBoundingClientRect());
  labels.forEach((label, position) => {
    label.hidden = taken.some((other) => touches(boxes[position], other));
    if (!label.hidden) taken.push(boxes[position]);
  });
};
map.on("zoomend moveend resize", () => requestAnimationFrame(() => { sizeMarks(); spreadNumbers(); placeNames(); }));

// From afar, and over two periods, a number is small and stands beside its place, so that the picture is seen under it.
const isFar = () => map.getZoom() < 14.5 || state.picture === "compare";
// Numbers that would cover each other, or from afar a place, are moved apart by no more than it takes, so that each can be
// read and clicked; a line leads from one that is moved to its place.
const spreadNumbers = () => {
  container.classList.toggle("far", isFar());
  const marks = findAll(".leaflet-numbers-pane .rank");
  const [apart, clear] = isFar() ? [zoomed(20), zoomed(17)] : [zoomed(22), 0];
  const from = marks.map((mark) => L.DomUtil.getPosition(mark));
  const to = from.map((at) => {
    // first away from the places around, or up
    const away = from.reduce((sum, other) => {
      const by = at.subtract(other);
      return sum.add(by.divideBy(Math.max(by.x ** 2 + by.y ** 2, 1)));
    }, L.point(0, -0.02));
    return at.add(away.multiplyBy(clear / Math.hypot(away.x, away.y)));
  });
  const keepApart = (a, b, least, isFixed) => {
    const by = b.subtract(a);
    const distance = Math.hypot(by.x, by.y);
    if (distance >= least - 0.01) return null;
    const push = (distance > 0.01 ? by.divideBy(distance) : L.point(1, 0)).multiplyBy((least - distance) / (isFixed ? 1 : 2));
    return [a.subtract(push), b.add(push)];
  };
  for (let round = 0; round < 60; round += 1) {
    let isMoved = false;
    for (let a = 0; a < to.length; a += 1) {
      for (const place of clear ? from : []) {
        const moved = keepApart(to[a], place, clear, true);
        if (moved) [to[a], isMoved] = [moved[0], true];
      }
      for (let b = a + 1; b < to.length; b += 1) {
        const moved = keepApart(to[a], to[b], apart, false);
        if (moved) [to[a], to[b], isMoved] = [...moved, true];
      }
    }
    if (!isMoved) break;
  }
  marks.forEach((mark, index) => {
    const by = to[index].subtract(from[index]);
    const away = Math.hypot(by.x, by.y);
    mark.style.translate = away < 0.5 ? "" : `${by.x.toFixed(1)}px ${by.y.toFixed(1)}px`;
    mark.style.setProperty("--lead", away < 4 ? "0" : `${away.toFixed(1)}px`);
    mark.style.setProperty("--turn", `${Math.atan2(-by.y, -by.x).toFixed(3)}rad`);
  });
};
