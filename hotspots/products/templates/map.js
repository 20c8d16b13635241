"use strict";
(() => {
const view = {{ view | tojson }};
const map = {{ view.map }};
const layers = { {% for key, name in view.layers.items() %}{{ key }}: {{ name }}, {% endfor %} };
const container = map.getContainer();
const root = document.documentElement;
const find = (selector, within = document) => within.querySelector(selector);
const findAll = (selector, within = document) => [...within.querySelectorAll(selector)];
// Text from the sources is put in as text and nowhere as HTML.
const make = (kind, text = "", name = "") => {
  const element = document.createElement(kind);
  element.textContent = text;
  if (name) element.className = name;
  return element;
};
const fill = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (_, key) => values[key]);
const zoomed = (pixels) => pixels * parseFloat(getComputedStyle(root).fontSize) / 16;
const narrow = window.matchMedia("(max-width: 54rem)");
const isNarrow = () => narrow.matches;

{% include "map_week.js" %}
{% include "map_base.js" %}
{% include "map_streets.js" %}
{% if view.tiles %}{% include "map_tiles.js" %}{% endif %}

// What the address after # says: hours, place, picture and what is shown with it.
const readState = () => {
  const asked = new URLSearchParams(window.location.hash.slice(1));
  return {
    when: asked.get("when") || view.opening,
    place: Number(asked.get("place")) || null,
    picture: asked.get("picture"),
    show: asked.has("show") ? asked.get("show").split(",") : null,
  };
};
const state = { when: null, place: null };
const writeState = (isStep) => {
  const asked = new URLSearchParams();
  if (state.when && state.when.key !== view.opening) asked.set("when", state.when.key);
  if (state.place) asked.set("place", state.place);
  if (state.picture !== view.picture) asked.set("picture", state.picture);
  const show = shownBoxes();
  if (show.join() !== view.show.join()) asked.set("show", show.join());
  const text = asked.toString() ? `#${asked}` : window.location.pathname.split("/").pop();
  const isSame = asked.toString() === window.location.hash.slice(1);
  if (isSame) return;
  if (isStep) window.history.pushState(null, "", text); else window.history.replaceState(null, "", text);
};

// Panes from below: tiles, streets, pictures, what lies beyond the wards, names of streets, outlines, havens, names, numbers.
for (const [name, height] of [["tiles", 210], ["streets", 230], ["picture", 240], ["outside", 250], ["streetnames", 260], ["havens", 450], ["places", 610], ["numbers", 650]]) {
  map.createPane(name).style.zIndex = height;
}
for (const key of ["density", "expected"]) {
  if (!layers[key]) continue;
  const isOn = map.hasLayer(layers[key]);
  layers[key].remove();
  layers[key].options.pane = "picture";
  layers[key].setOpacity(0.72);
  if (isOn) layers[key].addTo(map);
}
for (const [key, pane] of [["outside", "outside"], ["gaps", "havens"], ["havens", "havens"], ["facilities", "havens"], ["sites", "havens"]]) {
  if (!layers[key]) continue;
  const isOn = map.hasLayer(layers[key]);
  layers[key].remove();
  const renderer = L.svg({ pane });
  layers[key].eachLayer((one) => Object.assign(one.options, { pane, renderer }));
  if (isOn) layers[key].addTo(map);
}
layers.streetlines = findAll("input[value=streetlines]").length
  ? new GroundLayer(view.streets, view.base, { panes: ["streets", "streetnames"] }) : null;
{% if view.tiles %}
layers.tiles = makeTiles(view.tiles);
if (layers.streetlines) layers.streetlines.isHidden = layers.tiles.isSeen;
{% endif %}

// The map keeps clear of the key that lies over it, where that does not make it much smaller.
const fit = (bounds = view.bounds) => {
  if (container.clientHeight < 30) return;
  const key = find(".legend");
  const besides = [key.open && getComputedStyle(key).position === "absolute" ? key.offsetLeft + key.offsetWidth + 8 : 14, 14];
  const zoomAt = (padding) => map.getBoundsZoom(bounds, false, L.point(padding).add([14, 14]));
  const isRoomy = zoomAt(besides) > zoomAt([14, 14]) - 0.5;
  map.fitBounds(bounds, { paddingTopLeft: isRoomy ? besides : [14, 14], paddingBottomRight: [14, 14], animate: false });
};
fit();
L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);

