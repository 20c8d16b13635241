// The answer in large type.
const nTold = 3;
const makeSent = (index, note = "") => {
  const button = make("button", "", "sent");
  button.type = "button";
  button.append(make("i", order.indexOf(index) + 1, "no"), view.places[index].name);
  if (note) button.append(make("small", note));
  button.addEventListener("click", () => openPlace(index));
  return button;
};
let sent = "";
const showSent = (places) => {
  const wanted = places.map((index) => `${order.indexOf(index)}-${index}`).join() || "none";
  if (wanted === sent) return; // a button that is made again loses the focus
  sent = wanted;
  find("#answer-send").replaceChildren(...places.map((index) => makeSent(index)));
  if (!places.length) find("#answer-send").append(view.words.noneToSend);
};
// The part of the week that most of what is expected in the chosen hours falls in, and whether they are just that part.
const findPart = () => {
  const own = view.week.parts.find(({ key, number }) => number !== null && key === state.when.key);
  if (own) return { key: own.key, isWhole: true };
  const weights = weighParts(state.when);
  const held = view.week.parts.filter(({ number }) => number !== null).map(({ key, number, hours }) => ({
    key, held: weights[number] * add(hours.map((hour) => view.week.expected[hour])),
  }));
  return { key: held.reduce((one, other) => (other.held > one.held ? other : one)).key, isWhole: false };
};
const sayChanged = () => {
  const { words, changed, changes } = view;
  if (state.ward && changes.length) {
    const index = wardOf(state.ward);
    return fill(words.wardChanged, { ward: view.wards[index].name, text: sayChange(index, changes[view.mainChange]) });
  }
  if (!state.when || state.when.key === "week" || !changes.length) return changed.week;
  const part = findPart();
  const text = changed.parts[part.key];
  if (!text) return fill(words.notTheseHours, { text: changed.week });
  return part.isWhole ? text : fill(words.partOf, { text });
};
const showAnswer = () => {
  put(find("#answer-changed"), sayChanged());
  if (!order.length) return;
  const { words } = view;
  const ward = view.wards[wardOf(state.ward)];
  const area = state.when ? add(state.when.hours.map((hour) => view.week.expected[hour])) : view.weekly;
  put(find("#answer-when"), ward ? ward.name : state.when ? state.when.words : words.week);
  find("#answer-rate").textContent = `: ${ward ? sayRate(ward.weekly, words.ward) : sayRate(area, words.answer)}`;
  const inside = order.filter(isInWard);
  showSent(inside.slice(0, nTold));
  find("#answer-havens")?.replaceChildren(sayHavens(inside.slice(0, 10)));
};
// Which of the first places have no haven that is open in the chosen hours.
const sayHavens = (first) => {
  const { words } = view;
  if (!view.havens.length || !first.length) return "";
  const without = first.filter((index) => ["closed", "none"].includes(nearest(view.places[index]).is));
  const unknown = first.filter((index) => nearest(view.places[index]).is === "unknown");
  const isWhole = !state.when || state.when.key === "week";
  const isSeveral = first.length > 1;
  const of = order.filter(isInWard).length > first.length ? fill(words.ofTheFirst, { n: first.length }) : "";
  // by name where they are few, else by their numbers
  const listed = (these) => these.map((index) => (
    these.length > 2 ? order.indexOf(index) + 1 : `${order.indexOf(index) + 1} ${view.places[index].name}`
  )).join(", ");
  const named = (these) => (these.length > 2 ? fill(words.byNumber, { numbers: listed(these) }) : listed(these));
  const parts = [];
  if (isSeveral && without.length === first.length) parts.push(fill(isWhole ? words.notOneHaven : words.notOneOpenHaven, { n: first.length }));
  else if (without.length) parts.push(fill(isWhole ? words.noHaven : words.noOpenHaven, { places: named(without), of }));
  else if (isSeveral && !unknown.length) parts.push(fill(isWhole ? words.allHavens : words.allOpenHavens, { n: first.length }));
  if (unknown.length) parts.push(fill(words.unknownHavens, { places: named(unknown) }));
  return parts.join(" ");
};
