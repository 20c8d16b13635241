// Of the pictures that colour the area one is shown; anything else is switched on and off.
const boxes = findAll("#layers input[type=checkbox]");
const pictures = findAll("#layers input[type=radio]");
const isNow = (when) => !when || (when === "week") === (!state.when || state.when.key === "week");
const joined = { patrols: [stretches, layers.numbers], change: [layers.change, signs], compare: [periods.earlier, periods.current, signs] };
const layersOf = (key) => (joined[key] || [layers[key]]).filter(Boolean);
// The key lists what is drawn: a layer of shapes may hold none in the chosen hours.
const isDrawn = (layer) => !layer.getLayers || layer.getLayers().length > 0;
const showLayers = () => {
  for (const input of boxes) input.checked = state.shown.includes(input.value);
  for (const input of pictures) input.checked = input.value === state.picture;
  const shown = new Set([...boxes, ...pictures].flatMap(({ value, checked }) => (checked ? layersOf(value) : [])));
  for (const layer of [...boxes, ...pictures].flatMap(({ value }) => layersOf(value))) {
    if (shown.has(layer)) layer.addTo(map); else layer.remove();
  }
  divide();
  showClusters();
  showGaps();
  for (const key of ["outside", "outlines", "significant", "half", "reach", "felt", "hotspots", "patrols", "streets"]) {
    if (layers[key] && map.hasLayer(layers[key]) && layers[key].bringToFront) layers[key].bringToFront();
  }
  stretches.eachLayer((one) => one.bringToFront());
  for (const entry of findAll("[data-layer], [data-when]")) {
    const key = entry.dataset.layer;
    const isOn = !key || ((key === state.picture || state.shown.includes(key)) && layersOf(key).some(isDrawn));
    entry.hidden = !isNow(entry.dataset.when) || !isOn;
  }
  for (const told of findAll("[data-part]")) told.hidden = !state.when || told.dataset.part !== state.when.key;
  sizeMarks();
  spreadNumbers();
  placeNames();
};
const valuesOf = (inputs) => inputs.filter(({ checked }) => checked).map(({ value }) => value);
for (const input of boxes) input.addEventListener("change", () => go({ shown: valuesOf(boxes) }, false));
for (const input of pictures) input.addEventListener("change", () => go({ picture: input.value }, false));
const switchOn = (key) => go({ shown: valuesOf(boxes.map((one) => ({ value: one.value, checked: one.checked || one.value === key }))) });
const panel = find("#layers");
const toggleLayers = (isOn) => {
  panel.hidden = !isOn;
  find("#layers-button").setAttribute("aria-expanded", String(isOn));
  if (isOn) find("input:checked", panel).focus(); else find("#layers-button").focus();
};
find("#layers-button").addEventListener("click", () => toggleLayers(panel.hidden));
find("#whole").addEventListener("click", () => fit());
for (const button of findAll("[data-show-change]")) {
  button.addEventListener("click", () => {
    go({ picture: "change", change: Number(button.dataset.showChange) });
    container.scrollIntoView({ block: "nearest" });
  });
}
