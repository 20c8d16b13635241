// The answer in large type.
const nTold = 3;
const makeSent = (index) => {
  const button = make("button", "", "sent");
  button.type = "button";
  button.append(make("i", order.indexOf(index) + 1, "no"), view.places[index].name);
  button.addEventListener("click", () => openPlace(index));
  return button;
};
let sent = [];
const showSent = (places) => {
  if (places.join() === sent.join()) return; // a button that is made again loses the focus
  sent = places;
  find("#answer-send").replaceChildren(...places.map(makeSent));
};
const showAnswer = () => {
  if (!order.length) return;
  const { words } = view;
  const area = state.when ? add(state.when.hours.map((hour) => view.week.expected[hour])) : view.weekly;
  find("#answer-when").textContent = state.when ? state.when.words : words.week;
  find("#answer-rate").textContent = `: ${sayRate(area, words.answer)}`;
  showSent(order.slice(0, nTold));
  const told = find("#answer-havens");
  if (!view.havens.length) return;
  const first = order.slice(0, 10);
  const without = first.filter((index) => ["closed", "none"].includes(nearest(view.places[index]).is));
  const unknown = first.filter((index) => nearest(view.places[index]).is === "unknown");
  const isWhole = !state.when || state.when.key === "week";
  // by name where they are few, else by their numbers
  const listed = (these) => these.map((index) => (
    these.length > 2 ? order.indexOf(index) + 1 : `${order.indexOf(index) + 1} ${view.places[index].name}`
  )).join(", ");
  const named = (these) => (these.length > 2 ? fill(words.byNumber, { numbers: listed(these) }) : listed(these));
  const parts = [];
  if (without.length === first.length) parts.push(fill(isWhole ? words.notOneHaven : words.notOneOpenHaven, { n: first.length }));
  else if (without.length) parts.push(fill(isWhole ? words.noHaven : words.noOpenHaven, { places: named(without) }));
  else if (!unknown.length) parts.push(fill(isWhole ? words.allHavens : words.allOpenHavens, { n: first.length }));
  if (unknown.length) parts.push(fill(words.unknownHavens, { places: named(unknown) }));
  told.textContent = parts.join(" ");
};
