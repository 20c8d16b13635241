"use strict";
(() => {
  const view = {{ view | tojson }};
  const map = {{ view.map }};
  const layers = { {% for key, name in view.layers.items() %}{{ key }}: {{ name }}, {% endfor %} };
  const container = map.getContainer();

  // Text from the sources comes in here and nowhere else: escaped where it is HTML, and as text where it is a name.
  layers.wards.eachLayer((ward) => ward.bindTooltip(view.texts.wards[ward.feature.properties.index], { sticky: true }));
  layers.hotspots.eachLayer((hotspot) => hotspot.bindPopup(view.texts.hotspots[hotspot.feature.properties.index], {
    maxWidth: 300, minWidth: 230, autoPanPaddingTopLeft: [52, 12], autoPanPaddingBottomRight: [12, 12],
  }));
  if (layers.havens) {
    layers.havens.eachLayer((haven) => haven.bindTooltip(view.texts.havens[haven.feature.properties.index]));
  }
  const write = (name) => {
    name.getElement().firstElementChild.textContent = view.texts.names[name.options.index];
    name.getElement().hidden = map.getZoom() < name.options.minZoom;
  };
  layers.names.eachLayer((name) => {
    name.on("add", () => write(name));
    if (name.getElement()) write(name);
  });

  // On a wide screen the legend lies over the map, so the map keeps clear of it.
  const fit = () => map.fitBounds(view.bounds, {
    paddingTopLeft: [container.clientWidth > 760 ? 130 : 8, 8], paddingBottomRight: [8, 8], animate: false,
  });
  fit();
  L.control.scale({ imperial: false, position: "bottomleft" }).addTo(map);

  const north = L.control({ position: "topleft" });
  north.onAdd = () => {
    const box = L.DomUtil.create("div", "north");
    box.innerHTML = '<svg viewBox="0 0 20 30" aria-label="North is up"><path d="M10 1 17 20 10 16 3 20z"/><text x="10" y="29" text-anchor="middle">N</text></svg>';
    return box;
  };
  north.addTo(map);

  // A name is shown once its ward is large enough on the screen to hold it.
  const showNames = () => {
    container.classList.toggle("far", map.getZoom() < 12);
    layers.names.eachLayer((name) => {
      const element = name.getElement();
      if (element) element.hidden = map.getZoom() < name.options.minZoom;
    });
  };
  map.on("zoomend", showNames);
  showNames();

  // A legend entry is shown while its layer is.
  const showLegend = () => {
    for (const entry of document.querySelectorAll("[data-layer]")) {
      const layer = layers[entry.dataset.layer];
      entry.hidden = !layer || !map.hasLayer(layer);
    }
    if (map.hasLayer(layers.hotspots)) {
      layers.numbers.addTo(map);
    } else {
      layers.numbers.remove();
    }
    // Whatever was switched on last, hot spots stay on top of areas.
    for (const key of ["outside", "outlines", "significant", "half", "reach", "hotspots"]) {
      if (layers[key] && map.hasLayer(layers[key])) layers[key].bringToFront();
    }
    if (layers.havens && map.hasLayer(layers.havens)) layers.havens.eachLayer((haven) => haven.bringToFront());
  };
  map.on("overlayadd overlayremove", showLegend);
  // Of the layers that colour the whole area only one is shown.
  const fills = [layers.density, layers.expected, layers.wards].filter(Boolean);
  map.on("overlayadd", (event) => {
    if (!fills.includes(event.layer)) return;
    for (const other of fills) if (other !== event.layer) setTimeout(() => other.remove(), 0);
  });
  map.on("layerremove", (event) => {
    if (fills.includes(event.layer)) showLegend();
  });
  showLegend();

  for (const row of document.querySelectorAll("[data-rank]")) {
    row.addEventListener("click", () => {
      layers.hotspots.addTo(map);
      showLegend();
      layers.hotspots.eachLayer((layer) => {
        const index = layer.feature.properties.index;
        if (index + 1 !== Number(row.dataset.rank)) return;
        container.scrollIntoView({ block: "nearest" });
        map.fitBounds(layer.getBounds(), { maxZoom: 15.5, padding: [40, 40], animate: false });
        layer.openPopup(view.numbers[index]);
      });
    });
  }

  // Paper has another shape than the screen, and the map must be drawn for it before it is printed.
  const print = (on) => {
    document.documentElement.classList.toggle("printing", on);
    map.closePopup();
    for (const details of document.querySelectorAll("details")) details.open = on;
    map.invalidateSize({ animate: false });
    fit();
  };
  window.addEventListener("beforeprint", () => print(true));
  window.addEventListener("afterprint", () => print(false));
})();
