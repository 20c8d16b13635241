// The list: in the order of what is expected in the chosen hours.
let order = view.places.map((_, index) => index);
const list = find("#places");
const rows = view.places.map((place, index) => {
  const item = make("li");
  const row = make("button", "", "place");
  row.type = "button";
  row.append(make("i", "", "no"), make("b", place.name), make("span", "", "rate"), make("span", "", "trend"), make("span", "", "haven"));
  row.addEventListener("click", () => openPlace(index));
  for (const [event, isOn] of [["mouseenter", true], ["focus", true], ["mouseleave", false], ["blur", false]]) {
    row.addEventListener(event, () => highlight(index, isOn));
  }
  item.append(row);
  return item;
});
const rateAll = () => {
  const weights = state.when && weighParts(state.when);
  return view.places.map((place) => expectAt(place, state.when, weights));
};
const nearest = (place) => {
  if (!place.near) return null;
  const found = place.near.map(([haven, metres]) => ({ haven, metres, is: isOpen(view.havens[haven], state.when) }));
  for (const wanted of ["any", "open", "part", "unknown", "closed"]) {
    const one = found.find(({ is }) => is === wanted);
    if (one) return one;
  }
  return { is: "none" };
};
const showList = () => {
  const rates = rateAll();
  order = view.places.map((_, index) => index).sort((a, b) => rates[b] - rates[a] || a - b);
  order.forEach((index, position) => {
    const [place, row] = [view.places[index], rows[index].firstElementChild];
    const near = nearest(place);
    find(".no", row).textContent = position + 1;
    find(".rate", row).textContent = sayRate(rates[index], view.words.shortRate);
    find(".rate", row).title = sayRate(rates[index]);
    find("b", row).title = place.name;
    const trend = find(".trend", row);
    trend.replaceChildren(make("span", place.trend.sign), make("span", place.trend.words, "unseen"));
    trend.title = place.trend.words;
    trend.setAttribute("data-trend", place.trend.sign);
    if (near) {
      find(".haven", row).replaceChildren(
        make("i", "", `dot ${near.is}`), make("span", fill(view.words.haven[near.is], { metres: near.metres })),
      );
    }
    const isChosen = place.rank === state.place;
    row.classList.toggle("chosen", isChosen);
    row.setAttribute("aria-pressed", String(isChosen));
    highlight(index, false);
    const mark = numbers[index];
    mark.setZIndexOffset(1000 - position * 10);
    mark.place = position + 1;
    nameMark(mark);
  });
  const shown = order.filter(isInWard).map((index) => rows[index]);
  // only if they change places: a row that is moved loses the focus
  if (shown.length !== list.children.length || shown.some((row, position) => list.children[position] !== row)) list.replaceChildren(...shown);
  if (!shown.length && order.length) list.append(make("li", view.words.noneInWard));
  const ward = view.wards[wardOf(state.ward)];
  put(find("#when-words"), [state.when ? state.when.words : "", ward ? ward.name : ""].filter(Boolean).join(", "));
  find("#all-wards").hidden = !ward;
  if (all) all.hidden = list.classList.contains("all") || shown.length <= 10;
};
find("#all-wards").addEventListener("click", () => {
  go({ ward: null, card: null, place: null });
  fit();
});
const all = find("#all-places");
if (all) {
  all.addEventListener("click", () => {
    list.classList.add("all");
    showList();
    list.children[10].firstElementChild.focus();
  });
}
