// Places to patrol: stretches of street where streets are known, a circle where they are not, and a number on top.
const stretches = L.layerGroup();
const circles = layers.patrols ? layers.patrols.getLayers() : [];
if (layers.patrols) layers.patrols.remove();
const lines = view.places.map(({ stretch }, index) => {
  const places = stretch.map(unpack);
  if (!places.length) {
    stretches.addLayer(circles[index]);
    return null;
  }
  const group = L.featureGroup([
    L.polyline(places, { color: "#ffffff", opacity: 0.9, interactive: false }),
    L.polyline(places, { color: view.colours.patrol, opacity: 1 }),
  ]);
  stretches.addLayer(group);
  return group;
});
const numbers = view.places.map((place, index) => {
  const marker = L.marker(place.at, {
    icon: L.divIcon({ html: '<span class="number"></span>', iconSize: [30, 30], className: "rank" }),
    pane: "numbers", keyboard: false, riseOnHover: true, index,
  });
  marker.on("click", () => openPlace(index));
  for (const shape of [lines[index], circles[index]]) if (shape) shape.on("click", () => openPlace(index));
  return marker;
});

const highlight = (index, isOn) => {
  const mark = numbers[index].getElement();
  if (mark) mark.classList.toggle("lit", isOn || state.place === view.places[index].rank);
};
const nameMark = (mark) => {
  const element = mark.getElement();
  if (!element || !mark.place) return;
  find(".number", element).textContent = mark.place;
  element.setAttribute("aria-label", `${mark.place}: ${view.places[mark.options.index].name}`);
  element.tabIndex = mark.place === 1 ? 0 : -1;
};
for (const marker of numbers) {
  marker.on("add", () => {
    const element = marker.getElement();
    element.setAttribute("role", "button");
    nameMark(marker);
    element.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (step) {
        const next = numbers[order[(marker.place - 1 + step + order.length) % order.length]];
        element.tabIndex = -1;
        next.getElement().tabIndex = 0;
        next.getElement().focus();
        event.preventDefault();
        event.stopPropagation();
      } else if (event.key === "Enter" || event.key === " ") {
        openPlace(marker.options.index);
        event.preventDefault();
      }
    });
  });
  layers.numbers.addLayer(marker);
}

// Havens: filled where open in the chosen hours, hollow where closed.
const havens = [];
if (layers.havens) {
  layers.havens.eachLayer((haven) => {
    const { index } = haven.feature.properties;
    havens[index] = haven;
    haven.bindTooltip(() => sayLines(view.havens[index].lines, view.havens[index].name));
  });
}
// From afar they are small: the picture is seen between them.
const sizeMarks = () => {
  const weights = isFar() ? [4, 2.5] : [10, 6];
  for (const group of lines) if (group) group.getLayers().forEach((line, at) => line.setStyle({ weight: weights[at] }));
  for (const haven of havens) haven.setRadius(isFar() ? 3 : 4.5);
};
const showHavens = () => {
  havens.forEach((haven, index) => {
    const is = isOpen(view.havens[index], state.when);
    const isFull = is === "any" || is === "open";
    haven.setStyle({
      color: isFull ? "#ffffff" : view.colours.haven, weight: isFull ? 1 : 2, fillColor: isFull ? view.colours.haven : "#ffffff",
      fillOpacity: 1, dashArray: is === "unknown" ? "2 2" : null,
    });
  });
};
const sayLines = (lines, title) => {
  const whole = make("div");
  whole.append(make("b", title));
  for (const line of lines) whole.append(make("div", line));
  return whole;
};
if (layers.facilities) {
  layers.facilities.eachLayer((one) => {
    const { title, lines: said } = view.texts.facilities[one.feature.properties.index];
    one.bindTooltip(() => sayLines(said, title), { className: "wide" });
  });
}

const gaps = layers.gaps ? layers.gaps.getLayers() : [];
gaps.forEach((gap, index) => gap.on("click", () => openCard(view.texts.gaps[index])));
// A gap is of a place and a part of the week: of other hours those of the part that holds most of them are shown, and the
// one that was asked for.
const showGaps = () => {
  if (!layers.gaps) return;
  const part = mainPart();
  layers.gaps.clearLayers();
  gaps.forEach((gap, index) => {
    const isThen = ["week", "chosen"].includes(part) || view.gaps[index].parts.includes(part);
    if (isThen || state.card === view.texts.gaps[index]) layers.gaps.addLayer(gap);
  });
};
const sites = layers.sites ? layers.sites.getLayers() : [];
sites.forEach((site, index) => {
  site.on("click", () => openCard(view.texts.sites[index]));
  site.bindTooltip(view.texts.sites[index].letter, {
    permanent: true, direction: "top", offset: [0, -6], className: "site-letter",
  });
});
if (layers.streets) {
  layers.streets.eachLayer((run) => run.on("click", () => openCard(view.runs[run.feature.properties.index])));
}
