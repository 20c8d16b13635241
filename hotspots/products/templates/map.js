"use strict";
(() => {
const view = {{ view | tojson }};
const map = {{ view.map }};
const layers = { {% for key, name in view.layers.items() %}{{ key }}: {{ name }}, {% endfor %} };
const container = map.getContainer();
const root = document.documentElement;
const find = (selector, within = document) => within.querySelector(selector);
const findAll = (selector, within = document) => [...within.querySelectorAll(selector)];
// Text from the sources is put in as text and nowhere as HTML; hours and grid references are not broken by a line.
const put = (element, text) => {
  element.replaceChildren(...String(text).split(/(\d\d:\d\d-\d\d:\d\d|\b[HJNOST][A-Z] \d{3} \d{3}\b)/).map((part, at) => (at % 2 ? make("em", part, "whole") : part)));
};
const make = (kind, text = "", name = "") => {
  const element = document.createElement(kind);
  if (name === "whole") element.textContent = text; else put(element, text);
  if (name) element.className = name;
  return element;
};
const fill = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (_, key) => values[key]);
const zoomed = (pixels) => pixels * parseFloat(getComputedStyle(root).fontSize) / 16;
const narrow = window.matchMedia("(max-width: 54rem)");
const isNarrow = () => narrow.matches;

// Everything that is shown follows from the state. `go` changes it, and every part of the page shows it by its function.
{% include "map_week.js" %}
{% include "map_base.js" %}
{% include "map_streets.js" %}
{% if view.tiles %}{% include "map_tiles.js" %}{% endif %}
{% include "map_state.js" %}
{% include "map_frame.js" %}
{% include "map_labels.js" %}
{% include "map_wards.js" %}
{% include "map_marks.js" %}
{% include "map_list.js" %}
{% include "map_answer.js" %}
{% include "map_card.js" %}
{% include "map_near.js" %}
{% include "map_clusters.js" %}
{% include "map_density.js" %}
{% include "map_compare.js" %}
{% include "map_switches.js" %}
{% include "map_hours.js" %}
{% include "map_rows.js" %}
{% include "map_search.js" %}
{% include "map_screen.js" %}

const show = () => {
  showHours();
  showList();
  showAnswer();
  showHavens();
  showDensity();
  showChange();
  showCompared();
  showLayers();
  showCard();
};
readState();
})();
