// Two periods on one scale: one at a time, or both with a divider between them, the earlier one on its left.
const compared = find("#compare");
const divider = find("#divider");
const grip = find("#grip");
const periods = {};
for (const [side, height] of [["earlier", 241], ["current", 242]]) {
  map.createPane(side).style.zIndex = height;
  if (view.compared.length) {
    periods[side] = L.imageOverlay(view.compared[0][side], layers.density.getBounds(), {
      pane: side, opacity: 0.72, alt: view.words.density[side],
    });
  }
}
const pairOf = (index) => view.compared.find(({ change }) => change === index) || view.compared[0];
let lastPicture = view.picture;
const showCompared = () => {
  const isOn = state.picture === "compare" && view.compared.length > 0;
  if (!isOn) lastPicture = state.picture;
  if (!compared) return;
  for (const element of [compared, divider]) element.hidden = !isOn;
  find("#compare-button").setAttribute("aria-pressed", String(isOn));
  container.classList.toggle("comparing", isOn);
  if (!isOn) return;
  const pair = pairOf(state.change);
  for (const side of ["earlier", "current"]) {
    if (periods[side]._url !== pair[side]) periods[side].setUrl(pair[side]);
    find(`[data-side="${side}"]`, divider).hidden = ![side, "both"].includes(state.side);
    find(`[data-side="${side}"] small`, divider).textContent = pair.days[side];
  }
  find("select", compared).value = String(pair.change);
  find(`input[value=${state.side}]`, compared).checked = true;
  find("p", compared).textContent = pair.words;
  grip.hidden = state.side !== "both";
};
// Both pictures lie in full where they are, each in a pane of which the other's part is cut off.
const divide = () => {
  if (!periods.current || !map.hasLayer(periods.current)) return;
  const share = { earlier: 1, current: 0, both: state.split }[state.side];
  const size = map.getSize();
  const [from, to] = [map.containerPointToLayerPoint([0, 0]), map.containerPointToLayerPoint(size)];
  const at = from.x + share * size.x;
  const cut = (left, right) => `polygon(${left}px ${from.y}px, ${right}px ${from.y}px, ${right}px ${to.y}px, ${left}px ${to.y}px)`;
  map.getPane("earlier").style.clipPath = cut(from.x, at);
  map.getPane("current").style.clipPath = cut(at, to.x);
  divider.style.setProperty("--split", state.side === "both" ? state.split : 0.5);
  divider.classList.toggle("both", state.side === "both");
  const percent = Math.round(100 * state.split);
  grip.setAttribute("aria-valuenow", String(percent));
  grip.setAttribute("aria-valuetext", fill(view.words.divided, { percent }));
};
const split = (share) => {
  state.split = Math.min(Math.max(share, 0), 1);
  divide();
};
map.on("move zoom viewreset resize", divide);
if (compared) {
  find("#compare-button").addEventListener("click", () => go({ picture: state.picture === "compare" ? lastPicture : "compare" }));
  find("select", compared).addEventListener("change", (event) => go({ change: Number(event.target.value) }));
  for (const input of findAll("input", compared)) input.addEventListener("change", () => go({ side: input.value }, false));
  find("button", compared).addEventListener("click", () => {
    go({ picture: lastPicture });
    find("#compare-button").focus();
  });
  grip.addEventListener("pointerdown", (event) => {
    grip.setPointerCapture(event.pointerId);
    event.preventDefault();
    grip.focus({ preventScroll: true });
  });
  grip.addEventListener("pointermove", (event) => {
    if (!grip.hasPointerCapture(event.pointerId)) return;
    const box = container.getBoundingClientRect();
    split((event.clientX - box.left) / box.width);
  });
  grip.addEventListener("keydown", (event) => {
    const wanted = {
      ArrowLeft: state.split - 0.05, ArrowDown: state.split - 0.05, ArrowRight: state.split + 0.05, ArrowUp: state.split + 0.05,
      PageDown: state.split - 0.25, PageUp: state.split + 0.25, Home: 0, End: 1,
    }[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    split(wanted);
  });
}

// On paper the two lie side by side, each on a map of its own.
let onPaper = null;
const printPair = (on) => {
  if (onPaper) onPaper.remove();
  onPaper = on && state.picture === "compare" ? make("div", "", "pair") : null;
  root.classList.toggle("paired", Boolean(onPaper));
  if (!onPaper) return;
  container.before(onPaper);
  const pair = pairOf(state.change);
  for (const side of ["earlier", "current"]) {
    const [figure, ground] = [make("figure"), make("div")];
    figure.append(make("figcaption", `${find(`[data-side="${side}"] b`, divider).textContent}: ${pair.days[side]}`), ground);
    onPaper.append(figure);
    const paper = L.map(ground, { attributionControl: false, zoomControl: false, zoomAnimation: false, fadeAnimation: false, zoomSnap: 0 });
    for (const [name, height] of [["streets", 230], ["streetnames", 260]]) paper.createPane(name).style.zIndex = height;
    paper.fitBounds(view.bounds, { animate: false, padding: [4, 4] });
    if (layers.streetlines && state.shown.includes("streetlines")) new GroundLayer(view.streets, view.base, { panes: ["streets", "streetnames"] }).addTo(paper);
    L.imageOverlay(pair[side], layers.density.getBounds(), { opacity: 0.72 }).addTo(paper);
    L.geoJSON(wardShapes, { style: { color: "#5a6470", weight: 0.8, fill: false }, interactive: false }).addTo(paper);
    signs.eachLayer((sign) => L.marker(sign.getLatLng(), sign.options).addTo(paper));
  }
  find("figure:last-child", onPaper).after(make("p", pair.words));
};