// Names of wards: the busiest first, and none where it would cover a number or another name.
const nameMarkers = view.wards.map((ward, index) => L.marker(ward.at, {
  icon: L.divIcon({ html: "<span></span>", iconSize: [0, 0], className: "ward-name" }),
  interactive: false, keyboard: false, index,
}));
for (const marker of nameMarkers) {
  marker.on("add", () => { marker.getElement().firstElementChild.textContent = view.wards[marker.options.index].name; });
  layers.names.addLayer(marker);
}
const byCount = [...nameMarkers.keys()].sort((a, b) => view.wards[a].rank - view.wards[b].rank);
const placeNames = () => {
  if (!map.hasLayer(layers.names)) return;
  const taken = findAll(".number, .change-sign span, .site-letter").map((mark) => mark.getBoundingClientRect());
  const touches = (a, b) => a.left < b.right + 2 && b.left < a.right + 2 && a.top < b.bottom + 1 && b.top < a.bottom + 1;
  for (const index of byCount) {
    const label = nameMarkers[index].getElement();
    label.hidden = false;
    const box = label.firstElementChild.getBoundingClientRect();
    label.hidden = taken.some((other) => touches(box, other));
    if (!label.hidden) taken.push(box);
  }
};
map.on("zoomend moveend resize", () => requestAnimationFrame(() => { spreadNumbers(); placeNames(); }));

// Numbers that would cover each other are moved apart, by no more than it takes, so that each can be read and clicked.
const spreadNumbers = () => {
  const marks = findAll(".leaflet-numbers-pane .rank");
  const apart = zoomed(22);
  const from = marks.map((mark) => L.DomUtil.getPosition(mark));
  const to = from.map((at) => at.clone());
  for (let round = 0; round < 60; round += 1) {
    let isMoved = false;
    for (let a = 0; a < to.length; a += 1) {
      for (let b = a + 1; b < to.length; b += 1) {
        const [dx, dy] = [to[b].x - to[a].x, to[b].y - to[a].y];
        const away = Math.hypot(dx, dy);
        if (away >= apart - 0.01) continue;
        const push = (apart - away) / 2;
        const [ux, uy] = away > 0.01 ? [dx / away, dy / away] : [1, 0];
        to[a] = to[a].subtract([ux * push, uy * push]);
        to[b] = to[b].add([ux * push, uy * push]);
        isMoved = true;
      }
    }
    if (!isMoved) break;
  }
  marks.forEach((mark, index) => {
    const by = to[index].subtract(from[index]);
    mark.style.translate = Math.hypot(by.x, by.y) < 0.5 ? "" : `${by.x.toFixed(1)}px ${by.y.toFixed(1)}px`;
  });
};

// Wards: what there is to say of each, at the pointer and in the card.
const hitWards = L.geoJSON(layers.wards.toGeoJSON(), { style: { stroke: false, fillOpacity: 0, className: "ward-hit" } });
const sayWard = (index) => {
  const whole = make("div");
  const { name, borough, lines } = view.wards[index];
  whole.append(make("b", name), borough ? `, ${borough}` : "");
  for (const line of lines) whole.append(make("div", line));
  if (layers.change && map.hasLayer(layers.change)) {
    whole.append(make("div", sayChange(index)), make("small", compare().words));
  }
  return whole;
};
hitWards.eachLayer((ward) => {
  const { index } = ward.feature.properties;
  ward.bindTooltip(() => sayWard(index), { sticky: true, className: "wide" });
  ward.on("click", () => openWard(index));
});
hitWards.addTo(map);

