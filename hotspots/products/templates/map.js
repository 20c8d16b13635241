"use strict";
(() => {
  const view = {{ view | tojson }};
  const map = {{ view.map }};
  const layers = { {% for key, name in view.layers.items() %}{{ key }}: {{ name }}, {% endfor %} };
  const container = map.getContainer();
  const make = (kind, text, name = "") => {
    const element = document.createElement(kind);
    element.textContent = text;
    element.className = name;
    return element;
  };

  // Text from the sources comes in here and nowhere else: escaped where it is HTML, and as text where it is a name.
  layers.wards.eachLayer((ward) => ward.bindTooltip(view.texts.wards[ward.feature.properties.index], { sticky: true }));
  const popup = {
    maxWidth: container.clientWidth > 600 ? 380 : 300, minWidth: 230, maxHeight: container.clientHeight - 70,
    autoPanPaddingTopLeft: [52, 12], autoPanPaddingBottomRight: [12, 12],
  };
  layers.hotspots.eachLayer((hotspot) => hotspot.bindPopup(view.texts.hotspots[hotspot.feature.properties.index], popup));
  if (layers.patrols) {
    layers.patrols.eachLayer((place) => place.bindPopup(view.texts.patrols[place.feature.properties.index], popup));
  }
  if (layers.streets) {
    layers.streets.eachLayer((run) => run.bindPopup(view.texts.streets[run.feature.properties.index], popup));
  }
  if (layers.havens) {
    layers.havens.eachLayer((haven) => haven.bindTooltip(view.texts.havens[haven.feature.properties.index]));
  }
  const gaps = layers.gaps ? layers.gaps.getLayers() : [];
  for (const gap of gaps) gap.bindPopup(view.texts.gaps[gap.feature.properties.index], popup);
  if (layers.sites) {
    layers.sites.eachLayer((site) => {
      const index = site.feature.properties.index;
      site.bindPopup(view.texts.sites[index], popup);
      site.bindTooltip("ABC"[index], { permanent: true, direction: "top", offset: [0, -6], className: "site-letter" });
    });
  }
  if (layers.facilities) {
    layers.facilities.eachLayer((one) => one.bindTooltip(view.texts.facilities[one.feature.properties.index], { className: "wide" }));
  }
  const mark = (place, html, size, className, options) => L.marker(place, {
    icon: L.divIcon({ html, iconSize: [size, size], iconAnchor: [size / 2, size / 2], className }),
    interactive: false, keyboard: false, ...options,
  });
  view.names.forEach(([latitude, longitude, minZoom], index) => {
    const name = mark([latitude, longitude], "<span></span>", 0, "ward-name", { minZoom, index });
    name.on("add", () => {
      name.getElement().firstElementChild.textContent = view.texts.names[index];
      name.getElement().hidden = map.getZoom() < minZoom;
    });
    layers.names.addLayer(name);
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

  // Wards that changed by more than chance are filled and signed, by the comparison that is chosen; others are not.
  const chooser = document.querySelector(".change select");
  const signs = L.layerGroup();
  const lift = () => signs.eachLayer((sign) => {
    const name = sign.options.name.getElement();
    const room = name && !name.hidden ? name.firstElementChild.offsetHeight / 2 + 9 : 0;
    if (sign.getElement()) sign.getElement().firstElementChild.style.marginTop = `${-room}px`;
  });
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
      return { color: "#5a6470", weight: 1, fill: true, fillColor: colour || "#ffffff", fillOpacity: colour ? 0.8 : 0 };
    });
    layers.names.eachLayer((name) => {
      const { colour, sign } = view.verdicts[rows[name.options.index][4]];
      if (!colour) return;
      signs.addLayer(mark(name.getLatLng(), `<span>${sign}</span>`, 0, "change-sign", { zIndexOffset: 1100, name }));
    });
    for (const [part, text] of [["words", words], ["told", `${told}.`], ["nothing", `${told}: ${words}.`]]) {
      document.querySelector(`[data-change="${part}"]`).textContent = text;
    }
    lift();
  };
  if (layers.change) {
    layers.change.addData(layers.wards.toGeoJSON());
    layers.change.eachLayer((ward) => ward.bindTooltip(() => {
      const index = ward.feature.properties.index;
      const whole = make("div", "");
      whole.append(make("b", view.texts.names[index]), make("div", sayChange(index)), make("small", compare().words));
      return whole;
    }, { sticky: true, className: "wide" }));
    chooser.addEventListener("change", () => { showChange(); showLegend(); });
    map.on("zoomend", lift);
    layers.names.on("add remove", () => setTimeout(lift, 0));
    const nothing = L.control({ position: "bottomright" });
    nothing.onAdd = () => document.querySelector('[data-change="nothing"]');
    nothing.addTo(map);
  }

  // What the map shows of the whole week and of its parts; a part's layers are made when it is first looked at.
  // Best ranks are drawn last, so they stay on top.
  const rank = (places, className) => places.map(
    (place, index) => mark(place, `<span>${index + 1}</span>`, 22, className, { zIndexOffset: 1000 }),
  ).reverse();
  const shown = {
    week: {
      image: layers.density._url, outlines: layers.hotspots.getLayers(), ranks: rank(view.numbers, "rank patrol"),
      numbers: [],
    },
  };
  let now = "week";
  const describe = (part, index) => {
    const table = make("table", "", "popup");
    part.texts[index].forEach((text, row) => {
      const line = table.insertRow();
      line.append(make("th", view.shiftRows[row]), make("td", text));
    });
    const whole = make("div", "");
    whole.append(make("b", `${part.title} ${index + 1}`, "popup-title"), table);
    return whole;
  };
  const look = (key) => {
    if (shown[key]) return shown[key];
    const part = view.shifts[key];
    const made = L.geoJSON(part.shapes, { smoothFactor: 0.5, style: view.hotspotStyle });
    made.eachLayer((hotspot) => hotspot.bindPopup(describe(part, hotspot.feature.properties.index), popup));
    shown[key] = {
      image: part.image, outlines: made.getLayers(), ranks: rank(part.numbers, "rank"), numbers: part.numbers,
    };
    return shown[key];
  };
  const isNow = (when) => !when || when === now || (when === "part" && now !== "week");

  // A legend entry is shown while its layer is, and what is said of some hours while they are chosen.
  const showLegend = () => {
    for (const entry of document.querySelectorAll("[data-layer], [data-when]")) {
      const layer = layers[entry.dataset.layer];
      entry.hidden = !isNow(entry.dataset.when) || ("layer" in entry.dataset && (!layer || !map.hasLayer(layer)));
    }
    // In the week the numbers are those of places to patrol, in a part of it those of its hot spots.
    const numbered = now === "week" ? layers.patrols : layers.hotspots;
    if (numbered && map.hasLayer(numbered)) {
      layers.numbers.addTo(map);
    } else {
      layers.numbers.remove();
    }
    if (layers.change) {
      const isOn = map.hasLayer(layers.change);
      if (isOn) signs.addTo(map); else signs.remove();
      if (isOn) lift();
      document.querySelector('[data-change="nothing"]').hidden = !isOn || signs.getLayers().length > 0;
    }
    // Whatever was switched on last, hot spots stay on top of areas.
    for (const key of ["outside", "outlines", "significant", "half", "reach", "felt", "hotspots", "patrols", "streets"]) {
      if (layers[key] && map.hasLayer(layers[key])) layers[key].bringToFront();
    }
    for (const key of ["gaps", "havens", "facilities", "sites"]) {
      if (layers[key] && map.hasLayer(layers[key])) layers[key].eachLayer((place) => place.bringToFront());
    }
  };
  map.on("overlayadd overlayremove", showLegend);
  // Of the layers that colour the whole area only one is shown.
  const fills = [layers.density, layers.expected, layers.wards, layers.change].filter(Boolean);
  map.on("overlayadd", (event) => {
    if (!fills.includes(event.layer)) return;
    for (const other of fills) if (other !== event.layer) setTimeout(() => other.remove(), 0);
  });
  map.on("layerremove", (event) => {
    if (fills.includes(event.layer)) showLegend();
  });
  if (layers.change) {
    chooser.value = chooser.querySelector("[selected]").value; // whatever the browser remembers of the page
    showChange();
  }
  showLegend();
  for (const button of document.querySelectorAll("[data-show-change]")) {
    button.addEventListener("click", () => {
      chooser.value = button.dataset.showChange;
      showChange();
      layers.change.addTo(map);
      showLegend();
      container.scrollIntoView({ block: "nearest" });
    });
  }

  const choose = (key) => {
    map.closePopup();
    now = key;
    const one = look(key);
    layers.density.setUrl(one.image);
    for (const [group, members] of [[layers.hotspots, one.outlines], [layers.numbers, one.ranks]]) {
      group.clearLayers();
      for (const member of members) group.addLayer(member);
    }
    if (layers.gaps) {
      layers.gaps.clearLayers();
      for (const gap of gaps) {
        const { parts } = view.gaps[gap.feature.properties.index];
        // hours that were chosen are no part of the week that gaps are told of: then all are shown
        if (["week", "chosen"].includes(key) || parts.includes(key)) layers.gaps.addLayer(gap);
      }
    }
    for (const label of document.querySelectorAll(".when label")) {
      label.classList.toggle("now", label.firstElementChild.value === key);
    }
    showLegend();
  };
  for (const choice of document.querySelectorAll(".when input")) {
    choice.checked = choice.value === view.opening; // a browser may remember what was chosen when the page is reloaded
    choice.addEventListener("change", () => choose(choice.value));
  }
  choose(view.opening);

  for (const row of document.querySelectorAll("[data-place], [data-rank], [data-part-rank]")) {
    row.addEventListener("click", () => {
      const group = row.dataset.place ? layers.patrols : layers.hotspots;
      group.addTo(map);
      showLegend();
      group.eachLayer((layer) => {
        const index = layer.feature.properties.index;
        if (index + 1 !== Number(row.dataset.place || row.dataset.rank || row.dataset.partRank)) return;
        container.scrollIntoView({ block: "nearest" });
        map.fitBounds(layer.getBounds(), { maxZoom: 15.5, padding: [40, 40], animate: false });
        layer.openPopup((row.dataset.place ? view : look(now)).numbers[index]);
      });
    });
  }

  for (const row of document.querySelectorAll("[data-street]")) {
    row.addEventListener("click", () => {
      layers.streets.addTo(map);
      showLegend();
      layers.streets.eachLayer((run) => {
        if (run.feature.properties.index + 1 !== Number(row.dataset.street)) return;
        container.scrollIntoView({ block: "nearest" });
        map.fitBounds(run.getBounds(), {
          maxZoom: 16, paddingTopLeft: [container.clientWidth > 760 ? 340 : 30, 130], paddingBottomRight: [60, 30],
          animate: false,
        });
        run.openPopup();
      });
    });
  }

  const showPoint = (group, one) => {
    group.addTo(map);
    showLegend();
    container.scrollIntoView({ block: "nearest" });
    map.setView(one.getLatLng(), 15, { animate: false });
    one.openPopup();
  };
  for (const row of document.querySelectorAll("[data-gap]")) {
    row.addEventListener("click", () => {
      const gap = gaps.find((one) => view.gaps[one.feature.properties.index].place === Number(row.dataset.gap));
      layers.gaps.addLayer(gap); // another part of the week may be shown
      showPoint(layers.gaps, gap);
    });
  }
  for (const row of document.querySelectorAll("[data-site]")) {
    row.addEventListener("click", () => showPoint(layers.sites, layers.sites.getLayers()[Number(row.dataset.site)]));
  }

  // The map is as high as what stands above it leaves, and that is known only once all of it is laid out.
  new ResizeObserver(() => {
    map.invalidateSize({ animate: false });
    document.documentElement.style.setProperty("--map-height", `${container.clientHeight}px`);
  }).observe(container);

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
