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
map.on("zoomend moveend resize", () => requestAnimationFrame(() => { spreadNumbers(); placeNames(); }));

// Numbers that would cover each other are moved apart, by no more than it takes, so that each can be read and clicked.
const spreadNumbers = () => {
  const marks = findAll(".leaflet-numbers-pane .rank");
  const apart = zoomed(22);
  const from = marks.map((mark) => L.DomUtil.getPosition(mark));
  const to = from.map((at) => at.clone());
  for (let round = 0; round < 60; round += 1) {
    let isMoved = false;
    for (let a = 0; a < to.length; a += 1) {
      for (let b = a + 1; b < to.length; b += 1) {
        const [dx, dy] = [to[b].x - to[a].x, to[b].y - to[a].y];
        const away = Math.hypot(dx, dy);
        if (away >= apart - 0.01) continue;
        const push = (apart - away) / 2;
        const [ux, uy] = away > 0.01 ? [dx / away, dy / away] : [1, 0];
        to[a] = to[a].subtract([ux * push, uy * push]);
        to[b] = to[b].add([ux * push, uy * push]);
        isMoved = true;
      }
    }
    if (!isMoved) break;
  }
  marks.forEach((mark, index) => {
    const by = to[index].subtract(from[index]);
    mark.style.translate = Math.hypot(by.x, by.y) < 0.5 ? "" : `${by.x.toFixed(1)}px ${by.y.toFixed(1)}px`;
  });
};