// Wards that changed by more than chance are filled and signed, by the comparison that is chosen; others are not.
const chooser = find(".change select");
const signs = L.layerGroup();
const compare = () => view.changes[Number(chooser.value)];
const sayChange = (index) => {
  const [now, earlier, ratio, limits, verdict] = compare().rows[index];
  const counts = `${now.toLocaleString("en-GB")} against ${earlier.toLocaleString("en-GB")}`;
  const times = ratio ? `, ${ratio} times as many${compare().unit}` : "";
  return `${counts}${times}${limits ? ` (${limits})` : ""}: ${view.verdicts[verdict].words}`;
};
const showChange = () => {
  const { rows, words, told } = compare();
  signs.clearLayers();
  layers.change.setStyle((ward) => {
    const { colour } = view.verdicts[rows[ward.properties.index][4]];
    return {
      color: "#5a6470", weight: 1, fill: true, fillColor: colour || "#ffffff", fillOpacity: colour ? 0.8 : 0,
      interactive: false,
    };
  });
  view.wards.forEach((ward, index) => {
    const { colour, sign } = view.verdicts[rows[index][4]];
    if (!colour) return;
    const icon = L.divIcon({ html: `<span>${sign}</span>`, iconSize: [0, 0], className: "change-sign" });
    signs.addLayer(L.marker(ward.at, { icon, interactive: false, keyboard: false }));
  });
  for (const [part, text] of [["words", words], ["told", `${told}.`]]) {
    for (const element of findAll(`[data-change="${part}"]`)) element.textContent = text;
  }
};
if (layers.change) {
  layers.change.addData(layers.wards.toGeoJSON());
  chooser.value = find("[selected]", chooser).value; // whatever the browser remembers of the page
  chooser.addEventListener("change", () => { showChange(); placeNames(); });
  showChange();
}

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
    L.polyline(places, { color: "#ffffff", weight: 10, opacity: 0.9, interactive: false }),
    L.polyline(places, { color: view.colours.patrol, weight: 6, opacity: 1 }),
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

// Havens: filled where open in the chosen hours, hollow where closed.
const havens = [];
if (layers.havens) {
  layers.havens.eachLayer((haven) => {
    const { index } = haven.feature.properties;
    havens[index] = haven;
    haven.bindTooltip(() => sayLines(view.havens[index].lines, view.havens[index].name));
  });
}
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

const openText = ({ title, facts, known }) => {
  state.place = null;
  fillCard(title, facts, known);
  find("#card-map").hidden = true;
  showCard();
  markChosen();
};
const gaps = layers.gaps ? layers.gaps.getLayers() : [];
gaps.forEach((gap, index) => gap.on("click", () => openText(view.texts.gaps[index])));
const sites = layers.sites ? layers.sites.getLayers() : [];
sites.forEach((site, index) => {
  site.on("click", () => openText(view.texts.sites[index]));
  site.bindTooltip(view.texts.sites[index].letter, {
    permanent: true, direction: "top", offset: [0, -6], className: "site-letter",
  });
});
if (layers.streets) {
  layers.streets.eachLayer((run) => run.on("click", () => openText(view.runs[run.feature.properties.index])));
}

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
const highlight = (index, isOn) => {
  const mark = numbers[index].getElement();
  if (mark) mark.classList.toggle("lit", isOn || state.place === view.places[index].rank);
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
const nameMark = (mark) => {
  const element = mark.getElement();
  if (!element || !mark.place) return;
  find(".number", element).textContent = mark.place;
  element.setAttribute("aria-label", `${mark.place}: ${view.places[mark.options.index].name}`);
  element.tabIndex = mark.place === 1 ? 0 : -1;
};
const showPlaces = () => {
  const weights = state.when && weighParts(state.when);
  const rates = view.places.map((place) => expectAt(place, state.when, weights));
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
    list.append(rows[index]);
    const mark = numbers[index];
    mark.setZIndexOffset(1000 - position * 10);
    mark.place = position + 1;
    nameMark(mark);
  });
  find("#when-words").textContent = state.when ? state.when.words : "";
  if (order.length) sayAnswer(rates);
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

const all = find("#all-places");
if (all) {
  all.addEventListener("click", () => {
    list.classList.add("all");
    all.hidden = true;
    rows[order[10]].firstElementChild.focus();
  });
}

