// Which hours are chosen: "week", the key of a part of the week, or days and hours as "4-4.15-17" (Fridays 15:00-17:59).
const days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const everyHour = Array.from({ length: 168 }, (_, hour) => hour);
const add = (numbers) => numbers.reduce((sum, number) => sum + number, 0);

const readWhen = (text) => {
  if (!view.week) return null;
  const part = view.week.parts.find(({ key }) => key === text);
  if (part) return { key: text, hours: part.hours, words: `${part.label}, ${part.words}`, short: part.words };
  const found = /^([0-6])-([0-6])\.(\d\d?)-(\d\d?)$/.exec(text || "");
  const [firstDay, lastDay, first, last] = found ? found.slice(1).map(Number) : [0, 6, 0, 23];
  if (!found || firstDay > lastDay || first > last || last > 23 || (lastDay - firstDay === 6 && last - first === 23)) {
    return { key: "week", hours: everyHour, words: view.words.week, short: view.words.week };
  }
  const named = firstDay === lastDay ? `${days[firstDay]}s`
    : lastDay - firstDay === 6 ? view.words.everyDay : `${days[firstDay]}s to ${days[lastDay]}s`;
  const clock = last - first === 23 ? "" : ` ${String(first).padStart(2, "0")}:00-${String(last).padStart(2, "0")}:59`;
  const hours = everyHour.filter((hour) => {
    const [day, of] = [Math.floor(hour / 24), hour % 24];
    return day >= firstDay && day <= lastDay && of >= first && of <= last;
  });
  return { key: text, hours, words: named + clock, short: named + clock };
};

// The share of each part of the week that the chosen hours hold, as the whole area has it.
const weighParts = (when) => {
  const [inPart, chosen] = [[], []];
  for (const hour of everyHour) {
    const part = view.week.part[hour];
    inPart[part] = (inPart[part] || 0) + view.week.expected[hour];
  }
  for (const hour of when.hours) {
    const part = view.week.part[hour];
    chosen[part] = (chosen[part] || 0) + view.week.expected[hour];
  }
  return inPart.map((whole, part) => (chosen[part] || 0) / whole);
};
const expectAt = (place, when, weights) => (
  when && place.byPart ? add(place.byPart.map((number, part) => number * weights[part])) : place.weekly
);

// "about 4 a week", or of what is rare "about 1 in 3 weeks": no more digits than such an estimate has.
const sayRate = (number, words = view.words.rate) => {
  if (number >= 1.5) return fill(words.often, { n: Math.round(number).toLocaleString("en-GB") });
  if (number >= 2 / 3) return words.weekly;
  if (number < 1 / 104) return words.never;
  return fill(words.seldom, { n: Math.round(1 / number) });
};

// Of a haven in the chosen hours: open, closed, open in some of them, or not known.
const isOpen = (haven, when) => {
  if (!when || when.key === "week") return "any";
  const letters = new Set(when.hours.map((hour) => haven.week[hour]));
  if (letters.size === 1) return { o: "open", c: "closed", p: "part", "?": "unknown" }[[...letters][0]];
  return letters.has("o") || letters.has("p") ? "part" : "unknown";
};

// The grid of days and hours: drag over it, or move with the arrow keys and hold Shift to choose several.
const makeGrid = (table, choose) => {
  const cells = [...table.querySelectorAll("[data-hour]")];
  const at = (day, hour) => cells[day * 24 + hour];
  let [anchor, isDragging, focused] = [null, false, 0];
  const read = (cell) => [Math.floor(cell.dataset.hour / 24), cell.dataset.hour % 24];
  const span = (one, other) => {
    const [[dayA, hourA], [dayB, hourB]] = [read(one), read(other)];
    const [low, high] = [[Math.min(dayA, dayB), Math.min(hourA, hourB)], [Math.max(dayA, dayB), Math.max(hourA, hourB)]];
    return `${low[0]}-${high[0]}.${low[1]}-${high[1]}`;
  };
  const preview = (when) => {
    const hours = new Set(when.key === "week" ? [] : when.hours);
    for (const cell of cells) {
      const isChosen = hours.has(Number(cell.dataset.hour));
      cell.classList.toggle("chosen", isChosen);
      cell.setAttribute("aria-selected", String(isChosen));
    }
    table.classList.toggle("some", hours.size > 0);
  };
  const under = (event) => document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-hour]");
  table.addEventListener("pointerdown", (event) => {
    const cell = event.target.closest("[data-hour]");
    if (!cell || event.button) return;
    event.preventDefault();
    [anchor, isDragging] = [event.shiftKey && anchor ? anchor : cell, true];
    table.setPointerCapture(event.pointerId);
    preview(readWhen(span(anchor, cell)));
  });
  table.addEventListener("pointermove", (event) => {
    const cell = isDragging && under(event);
    if (cell && table.contains(cell)) preview(readWhen(span(anchor, cell)));
  });
  table.addEventListener("pointerup", (event) => {
    if (!isDragging) return;
    isDragging = false;
    const cell = under(event);
    choose(span(anchor, cell && table.contains(cell) ? cell : anchor));
  });
  table.addEventListener("pointercancel", () => { isDragging = false; });
  table.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    const here = cells[focused];
    if (step) {
      const [day, hour] = read(here);
      const next = at(Math.min(Math.max(day + step[0], 0), 6), Math.min(Math.max(hour + step[1], 0), 23));
      cells[focused].tabIndex = -1;
      focused = cells.indexOf(next);
      next.tabIndex = 0;
      next.focus();
      if (event.shiftKey) choose(span(anchor || here, next)); else anchor = next;
      if (event.shiftKey && !anchor) anchor = here;
      event.preventDefault();
    } else if (event.key === "Enter" || event.key === " ") {
      anchor = here;
      choose(span(here, here));
      event.preventDefault();
    }
  });
  return preview;
};
