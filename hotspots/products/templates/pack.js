"use strict";
// the search box shows the wards with a word in their name or borough that begins as typed, and says how many they are
const box = document.getElementById("find");
const rows = [...document.querySelectorAll("tr[data-name]")];
const found = document.getElementById("found");
function show() {
  const wanted = box.value.trim().toLowerCase();
  let n = 0;
  for (const row of rows) {
    row.hidden = !row.dataset.name.includes(" " + wanted);
    n += row.hidden ? 0 : 1;
  }
  for (const group of document.querySelectorAll("tbody[data-borough]")) {
    group.hidden = ![...group.querySelectorAll("tr[data-name]")].some((row) => !row.hidden);
  }
  found.textContent = wanted ? (n === 1 ? "1 ward" : n + " wards") : "";
}
document.getElementById("search").hidden = false;
box.addEventListener("input", show);
box.addEventListener("keydown", (event) => {
  if (event.key === "Escape") { box.value = ""; show(); }
});
show();  // a browser that goes back keeps what was typed
