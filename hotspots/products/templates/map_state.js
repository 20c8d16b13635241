// What is shown: hours, a place by its number or the card of something else, the picture and what is shown with it. The
// address after # holds all but such a card, so that a link, and the button for going back, lead to it.
const state = { when: null, place: null, card: null, picture: view.picture, shown: view.show };

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
  if (state.picture !== view.picture) asked.set("picture", state.picture);
  if (state.shown.join() !== view.show.join()) asked.set("show", state.shown.join());
  if (asked.toString() === window.location.hash.slice(1)) return;
  const text = asked.toString() ? `#${asked}` : window.location.pathname.split("/").pop();
  if (isStep) window.history.pushState(null, "", text); else window.history.replaceState(null, "", text);
};
const readState = () => {
  const asked = new URLSearchParams(window.location.hash.slice(1));
  const [picture, shown] = [asked.get("picture"), (asked.get("show") ?? view.show.join()).split(",")];
  const at = view.places.findIndex(({ rank }) => rank === Number(asked.get("place")));
  go({
    when: readWhen(asked.get("when") || view.opening),
    place: null,
    card: null,
    picture: pictures.some(({ value }) => value === picture) ? picture : view.picture,
    shown: boxes.map(({ value }) => value).filter((value) => shown.includes(value)),
  }, false);
  if (at >= 0) openPlace(at, false);
};
window.addEventListener("popstate", readState);
