// A background of tiles, only where the settings ask for one: a server of somebody else, which sees what is looked at.
// Without it, and when it cannot be reached, the ground of the file is drawn.
const makeTiles = ({ address, credit, failed }) => {
  const layer = L.tileLayer(address, { pane: "tiles", opacity: 0.6, maxZoom: 18, referrerPolicy: "no-referrer" });
  const says = L.control({ position: "bottomright" });
  says.onAdd = () => make("div", credit, "tile-credit");
  const note = make("p", failed, "tile-note");
  note.setAttribute("role", "status");
  note.hidden = true;
  find(".map").append(note);
  let nMissing = 0;
  const redraw = () => { if (layers.streetlines) layers.streetlines.draw(); };
  const tell = () => { note.hidden = !nMissing || !map.hasLayer(layer); redraw(); };
  layer.on("loading", () => { nMissing = 0; });
  layer.on("tileerror", () => { nMissing += 1; if (nMissing === 1) tell(); });
  layer.on("load", tell);
  layer.on("add", () => { says.addTo(map); tell(); });
  layer.on("remove", () => { says.remove(); tell(); });
  layer.isSeen = () => map.hasLayer(layer) && !nMissing && !root.classList.contains("printing");
  return layer;
};