// The answer in large type.
const nTold = 3;
const sayAnswer = (rates) => {
  const { words } = view;
  const area = state.when ? add(state.when.hours.map((hour) => view.week.expected[hour])) : view.weekly;
  find("#answer-when").textContent = state.when ? state.when.words : words.week;
  find("#answer-rate").textContent = `: ${sayRate(area, words.answer)}`;
  const send = find("#answer-send");
  send.replaceChildren();
  order.slice(0, nTold).forEach((index, position) => {
    const button = make("button", "", "sent");
    button.type = "button";
    button.append(make("i", position + 1, "no"), view.places[index].name);
    button.addEventListener("click", () => openPlace(index));
    send.append(button);
  });
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

// The card: beside the map on a wide screen, a sheet from below on a phone. Escape closes it, and focus goes back.
const card = find("#card");
let cameFrom = null;
const fillCard = (title, facts, more) => {
  find("h2", card).textContent = title;
  const table = make("dl");
  for (const [head, text] of facts) table.append(make("dt", head), make("dd", text));
  const body = find("#card-body");
  body.replaceChildren(table);
  if (more && more.length) {
    const details = make("details");
    const known = make("dl");
    for (const [head, text] of more) known.append(make("dt", head), make("dd", text));
    details.append(make("summary", view.words.howKnown), known);
    details.addEventListener("toggle", () => { if (details.open) details.scrollIntoView({ block: "start" }); });
    body.append(details);
  }
};
const showCard = () => {
  if (card.hidden) cameFrom = document.activeElement;
  card.hidden = false;
  find("h2", card).focus({ preventScroll: true });
};
const closeCard = (isStep = true) => {
  if (card.hidden) return;
  card.hidden = true;
  state.place = null;
  markChosen();
  writeState(isStep);
  if (cameFrom && document.contains(cameFrom)) cameFrom.focus({ preventScroll: true });
};
const markChosen = () => {
  view.places.forEach((place, index) => {
    const isChosen = place.rank === state.place;
    rows[index].firstElementChild.classList.toggle("chosen", isChosen);
    rows[index].firstElementChild.setAttribute("aria-pressed", String(isChosen));
    highlight(index, isChosen);
  });
};
const goTo = (at, zoom) => {
  if (isNarrow()) return;
  const shift = card.hidden ? 0 : card.offsetWidth / 2;
  const point = map.project(at, zoom).subtract([-shift, 0]);
  map.setView(map.unproject(point, zoom), zoom, { animate: false });
};
const openPlace = (index, isStep = true) => {
  const place = view.places[index];
  state.place = place.rank;
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
  find("#card-map").hidden = !isNarrow();
  showCard();
  markChosen();
  goTo(place.at, Math.max(map.getZoom(), 15.5));
  writeState(isStep);
};
const openWard = (index) => {
  const ward = view.wards[index];
  state.place = null;
  const inside = order.filter((place) => view.places[place].wards.includes(ward.name));
  const facts = ward.lines.map((line) => ["", line]);
  if (layers.change) facts.push([compare().words, sayChange(index)]);
  fillCard(ward.borough ? `${ward.name}, ${ward.borough}` : ward.name, facts, []);
  const body = find("#card-body");
  body.append(make("h3", inside.length ? view.words.inWard : view.words.noneInWard));
  for (const place of inside) {
    const button = make("button", "", "sent");
    button.type = "button";
    button.append(make("i", order.indexOf(place) + 1, "no"), view.places[place].name);
    button.addEventListener("click", () => openPlace(place));
    body.append(button);
  }
  find("#card-map").hidden = !isNarrow();
  showCard();
  markChosen();
  if (!isNarrow()) fit(hitWards.getLayers()[index].getBounds().pad(0.15));
};
find("#card-close").addEventListener("click", () => closeCard());
find("#card-map").addEventListener("click", () => {
  const place = view.places.find(({ rank }) => rank === state.place);
  container.scrollIntoView({ block: "start" });
  if (place) map.setView(place.at, Math.max(map.getZoom(), 15), { animate: false });
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (!find("#layers").hidden) toggleLayers(false); else closeCard();
});
for (const button of findAll("[data-ward]")) {
  button.addEventListener("click", () => openWard(view.wards.findIndex(({ code }) => code === button.dataset.ward)));
}

// Of the pictures that colour the area one is shown; anything else is switched on and off.
const boxes = findAll("#layers input[type=checkbox]");
const pictures = findAll("#layers input[type=radio]");
const shownBoxes = () => boxes.filter(({ checked }) => checked).map(({ value }) => value);
const parted = {};
const describe = (part, index) => {
  const whole = make("div");
  whole.append(make("b", `${part.title} ${index + 1}`, "popup-title"));
  const table = make("dl");
  part.texts[index].forEach((text, row) => table.append(make("dt", view.shiftRows[row]), make("dd", text)));
  whole.append(table);
  return whole;
};
const clusters = { week: layers.hotspots.getLayers() };
clusters.week.forEach((cluster) => {
  const { index } = cluster.feature.properties;
  cluster.on("click", () => openText(view.clusters[index]));
});
const clustersOf = (key) => {
  if (!clusters[key]) {
    const part = view.shifts[key];
    const made = L.geoJSON(part.shapes, { smoothFactor: 0.5, style: view.hotspotStyle });
    made.eachLayer((cluster) => cluster.bindPopup(describe(part, cluster.feature.properties.index), { minWidth: 230 }));
    clusters[key] = made.getLayers();
  }
  return clusters[key];
};
// The part of the week that holds most of what is expected in the chosen hours.
const mainPart = () => {
  if (!state.when || state.when.key === "week") return "week";
  if (view.shifts[state.when.key]) return state.when.key;
  const weights = weighParts(state.when);
  const held = view.week.parts.filter(({ number }) => number !== null).map((part) => ({
    key: part.key,
    held: weights[part.number] * add(part.hours.map((hour) => view.week.expected[hour])),
  }));
  const most = held.reduce((one, other) => (other.held > one.held ? other : one));
  return view.shifts[most.key] ? most.key : "week";
};

// The density of any hours: those of the parts of the week that they lie in, mixed by what is expected in them.
const readPicture = (url) => new Promise((resolve) => {
  const image = new Image();
  image.onload = () => {
    const canvas = make("canvas");
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.drawImage(image, 0, 0);
    resolve({ width: canvas.width, height: canvas.height, colours: new Uint32Array(pen.getImageData(0, 0, canvas.width, canvas.height).data.buffer) });
  };
  image.src = url;
});
const pictureOf = (key) => {
  parted[key] ||= readPicture(view.shifts[key].image);
  return parted[key];
};
const wholeWeek = layers.density._url;
let asked = 0;
const showDensity = async () => {
  asked += 1;
  const mine = asked;
  if (!state.when || state.when.key === "week") {
    layers.density.setUrl(wholeWeek);
    return;
  }
  if (view.shifts[state.when.key]) {
    layers.density.setUrl(view.shifts[state.when.key].image);
    return;
  }
  const weights = weighParts(state.when);
  const used = view.week.parts.filter(({ key, number }) => number !== null && weights[number] > 0 && view.shifts[key]);
  if (!used.length) {
    layers.density.setUrl(make("canvas").toDataURL());
    return;
  }
  const read = await Promise.all(used.map(({ key }) => pictureOf(key)));
  if (mine !== asked) return;
  const { width, height } = read[0];
  // its density per 100 hours, as many times as the chosen hours hold it, in 100 of the chosen hours
  const shares = used.map(({ number, hours }) => weights[number] * hours.length / state.when.hours.length);
  const mixed = new Float64Array(width * height);
  const levels = new Map(view.shiftClasses.map(([bound, colour]) => [colour, bound]));
  read.forEach(({ colours }, part) => {
    const known = new Map();
    for (let pixel = 0; pixel < mixed.length; pixel += 1) {
      const colour = colours[pixel];
      if (!(colour >>> 24)) continue;
      if (!known.has(colour)) {
        const hex = [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255];
        const near = [...levels].reduce((best, [text, bound]) => {
          const away = add([1, 3, 5].map((at, channel) => Math.abs(parseInt(text.slice(at, at + 2), 16) - hex[channel])));
          return away < best.away ? { away, bound } : best;
        }, { away: Infinity, bound: 0 });
        known.set(colour, near.bound);
      }
      mixed[pixel] += known.get(colour) * shares[part];
    }
  });
  const canvas = make("canvas");
  Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d");
  const made = pen.createImageData(width, height);
  const classes = view.shiftClasses.map(([bound, colour]) => [bound, [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16))]);
  for (let pixel = 0; pixel < mixed.length; pixel += 1) {
    let at = -1;
    while (at + 1 < classes.length && mixed[pixel] >= classes[at + 1][0] * 0.999999) at += 1;
    if (at >= 0) made.data.set([...classes[at][1], 215], pixel * 4);
  }
  pen.putImageData(made, 0, 0);
  layers.density.setUrl(canvas.toDataURL());
};

