// What is shown: hours; the ward that is looked at by itself; a place by its number, or the card of something else; the
// picture, the comparison of periods that it may be of and which of them, and what is shown with it. The address after #
// holds all but such a card and where the divider stands, so that a link, and the button for going back, lead to it.
const state = {
  when: null, ward: null, place: null, card: null, picture: view.picture, change: view.mainChange, side: "both", split: 0.5, shown: view.show,
};

// Change the state and show it; a step is one that the button for going back undoes.
const go = (change, isStep = true) => {
  Object.assign(state, change);
  show();
  writeState(isStep);
};
const writeState = (isStep) => {
  const asked = new URLSearchParams();
  if (state.when && state.when.key !== view.opening) asked.set("when", state.when.key);
  if (state.place) asked.set("place", state.place);
  if (state.ward) asked.set("ward", state.ward);
  if (state.picture === "compare") {
    asked.set("compare", view.changes[pairOf(state.change).change].key);
    if (state.side !== "both") asked.set("side", state.side);
  } else if (state.picture !== view.picture) asked.set("picture", state.picture);
  if (state.picture === "change" && state.change !== view.mainChange) asked.set("change", view.changes[state.change].key);
  if (state.shown.join() !== view.show.join()) asked.set("show", state.shown.join());
  if (asked.toString() === window.location.hash.slice(1)) return;
  const text = asked.toString() ? `#${asked}` : window.location.pathname.split("/").pop();
  if (isStep) window.history.pushState(null, "", text); else window.history.replaceState(null, "", text);
};
const readState = () => {
  const asked = new URLSearchParams(window.location.hash.slice(1));
  const picture = asked.has("compare") ? "compare" : asked.get("picture");
  const shown = (asked.get("show") ?? view.show.join()).split(",");
  const change = view.changes.findIndex(({ key }) => key === (asked.get("compare") || asked.get("change")));
  const at = view.places.findIndex(({ rank }) => rank === Number(asked.get("place")));
  go({
    when: readWhen(asked.get("when") || view.opening),
    ward: view.wards.some(({ code }) => code === asked.get("ward")) ? asked.get("ward") : null,
    place: null,
    card: null,
    change: change < 0 ? view.mainChange : change,
    side: ["earlier", "current"].includes(asked.get("side")) ? asked.get("side") : "both",
    picture: pictures.some(({ value }) => value === picture) ? picture : view.picture,
    shown: boxes.map(({ value }) => value).filter((value) => shown.includes(value)),
  }, false);
  if (at >= 0) openPlace(at, false);
  else if (state.ward) openWard(view.wards.findIndex(({ code }) => code === state.ward), false);
};
window.addEventListener("popstate", readState);
