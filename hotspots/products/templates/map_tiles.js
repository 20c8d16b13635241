// A background of tiles, only where the settings ask for one: a server of somebody else, which sees what is looked at.
// Without it, and when it cannot be reached, the ground of the file is drawn.
const makeTiles = ({ address, credit, failed }) => {
  const layer = L.tileLayer(address, { pane: "tiles", opacity: 0.6, maxZoom: 18, referrerPolicy: "no-referrer" });
  const says = L.control({ position: "bottomright" });
  const note = make("p", failed, "tile-note");
  note.setAttribute("role", "status");
  says.onAdd = () => {
    const told = make("div");
    told.append(note, make("div", credit, "tile-credit"));
    return told;
  };
  let nMissing = 0;
  const tell = () => {
    note.hidden = !nMissing;
    find("section.map").classList.toggle("tiled", layer.isSeen());
    if (layers.streetlines) layers.streetlines.drawAll();
  };
  layer.isSeen = () => map.hasLayer(layer) && !nMissing && !root.classList.contains("printing");
  layer.on("loading", () => { nMissing = 0; });
  layer.on("tileerror", () => { nMissing += 1; if (nMissing === 1) tell(); });
  layer.on("load", tell);
  layer.on("add", () => { says.addTo(map); tell(); });
  layer.on("remove", () => { says.remove(); tell(); });
  return layer;
};
