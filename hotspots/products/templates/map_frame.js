// Panes from below: streets, pictures, names of streets, outlines, havens, names, numbers.
for (const [name, height] of [["streets", 230], ["picture", 240], ["streetnames", 260], ["havens", 450], ["places", 610], ["numbers", 650]]) {
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
for (const key of ["gaps", "havens", "facilities", "sites"]) {
  if (!layers[key]) continue;
  const isOn = map.hasLayer(layers[key]);
  layers[key].remove();
  const renderer = L.svg({ pane: "havens" });
  layers[key].eachLayer((one) => Object.assign(one.options, { pane: "havens", renderer }));
  if (isOn) layers[key].addTo(map);
}
layers.streetlines = view.streets ? new StreetLayer(view.streets, { panes: ["streets", "streetnames"] }) : null;

// The map keeps clear of the key that lies over it, where that does not make it much smaller.
const fit = (bounds = view.bounds) => {
  if (container.clientHeight < 30) return;
  const key = find(".legend");
  const besides = [key.open && getComputedStyle(key).position === "absolute" ? key.offsetLeft + key.offsetWidth + 8 : 14, 14];
  const zoomAt = (padding) => map.getBoundsZoom(bounds, false, L.point(padding).add([14, 14]));
  const isRoomy = zoomAt(besides) > zoomAt([14, 14]) - 0.5;
  map.fitBounds(bounds, { paddingTopLeft: isRoomy ? besides : [14, 14], paddingBottomRight: [14, 14], animate: false });
};
fit();
L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
