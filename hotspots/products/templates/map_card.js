// The card: beside the map on a wide screen, a sheet from below on a phone. Escape closes it, and focus goes back.
const card = find("#card");
let cameFrom = null;
const fillCard = (title, facts, more, places) => {
  const wasOpen = find("h2", card).textContent === title && Boolean(find("details[open]", card));
  find("h2", card).textContent = title;
  const table = make("dl");
  for (const [head, text] of facts) table.append(make("dt", head), make("dd", text));
  const body = find("#card-body");
  body.replaceChildren(table);
  if (more && more.length) {
    const details = make("details");
    details.open = wasOpen;
    const known = make("dl");
    for (const [head, text] of more) known.append(make("dt", head), make("dd", text));
    details.append(make("summary", view.words.howKnown), known);
    details.addEventListener("toggle", () => { if (details.open) details.scrollIntoView({ block: "start" }); });
    body.append(details);
  }
  if (!places) return;
  body.append(make("h3", places.length ? view.words.inWard : view.words.noneInWard));
  body.append(...places.map(makeSent));
};
const showCard = () => {
  const place = view.places.findIndex(({ rank }) => rank === state.place);
  card.hidden = place < 0 && !state.card;
  find("#card-map").hidden = place < 0 || !isNarrow();
  if (place >= 0) fillPlace(place);
  else if (state.card) fillCard(state.card.title, state.card.facts, state.card.known, state.card.places);
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
  fillCard(`${order.indexOf(index) + 1} ${place.name}`, [...facts, ...place.facts], place.known);
};
const openPlace = (index, isStep = true) => {
  openCard({ place: view.places[index].rank }, isStep);
  goTo(view.places[index].at, Math.max(map.getZoom(), 15.5));
};
const openWard = (index, isStep = true) => {
  const ward = view.wards[index];
  const facts = ward.lines.map((line) => ["", line]);
  if (layers.change) facts.push([view.words.change, `${compare().words}: ${sayChange(index)}`]);
  openCard({
    ward: ward.code,
    card: {
      title: ward.borough ? `${ward.name}, ${ward.borough}` : ward.name,
      facts,
      places: order.filter((place) => view.places[place].wards.includes(ward.code)),
    },
  }, isStep);
  if (!isNarrow()) fit(hitWards.getLayers()[index].getBounds().pad(0.15));
};
find("#card-close").addEventListener("click", () => closeCard());
find("#card-map").addEventListener("click", () => {
  const place = view.places.find(({ rank }) => rank === state.place);
  container.scrollIntoView({ block: "start" });
  if (place) map.setView(place.at, Math.max(map.getZoom(), 15), { animate: false });
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
