// A shape that listens for the focus is a stop of the key Tab in Chromium, of which nothing is seen: what it says
// is in tables, which lead to it.
L.Layer.include({ _addFocusListeners() {} });
// Panes from below: tiles, streets, pictures, what is beyond the wards, names of streets, outlines, havens, names, numbers.
for (const [name, height] of [["tiles", 210], ["streets", 230], ["picture", 240], ["outside", 250], ["streetnames", 260], ["havens", 450], ["places", 610], ["numbers", 650]]) {
  map.createPane(name).style.zIndex = height;
}
for (const key of ["density", "expected"]) {
  if (!layers[key]) continue;
  const isOn = map.hasLayer(layers[key]);
  layers[key].remove();
  layers[key].options.pane = "picture";
  layers[key].setOpacity(0.72);
  if (isOn) layers[key].addTo(map);
}
const above = { outside: "outside", gaps: "havens", havens: "havens", facilities: "havens", sites: "havens" };
for (const [key, pane] of Object.entries(above)) {
  if (!layers[key]) continue;
  const isOn = map.hasLayer(layers[key]);
  layers[key].remove();
  const renderer = L.svg({ pane });
  layers[key].eachLayer((one) => Object.assign(one.options, { pane, renderer }));
  if (isOn) layers[key].addTo(map);
}
layers.streetlines = find("#layers input[value=streetlines]")
  ? new GroundLayer(view.streets, view.base, { panes: ["streets", "streetnames"] }) : null;
{% if view.tiles %}
layers.tiles = makeTiles(view.tiles);
if (layers.streetlines) layers.streetlines.isHidden = layers.tiles.isSeen;
{% endif %}

// The map keeps clear of the key and the buttons that lie over it, where that does not make it much smaller.
const fit = (bounds = view.bounds) => {
  if (container.clientHeight < 30) return;
  const key = find(".legend");
  const buttons = find(".buttons");
  const left = key.open && getComputedStyle(key).position === "absolute" ? key.offsetLeft + key.offsetWidth + 8 : 14;
  const top = buttons.offsetHeight && !root.classList.contains("printing") ? buttons.offsetTop + buttons.offsetHeight + 6 : 14;
  const zoomAt = (padding) => map.getBoundsZoom(bounds, false, L.point(padding).add([14, 14]));
  const corner = [[left, top], [left, 14], [14, top], [14, 14]].find((padding) => zoomAt(padding) > zoomAt([14, 14]) - 0.5);
  map.fitBounds(bounds, { paddingTopLeft: corner, paddingBottomRight: [14, 14], animate: false });
};
fit();
L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
