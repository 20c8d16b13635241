// The card: beside the map on a wide screen, a sheet from below on a phone. Escape closes it, and focus goes back.
const card = find("#card");
let cameFrom = null;
let ring = null;
const fillCard = ({ title, facts, known = [], heading = "", places = [] }) => {
  const wasOpen = find("h2", card).textContent === title && Boolean(find("details[open]", card));
  put(find("h2", card), title);
  const tabulate = (pairs) => {
    const table = make("dl");
    for (const [head, text] of pairs) table.append(make("dt", head), make("dd", text));
    return table;
  };
  const body = find("#card-body");
  body.replaceChildren(tabulate(facts));
  if (known.length) {
    const details = make("details");
    details.open = wasOpen;
    details.append(make("summary", view.words.howKnown), tabulate(known));
    details.addEventListener("toggle", () => { if (details.open) details.scrollIntoView({ block: "start" }); });
    body.append(details);
  }
  if (heading) body.append(make("h3", heading));
  body.append(...places.map(({ index, note }) => makeSent(index, note)));
};
const placeOf = () => view.places.findIndex(({ rank }) => rank === state.place);
const showCard = () => {
  const place = placeOf();
  card.hidden = place < 0 && !state.card;
  find("#card-map").hidden = !isNarrow() || (place < 0 && !state.card?.ring);
  if (ring !== state.card?.ring) {
    ring?.remove();
    ring = state.card?.ring;
    ring?.addTo(map);
  }
  if (place >= 0) fillPlace(place);
  else if (state.card) fillCard(state.card);
};
const openCard = (of, isStep = true) => {
  if (card.hidden) cameFrom = document.activeElement;
  go({ place: null, card: null, ...("title" in of ? { card: of } : of) }, isStep);
  find("h2", card).focus({ preventScroll: true });
};
const closeCard = () => {
  if (card.hidden) return;
  go({ place: null, card: null });
  if (cameFrom && document.contains(cameFrom)) cameFrom.focus({ preventScroll: true });
};
const goTo = (at, zoom) => {
  if (isNarrow()) return;
  const [key, beside] = [find(".legend"), card.hidden ? 0 : card.offsetWidth];
  const shift = (beside - (key.open ? key.offsetLeft + key.offsetWidth : 0)) / 2;
  const point = map.project(at, zoom).subtract([-shift, 0]);
  map.setView(map.unproject(point, zoom), zoom, { animate: false });
};
const fillPlace = (index) => {
  const place = view.places[index];
  const weights = state.when && weighParts(state.when);
  const near = nearest(place);
  const facts = [[
    state.when && state.when.key !== "week" ? state.when.short : view.words.expected,
    fill(view.words.numbered, { rate: sayRate(expectAt(place, state.when, weights)), n: order.indexOf(index) + 1, total: order.length }),
  ]];
  if (near && near.haven !== undefined) {
    facts.push([view.words.nearest, fill(view.words.nearHaven[near.is], { name: view.havens[near.haven].name, metres: near.metres })]);
  } else if (near) {
    facts.push([view.words.nearest, view.words.haven.none]);
  }
  facts.push([view.words.change, `${place.trend.sign} ${place.trend.words}`]);
  fillCard({ title: `${order.indexOf(index) + 1} ${place.name}`, facts: [...facts, ...place.facts], known: place.known });
};
const openPlace = (index, isStep = true) => {
  openCard({ place: view.places[index].rank }, isStep);
  goTo(view.places[index].at, Math.max(map.getZoom(), 15.5));
};
const openWard = (index, isStep = true) => {
  const ward = view.wards[index];
  const inWard = () => order.filter((place) => view.places[place].wards.includes(ward.code));
  openCard({
    ward: ward.code,
    card: {
      title: ward.borough ? `${ward.name}, ${ward.borough}` : ward.name,
      get facts() {
        return [...ward.lines.map((line) => ["", line]), ...(layers.change ? [[view.words.change, `${compare().words}: ${sayChange(index)}`]] : [])];
      },
      heading: inWard().length ? view.words.inWard : view.words.noneInWard,
      get places() { return inWard().map((place) => ({ index: place })); },
    },
  }, isStep);
  if (!isNarrow()) fit(hitWards.getLayers()[index].getBounds().pad(0.15));
};
find("#card-close").addEventListener("click", () => closeCard());
find("#card-map").addEventListener("click", () => {
  const { at, box } = view.places[placeOf()] || state.card;
  container.scrollIntoView({ block: "start" });
  if (box) map.fitBounds(box, { maxZoom: 16, animate: false }); else map.setView(at, Math.max(map.getZoom(), 15), { animate: false });
});
// On a phone the card is a sheet, which is pulled down to close it.
let pulledFrom = null;
const isPulled = 60;
card.addEventListener("pointerdown", (event) => {
  if (!isNarrow() || event.target.closest("button, #card-body")) return;
  pulledFrom = event.clientY;
  card.setPointerCapture(event.pointerId);
});
card.addEventListener("pointermove", (event) => {
  if (pulledFrom !== null) card.style.translate = `0 ${Math.max(event.clientY - pulledFrom, 0)}px`;
});
for (const end of ["pointerup", "pointercancel"]) {
  card.addEventListener(end, (event) => {
    const by = pulledFrom === null || end === "pointercancel" ? 0 : event.clientY - pulledFrom;
    pulledFrom = null;
    card.style.translate = "";
    if (by > isPulled) closeCard();
  });
}
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (!find("#layers").hidden) toggleLayers(false); else closeCard();
});
for (const button of findAll("[data-ward]")) {
  button.addEventListener("click", () => openWard(view.wards.findIndex(({ code }) => code === button.dataset.ward)));
}
