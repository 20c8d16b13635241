// Wards: what there is to say of each, at the pointer and in the card.
const wardShapes = layers.wards.getLayers().map((ward) => ward.feature);
const hitWards = L.geoJSON(wardShapes, { style: { stroke: false, fillOpacity: 0, className: "ward-hit" } });
const sayWard = (index) => {
  const whole = make("div");
  const { name, borough, lines } = view.wards[index];
  whole.append(make("b", name), borough ? `, ${borough}` : "");
  for (const line of lines) whole.append(make("div", line));
  if (layers.change && map.hasLayer(layers.change)) {
    whole.append(make("div", sayChange(index)), make("small", compare().words));
  }
  return whole;
};
const wardOf = (code) => view.wards.findIndex((ward) => ward.code === code);
const isInWard = (place) => !state.ward || view.places[place].wards.includes(state.ward);
hitWards.eachLayer((ward) => {
  const { index } = ward.feature.properties;
  ward.bindTooltip(() => sayWard(index), { sticky: true, className: "wide" });
  ward.on("click", () => openWard(index));
});
hitWards.addTo(map);

// Wards that changed by more than chance are filled and signed, by the comparison that is chosen; others are not.
const chooser = find(".change select");
const signs = L.layerGroup();
const compare = () => view.changes[state.change];
const sayChange = (index, change = compare()) => {
  const [now, earlier, ratio, limits, verdict] = change.rows[index];
  const counts = `${now.toLocaleString("en-GB")} against ${earlier.toLocaleString("en-GB")}`;
  const times = ratio ? `, ${ratio} times as many${change.unit}` : "";
  return `${counts}${times}${limits ? ` (${limits})` : ""}: ${view.verdicts[verdict].words}`;
};
let shownChange = null;
const showChange = () => {
  if (!layers.change || shownChange === state.change) return;
  shownChange = state.change;
  chooser.value = String(state.change);
  const { rows, words, told } = compare();
  signs.clearLayers();
  layers.change.setStyle((ward) => {
    const { colour } = view.verdicts[rows[ward.properties.index][4]];
    return {
      color: "#5a6470", weight: 1, fill: true, fillColor: colour || "#ffffff", fillOpacity: colour ? 0.8 : 0,
      interactive: false,
    };
  });
  view.wards.forEach((ward, index) => {
    const { colour, sign } = view.verdicts[rows[index][4]];
    if (!colour) return;
    const icon = L.divIcon({ html: `<span>${sign}</span>`, iconSize: [0, 0], className: "change-sign" });
    signs.addLayer(L.marker(ward.at, { icon, interactive: false, keyboard: false }));
  });
  for (const [part, text] of [["words", words], ["told", `${told}.`]]) {
    for (const element of findAll(`[data-change="${part}"]`)) element.textContent = text;
  }
};
if (layers.change) {
  layers.change.addData(wardShapes);
  chooser.addEventListener("change", () => go({ change: Number(chooser.value) }, false));
}
