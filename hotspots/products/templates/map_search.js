// Search: places, streets, wards, havens and what else has a name on the map.
const search = find("#search");
const suggestions = find("#suggestions");
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
let fixed = null;
const listEntries = () => {
  const entries = [
    ...view.places.map((place, index) => ({
      kind: `${view.words.kinds.place} ${order.indexOf(index) + 1}`, name: place.name, go: () => openPlace(index),
    })),
    ...view.wards.map((ward, index) => ({ kind: view.words.kinds.ward, name: ward.name, go: () => openWard(index) })),
    ...listFixed(),
  ];
  for (const entry of entries) entry.key ||= plain(entry.name);
  return entries;
};
const listFixed = () => {
  fixed ||= [
    ...view.havens.map((haven, index) => ({ kind: view.words.kinds.haven, name: haven.name, go: () => openHaven(index) })),
    ...view.spots.map((spot) => ({ kind: spot.kind, name: spot.name, go: () => openSpot(spot) })),
    ...[...new Set(layers.streetlines ? layers.streetlines.lines.map(({ name }) => name).filter(Boolean) : [])]
      .map((name) => ({ kind: view.words.kinds.street, name, go: () => openStreet(name) })),
  ];
  return fixed;
};
let matches = [];
let active = -1;
const showMatches = () => {
  const wanted = plain(search.value.trim());
  matches = wanted.length < 2 ? [] : listEntries().filter(({ key }) => key.includes(wanted))
    .sort((a, b) => a.key.indexOf(wanted) - b.key.indexOf(wanted) || a.key.length - b.key.length).slice(0, 8);
  active = -1;
  suggestions.replaceChildren(...matches.map(({ name, kind }, index) => {
    const option = make("li", name);
    option.id = `match-${index}`;
    option.setAttribute("role", "option");
    option.append(make("small", kind));
    option.addEventListener("pointerdown", (event) => { event.preventDefault(); choose(index); });
    return option;
  }));
  if (wanted.length >= 2 && !matches.length) suggestions.append(make("li", view.words.noMatch, "none"));
  suggestions.hidden = wanted.length < 2;
  search.setAttribute("aria-expanded", String(!suggestions.hidden));
  search.removeAttribute("aria-activedescendant");
};
const choose = (index) => {
  const entry = matches[index];
  if (!entry) return;
  suggestions.hidden = true;
  search.setAttribute("aria-expanded", "false");
  search.value = entry.name;
  entry.go();
};
search.addEventListener("input", showMatches);
search.addEventListener("blur", () => { suggestions.hidden = true; });
search.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !suggestions.hidden) {
    suggestions.hidden = true;
    event.stopPropagation();
  } else if (event.key === "Enter") {
    choose(Math.max(active, 0));
    event.preventDefault();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (!matches.length) return;
    active = (active + (event.key === "ArrowDown" ? 1 : -1) + matches.length) % matches.length;
    findAll("[role=option]", suggestions).forEach((option, at) => option.setAttribute("aria-selected", String(at === active)));
    search.setAttribute("aria-activedescendant", `match-${active}`);
    event.preventDefault();
  }
});