const isNow = (when) => !when || (when === "week") === (!state.when || state.when.key === "week");
const boxLayers = {
  patrols: [stretches, layers.numbers],
  outlines: [layers.outlines], names: [layers.names], streetlines: [layers.streetlines],
};
const pictureLayers = { change: [layers.change, signs] };
const showLayers = () => {
  for (const { value, checked } of boxes) {
    for (const layer of (boxLayers[value] || [layers[value]]).filter(Boolean)) {
      if (checked) layer.addTo(map); else layer.remove();
    }
  }
  for (const { value, checked } of pictures) {
    if (checked) state.picture = value;
    for (const layer of (pictureLayers[value] || [layers[value]]).filter(Boolean)) {
      if (checked) layer.addTo(map); else layer.remove();
    }
  }
  const group = layers.hotspots;
  group.clearLayers();
  for (const cluster of clustersOf(mainPart())) group.addLayer(cluster);
  if (layers.gaps) {
    const part = mainPart();
    layers.gaps.clearLayers();
    // a gap is of a place and a part of the week: of other hours those of the part that holds most of them are shown
    gaps.forEach((gap, index) => {
      if (["week", "chosen"].includes(part) || view.gaps[index].parts.includes(part)) layers.gaps.addLayer(gap);
    });
  }
  for (const key of ["outlines", "significant", "half", "reach", "felt", "hotspots", "patrols", "streets"]) {
    if (layers[key] && map.hasLayer(layers[key]) && layers[key].bringToFront) layers[key].bringToFront();
  }
  stretches.eachLayer((one) => one.bringToFront());
  for (const entry of findAll("[data-layer], [data-when]")) {
    const key = entry.dataset.layer;
    const isOn = !key || (boxLayers[key] || pictureLayers[key] || [layers[key]]).some((layer) => layer && map.hasLayer(layer));
    entry.hidden = !isNow(entry.dataset.when) || !isOn;
  }
  for (const told of findAll("[data-part]")) told.hidden = !state.when || told.dataset.part !== state.when.key;
  spreadNumbers();
  placeNames();
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
for (const input of [...boxes, ...pictures]) {
  input.addEventListener("change", () => { showLayers(); writeState(false); });
}
const panel = find("#layers");
const toggleLayers = (isOn) => {
  panel.hidden = !isOn;
  find("#layers-button").setAttribute("aria-expanded", String(isOn));
  if (isOn) find("input:checked", panel).focus(); else find("#layers-button").focus();
};
find("#layers-button").addEventListener("click", () => toggleLayers(panel.hidden));
find("#whole").addEventListener("click", () => fit());
for (const button of findAll("[data-show-change]")) {
  button.addEventListener("click", () => {
    chooser.value = button.dataset.showChange;
    showChange();
    find("#layers input[value=change]").checked = true;
    showLayers();
    writeState(true);
    container.scrollIntoView({ block: "nearest" });
  });
}

// The hours.
const grid = find("#week");
const named = find("#named-hours");
const previewHours = grid && makeGrid(grid, (key) => chooseHours(key));
const chooseHours = (key, isStep = true) => {
  state.when = readWhen(key);
  if (grid) {
    previewHours(state.when);
    named.value = [...named.options].some(({ value }) => value === state.when.key) ? state.when.key : "";
  }
  showPlaces();
  showHavens();
  showDensity();
  showLayers();
  if (state.place) openPlace(view.places.findIndex(({ rank }) => rank === state.place), false);
  writeState(isStep);
};
if (named) {
  named.addEventListener("change", () => chooseHours(named.value));
  find("#whole-week").addEventListener("click", () => chooseHours("week"));
}

// A row about a ring on the map shows it there.
const showRing = (key, ring, text) => {
  find(`#layers input[value=${key}]`).checked = true;
  showLayers();
  layers[key].addLayer(ring); // of a gap, hours may be chosen in which it is none
  map.setView(ring.getLatLng(), Math.max(map.getZoom(), 14), { animate: false });
  container.scrollIntoView({ block: "nearest" });
  openText(text);
};
for (const button of findAll("[data-gap]")) {
  button.addEventListener("click", () => {
    const at = view.gaps.findIndex(({ place }) => place === Number(button.dataset.gap));
    showRing("gaps", gaps[at], view.texts.gaps[at]);
  });
}
for (const button of findAll("[data-site]")) {
  const at = Number(button.dataset.site);
  button.addEventListener("click", () => showRing("sites", sites[at], view.texts.sites[at]));
}
for (const button of findAll("[data-street]")) {
  button.addEventListener("click", () => {
    find("#layers input[value=streets]").checked = true;
    showLayers();
    layers.streets.eachLayer((run) => {
      const { index } = run.feature.properties;
      if (index + 1 !== Number(button.dataset.street)) return;
      openText(view.runs[index]);
      map.fitBounds(run.getBounds(), { maxZoom: 16, padding: [60, 60], animate: false });
    });
  });
}

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
  if (fixed) return fixed;
  fixed = [
    ...view.havens.map((haven, index) => ({ kind: view.words.kinds.haven, name: haven.name, at: havens[index].getLatLng() })),
    ...view.spots,
  ];
  if (layers.streetlines) {
    const seen = new Map();
    for (const { name, box } of layers.streetlines.lines) {
      if (name) seen.set(name, seen.has(name) ? seen.get(name).extend(box) : L.bounds(box.min, box.max));
    }
    for (const [name, box] of seen) {
      const corners = [box.min, box.max].map((point) => L.CRS.EPSG3857.pointToLatLng(point, 0));
      fixed.push({ kind: view.words.kinds.street, name, box: L.latLngBounds(corners) });
    }
  }
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
let pulse = null;
const choose = (index) => {
  const entry = matches[index];
  if (!entry) return;
  suggestions.hidden = true;
  search.setAttribute("aria-expanded", "false");
  search.value = entry.name;
  if (pulse) pulse.remove();
  if (entry.go) { entry.go(); return; }
  container.scrollIntoView({ block: "nearest" });
  if (entry.box) map.fitBounds(entry.box.pad(0.3), { maxZoom: 16, animate: false });
  else map.setView(entry.at, 16, { animate: false });
  pulse = entry.box ? L.rectangle(entry.box.pad(0.05), { color: view.colours.hotspot, weight: 2, fill: false, interactive: false })
    : L.circleMarker(entry.at, { radius: 18, color: view.colours.hotspot, weight: 3, fill: false, interactive: false });
  pulse.addTo(map);
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

// For a screen at the end of a room: everything larger.
const projector = find("#projector");
projector.addEventListener("click", () => {
  const isOn = root.classList.toggle("projector");
  projector.setAttribute("aria-pressed", String(isOn));
  map.invalidateSize({ animate: false });
  fit();
});
find("#print").addEventListener("click", () => window.print());

const applyState = () => {
  const wanted = readState();
  for (const input of pictures) input.checked = input.value === (wanted.picture || view.picture);
  for (const input of boxes) input.checked = (wanted.show || view.show).includes(input.value);
  state.place = null;
  chooseHours(wanted.when, false);
  const index = view.places.findIndex(({ rank }) => rank === wanted.place);
  if (index >= 0) openPlace(index, false); else closeCard(false);
};
window.addEventListener("popstate", applyState);
applyState();

// On a phone the key would hide the map, and the hours would stand before the list.
const fold = () => {
  find(".legend").open = !isNarrow();
  const hours = find(".grid");
  if (hours) hours.open = !isNarrow() || Boolean(state.when && !named.value);
};
narrow.addEventListener("change", () => { if (!root.classList.contains("printing")) fold(); });
fold();

// The map is as high as what stands above it leaves, and that is known only once all of it is laid out.
let isFitted = false;
new ResizeObserver(() => {
  map.invalidateSize({ animate: false });
  root.style.setProperty("--map-height", `${container.clientHeight}px`);
  if (!isFitted && !state.place) fit();
  isFitted = true;
}).observe(container);

// Paper has another shape than the screen, and the map must be drawn for it before it is printed.
const print = (on) => {
  root.classList.toggle("printing", on);
  find(".legend").open = on || !isNarrow();
  map.invalidateSize({ animate: false });
  fit();
};
window.addEventListener("beforeprint", () => print(true));
window.addEventListener("afterprint", () => print(false));
})();
