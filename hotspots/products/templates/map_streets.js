// The streets below everything, each in view drawn on a canvas, and names on another above the picture: Chromium prints
// a canvas with a white ground, so that on paper both lie below the picture.
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

// Streets and the base map on a canvas, names on another. Without streets, or without a base map, of the other alone.
const GroundLayer = L.Layer.extend({
  initialize(streets, base, options) {
    L.setOptions(this, options);
    this.lines = !streets ? [] : streetRanks.flatMap((rank) => streets[rank.key].map(([name, letters]) => (
      { rank, name: streets.names[name] || "", ...readShape(letters) }
    ))).reverse();
    this.base = readBase(base);
    this.isHidden = () => false;
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
    this.canvases = null;
  },
  // What all parts of the picture share: how large it is, what is in view, and where a point of the ground is in it.
  look() {
    const shown = this._map;
    const [size, zoom] = [shown.getSize(), shown.getZoom()];
    const corner = shown.containerPointToLayerPoint([0, 0]);
    const origin = shown.getPixelOrigin().add(corner);
    const scale = 2 ** zoom;
    const stops = [11, 13, 15, 17];
    const widthAt = (widths) => {
      const above = stops.findIndex((stop) => zoom < stop);
      if (above === 0) return widths[0];
      if (above < 0) return widths[3];
      const part = (zoom - stops[above - 1]) / 2;
      return widths[above - 1] * (1 - part) + widths[above] * part;
    };
    const latitude = shown.getCenter().lat * Math.PI / 180;
    return {
      size, zoom, corner, widthAt,
      view: L.bounds(origin.divideBy(scale), origin.add(size).divideBy(scale)),
      place: ({ x, y }) => [x * scale - origin.x, y * scale - origin.y],
      pixelsPerMetre: 256 * scale / (2 * Math.PI * L.CRS.Earth.R * Math.cos(latitude)),
    };
  },
  open(canvas, { size, corner }) {
    const dense = window.devicePixelRatio || 1;
    L.DomUtil.setPosition(canvas, corner);
    Object.assign(canvas, { width: size.x * dense, height: size.y * dense });
    Object.assign(canvas.style, { width: `${size.x}px`, height: `${size.y}px` });
    const pen = canvas.getContext("2d");
    pen.scale(dense, dense);
    pen.lineJoin = pen.lineCap = "round";
    return pen;
  },
  draw() {
    if (!this._map) return;
    const see = this.look();
    const pen = this.open(this.canvases[0], see);
    if (!this.isHidden()) {
      drawBase(pen, this.base, see);
      this.drawStreets(pen, see);
    }
    if (root.classList.contains("printing")) this.name(pen, see); // on paper names lie on the canvas that is printed
  },
  seen(see) {
    return this.lines.filter(({ rank, box }) => see.zoom >= rank.from && box.intersects(see.view));
  },
  drawStreets(pen, see) {
    const inView = this.seen(see);
    for (const rank of [...streetRanks].reverse()) {
      const width = see.widthAt(rank.widths);
      if (!width) continue;
      pen.beginPath();
      for (const line of inView) {
        if (line.rank !== rank) continue;
        line.points.forEach((point, at) => {
          const [x, y] = see.place(point);
          if (at) pen.lineTo(x, y); else pen.moveTo(x, y);
        });
      }
      pen.strokeStyle = rank.colour;
      pen.lineWidth = width;
      pen.stroke();
    }
  },
  drawAll() {
    this.draw();
    this.nameAll();
  },
  // Once numbers and names of wards have found their places. The key lists what of the ground is drawn.
  nameAll() {
    if (!this._map) return;
    const see = this.look();
    this.name(this.open(this.canvases[1], see), see);
    const drawn = this.isHidden() ? [] : listDrawn(this.base, see);
    for (const entry of findAll(".legend [data-ground]")) entry.hidden = !drawn.includes(entry.dataset.ground);
  },
  // Stations first, then water and parks, streets, and schools; a name that would touch another is left out.
  name(pen, see) {
    if (this.isHidden()) return;
    drawMarks(pen, this.base, see);
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineWidth = 3;
    pen.strokeStyle = "rgba(255, 255, 255, .9)";
    const frame = this._map.getContainer().getBoundingClientRect();
    const taken = findAll(".number, .ward-name:not([hidden]) span, .leaflet-havens-pane path", this._map.getContainer()).map((mark) => {
      const box = mark.getBoundingClientRect();
      return L.bounds([box.left - frame.left, box.top - frame.top], [box.right - frame.left, box.bottom - frame.top]);
    });
    const said = new Map();
    const style = (isItalic, weight) => {
      pen.font = `${isItalic ? "italic " : ""}${weight} ${zoomed(11)}px ${getComputedStyle(document.body).fontFamily}`;
    };
    const put = (name, x, y, { colour, angle = 0, across = 0, apart = 350 }) => {
      const [width, height] = [pen.measureText(name).width, zoomed(12)];
      const [cos, sin] = [Math.abs(Math.cos(angle)), Math.abs(Math.sin(angle))];
      const half = [(cos * width + sin * height) / 2, (sin * width + cos * height) / 2];
      const middle = x + (across === "right" ? 8 + width / 2 : across === "left" ? -8 - width / 2 : 0);
      const box = L.bounds([middle - half[0], y - half[1]], [middle + half[0], y + half[1]]);
      const isInside = box.min.x > 2 && box.min.y > 2 && box.max.x < see.size.x - 2 && box.max.y < see.size.y - 2;
      if (!isInside || taken.some((other) => other.intersects(box))) return false;
      if ((said.get(name) || []).some(([a, b]) => Math.hypot(a - x, b - y) < apart)) return false;
      taken.push(box);
      said.set(name, [...(said.get(name) || []), [x, y]]);
      pen.save();
      pen.translate(middle, y);
      pen.rotate(angle);
      pen.fillStyle = colour;
      pen.strokeText(name, 0, 0);
      pen.fillText(name, 0, 0);
      pen.restore();
      return true;
    };
    style(false, 600);
    nameBase(this.base, see, ["station"], put);
    style(true, 500);
    nameBase(this.base, see, ["water", "green"], put);
    const rivers = this.base.lines.filter(({ kind, name, box }) => kind === "water" && name && see.zoom >= 13.5 && box.intersects(see.view));
    this.nameLines(pen, see, rivers, baseStyle.water.text, put);
    style(false, 500);
    this.nameLines(pen, see, this.seen(see).filter(({ rank, name }) => name && see.zoom >= rank.named).reverse(), "#4a4a45", put);
    nameBase(this.base, see, ["school"], put);
  },
  // A name lies along the straightest long piece of its line.
  nameLines(pen, see, lines, colour, put) {
    for (const { name, points } of lines) {
      const width = pen.measureText(name).width;
      let best = null;
      for (let at = 1; at < points.length; at += 1) {
        const [a, b] = [see.place(points[at - 1]), see.place(points[at])];
        const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
        const [x, y, length] = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2, Math.hypot(dx, dy)];
        const isInside = x > width / 2 && y > 10 && x < see.size.x - width / 2 && y < see.size.y - 10;
        if (isInside && length > 0.8 * width && (!best || length > best.length)) best = { x, y, length, dx, dy };
      }
      if (!best) continue;
      let angle = Math.atan2(best.dy, best.dx);
      if (Math.abs(angle) > Math.PI / 2) angle += Math.PI;
      put(name, best.x, best.y, { colour, angle });
    }
  },
});
