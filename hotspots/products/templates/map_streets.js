// The streets below everything, each in view drawn on a canvas, and their names on another above the picture: Chromium
// prints a canvas with a white ground, so that streets must not lie on the picture, and names are not printed.
const unpack = (letters) => {
  const numbers = [];
  for (let at = 0; at < letters.length;) {
    let [value, shift, bits] = [0, 0, 32];
    while (bits >= 32) {
      bits = letters.charCodeAt(at++) - 63;
      value += (bits & 31) * 2 ** shift;
      shift += 5;
    }
    numbers.push(value % 2 ? -(value + 1) / 2 : value / 2);
  }
  const places = [];
  let [latitude, longitude] = [0, 0];
  for (let at = 0; at < numbers.length; at += 2) {
    latitude += numbers[at];
    longitude += numbers[at + 1];
    places.push([latitude / 1e5, longitude / 1e5]);
  }
  return places;
};

const streetRanks = [ // widths in pixels at zooms 11, 13, 15 and 17; from which zoom on drawn and named
  { key: "main", colour: "#bdb5a4", widths: [1.4, 2.4, 5, 9], from: 0, named: 13 },
  { key: "connecting", colour: "#cdc7b9", widths: [0.9, 1.7, 4, 8], from: 11, named: 14.5 },
  { key: "local", colour: "#dcd7cb", widths: [0.4, 1, 3, 7], from: 12, named: 15.75 },
  { key: "path", colour: "#dcd7cb", widths: [0, 0.4, 1, 2], from: 14, named: 99 },
];

const StreetLayer = L.Layer.extend({
  initialize(streets, options) {
    L.setOptions(this, options);
    this.lines = streetRanks.flatMap((rank) => streets[rank.key].map(([name, letters]) => {
      const points = unpack(letters).map((place) => L.CRS.EPSG3857.latLngToPoint(L.latLng(place), 0));
      return { rank, name: streets.names[name] || "", points, box: L.bounds(points) };
    })).reverse();
  },
  onAdd(shown) {
    this.canvases = this.options.panes.map((pane) => {
      const canvas = make("canvas", "", "leaflet-zoom-hide");
      shown.getPane(pane).append(canvas);
      return canvas;
    });
    shown.on("moveend viewreset resize", this.draw, this);
    this.draw();
  },
  onRemove(shown) {
    shown.off("moveend viewreset resize", this.draw, this);
    for (const canvas of this.canvases) canvas.remove();
  },
  draw() {
    const shown = this._map;
    const [size, dense, zoom] = [shown.getSize(), window.devicePixelRatio || 1, shown.getZoom()];
    const corner = shown.containerPointToLayerPoint([0, 0]);
    const origin = shown.getPixelOrigin().add(corner);
    const scale = 2 ** zoom;
    const [pen, namePen] = this.canvases.map((canvas) => {
      L.DomUtil.setPosition(canvas, corner);
      Object.assign(canvas, { width: size.x * dense, height: size.y * dense });
      Object.assign(canvas.style, { width: `${size.x}px`, height: `${size.y}px` });
      const made = canvas.getContext("2d");
      made.scale(dense, dense);
      made.lineJoin = made.lineCap = "round";
      return made;
    });
    const view = L.bounds(origin.divideBy(scale), origin.add(size).divideBy(scale));
    const stops = [11, 13, 15, 17];
    const widthAt = (widths) => {
      const above = stops.findIndex((stop) => zoom < stop);
      if (above === 0) return widths[0];
      if (above < 0) return widths[3];
      const part = (zoom - stops[above - 1]) / 2;
      return widths[above - 1] * (1 - part) + widths[above] * part;
    };
    const inView = this.lines.filter(({ rank, box }) => zoom >= rank.from && box.intersects(view));
    for (const rank of [...streetRanks].reverse()) {
      pen.beginPath();
      for (const line of inView) {
        if (line.rank !== rank) continue;
        line.points.forEach((point, at) => {
          const [x, y] = [point.x * scale - origin.x, point.y * scale - origin.y];
          if (at) pen.lineTo(x, y); else pen.moveTo(x, y);
        });
      }
      pen.strokeStyle = rank.colour;
      pen.lineWidth = widthAt(rank.widths);
      if (pen.lineWidth && widthAt(rank.widths)) pen.stroke();
    }
    this.name(namePen, inView.filter(({ rank, name }) => name && zoom >= rank.named), scale, origin, size);
  },
  // Names lie along the straightest long piece of a street; one that would touch another is left out.
  name(pen, lines, scale, origin, size) {
    pen.font = `500 ${zoomed(11)}px ${getComputedStyle(document.body).fontFamily}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineWidth = 3;
    pen.strokeStyle = "rgba(255, 255, 255, .9)";
    pen.fillStyle = "#4a4a45";
    const taken = [];
    const said = new Map();
    for (const { name, points } of [...lines].reverse()) {
      const width = pen.measureText(name).width;
      let best = null;
      for (let at = 1; at < points.length; at += 1) {
        const [a, b] = [points[at - 1], points[at]].map((one) => [one.x * scale - origin.x, one.y * scale - origin.y]);
        const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
        const [x, y, length] = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2, Math.hypot(dx, dy)];
        const isInside = x > width / 2 && y > 10 && x < size.x - width / 2 && y < size.y - 10;
        if (isInside && length > 0.8 * width && (!best || length > best.length)) best = { x, y, length, dx, dy };
      }
      if (!best) continue;
      if ((said.get(name) || []).some(([x, y]) => Math.hypot(x - best.x, y - best.y) < 350)) continue;
      let angle = Math.atan2(best.dy, best.dx);
      if (Math.abs(angle) > Math.PI / 2) angle += Math.PI;
      const [halfWidth, halfHeight] = [
        (Math.abs(Math.cos(angle)) * width + Math.abs(Math.sin(angle)) * 12) / 2,
        (Math.abs(Math.sin(angle)) * width + Math.abs(Math.cos(angle)) * 12) / 2,
      ];
      const box = L.bounds([best.x - halfWidth, best.y - halfHeight], [best.x + halfWidth, best.y + halfHeight]);
      if (taken.some((other) => other.intersects(box))) continue;
      taken.push(box);
      said.set(name, [...(said.get(name) || []), [best.x, best.y]]);
      pen.save();
      pen.translate(best.x, best.y);
      pen.rotate(angle);
      pen.strokeText(name, 0, 0);
      pen.fillText(name, 0, 0);
      pen.restore();
    }
  },
});
