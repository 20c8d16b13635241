// For a screen at the end of a room: everything larger.
const projector = find("#projector");
projector.addEventListener("click", () => {
  const isOn = root.classList.toggle("projector");
  projector.setAttribute("aria-pressed", String(isOn));
  map.invalidateSize({ animate: false });
  fit();
});
find("#print").addEventListener("click", () => window.print());

// On a phone the key would hide the map, and the hours would stand before the list.
const facts = find(".answer ul");
const fold = (isFolded) => {
  // in the order in which it is seen, so that it is reached by keys in that order too
  if (isFolded) find(".where").after(...[compared, facts].filter(Boolean));
  else {
    find(".answer").append(facts);
    if (compared) find(".on-map aside").prepend(compared);
  }
  find(".legend").open = !isFolded;
};
const foldAll = () => {
  fold(isNarrow());
  const hours = find(".grid");
  if (hours) hours.open = !isNarrow() || Boolean(state.when && ![...named.options].some(({ value }) => value === state.when.key));
};
narrow.addEventListener("change", () => { if (!root.classList.contains("printing")) foldAll(); });
foldAll();

// The map is as high as what stands above it leaves, and that is known only once all of it is laid out.
let isFitted = false;
new ResizeObserver(() => {
  map.invalidateSize({ animate: false });
  root.style.setProperty("--map-height", `${container.clientHeight}px`);
  if (!isFitted && !state.place && !state.ward) fit();
  isFitted = true;
}).observe(container);

// Paper has another shape than the screen, and the map must be drawn for it before it is printed.
const print = (on) => {
  root.classList.toggle("printing", on);
  fold(!on && isNarrow());
  printPair(on);
  map.invalidateSize({ animate: false });
  fit();
};
window.addEventListener("beforeprint", () => print(true));
window.addEventListener("afterprint", () => print(false));
