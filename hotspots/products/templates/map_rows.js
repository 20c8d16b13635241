// Rows of tables that show on the map what they are about.
const showRing = (key, ring, text) => {
  switchOn(key);
  map.setView(ring.getLatLng(), Math.max(map.getZoom(), 14), { animate: false });
  container.scrollIntoView({ block: "nearest" });
  openCard(text);
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
    switchOn("streets");
    layers.streets.eachLayer((run) => {
      const { index } = run.feature.properties;
      if (index + 1 !== Number(button.dataset.street)) return;
      openCard(view.runs[index]);
      map.fitBounds(run.getBounds(), { maxZoom: 16, padding: [60, 60], animate: false });
    });
  });
}
