// The hours are chosen in the grid, by name, or all of them.
const grid = find("#week");
const named = find("#named-hours");
const chooseHours = (key) => go({ when: readWhen(key) });
const previewHours = grid && makeGrid(grid, chooseHours);
const showHours = () => {
  if (!grid) return;
  previewHours(state.when);
  named.value = [...named.options].some(({ value }) => value === state.when.key) ? state.when.key : "";
};
if (named) {
  named.addEventListener("change", () => chooseHours(named.value));
  find("#whole-week").addEventListener("click", () => chooseHours("week"));
}
