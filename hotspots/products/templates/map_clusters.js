const describe = (part, index) => ({
  title: `${part.title} ${index + 1}`,
  facts: part.texts[index].map((text, row) => [view.shiftRows[row], text]),
});
const clusters = { week: layers.hotspots.getLayers() };
clusters.week.forEach((cluster) => {
  const { index } = cluster.feature.properties;
  cluster.on("click", () => openCard(view.clusters[index]));
});
const showClusters = () => {
  layers.hotspots.clearLayers();
  for (const cluster of clustersOf(mainPart())) layers.hotspots.addLayer(cluster);
};
const clustersOf = (key) => {
  if (!clusters[key]) {
    const part = view.shifts[key];
    const made = L.geoJSON(part.shapes, { smoothFactor: 0.5, style: view.hotspotStyle });
    made.eachLayer((cluster) => cluster.on("click", () => openCard(describe(part, cluster.feature.properties.index))));
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
