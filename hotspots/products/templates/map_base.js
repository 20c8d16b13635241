// Water, parks, railways, stations and schools below the streets, faded so that what lies on them is seen first.
const baseStyle = {
  green: { fill: "#f3f3ec", hatch: "#ccd5c0", text: "#3f6136" }, // hatched: the density has greens of its own
  water: { fill: "#c2d8e6", text: "#2f6485", widths: [0.8, 1.4, 2.6, 4.5] },
  rail: { fill: "#a8a8ad", widths: [0.9, 1.3, 2, 3] },
  station: { fill: "#4a5568", text: "#323c4d", from: 11.5, named: 13 },
  school: { fill: "#7a6a8f", text: "#5d4f70", from: 14, named: 15.5 },
};
const leastNamedPixels = 70; // the side of a square as large as a park or lake that has its name on it
const onGround = (place) => L.CRS.EPSG3857.latLngToPoint(L.latLng(place), 0);
const readShape = (letters) => {
  const points = unpack(letters).map(onGround);
  return { points, box: L.bounds(points) };
};
const readBase = (base) => {
  const named = (name) => base.names[name] || "";
  const areas = ["green", "water"].flatMap((kind) => base.areas[kind].map(([name, side, at, rings]) => {
    const shapes = rings.map(readShape);
    return { kind, name: named(name), side, at: at.length ? onGround(at) : null, rings: shapes, box: shapes[0].box };
  }));
  const lines = ["water", "rail"].flatMap((kind) => base.lines[kind].map(([name, letters]) => (
    { kind, name: named(name), ...readShape(letters) }
  )));
  const marks = base.marks.map(([kind, name, ...at]) => ({ kind, name: named(name), place: at, at: onGround(at) }));
  return { areas, lines, marks };
};

const hatched = (colour) => {
  const side = 7;
  const canvas = make("canvas");
  Object.assign(canvas, { width: side, height: side });
  const pen = canvas.getContext("2d");
  pen.strokeStyle = colour;
  for (const shift of [-side, 0, side]) {
    pen.moveTo(shift - 1, side + 1);
    pen.lineTo(shift + side + 1, -1);
  }
  pen.stroke();
  return canvas;
};

// `see` says where a point of the ground is in the picture, what of the ground is in view, and how wide lines are.
const drawBase = (pen, base, see) => {
  const trace = (points) => points.forEach((point, at) => {
    const [x, y] = see.place(point);
    if (at) pen.lineTo(x, y); else pen.moveTo(x, y);
  });
  for (const kind of ["green", "water"]) {
    pen.beginPath();
    for (const area of base.areas) {
      if (area.kind === kind && area.box.intersects(see.view)) for (const ring of area.rings) trace(ring.points);
    }
    const { fill, hatch } = baseStyle[kind];
    pen.fillStyle = fill;
    pen.fill("evenodd");
    if (!hatch) continue;
    pen.fillStyle = pen.createPattern(hatched(hatch), "repeat");
    pen.fill("evenodd");
  }
  for (const kind of ["water", "rail"]) {
    pen.beginPath();
    for (const line of base.lines) if (line.kind === kind && line.box.intersects(see.view)) trace(line.points);
    pen.strokeStyle = baseStyle[kind].fill;
    pen.lineWidth = see.widthAt(baseStyle[kind].widths);
    pen.stroke();
    if (kind !== "rail" || see.zoom < 13) continue;
    pen.save();
    pen.setLineDash([7, 7]);
    pen.strokeStyle = "#f6f6f6";
    pen.lineWidth = Math.max(see.widthAt(baseStyle.rail.widths) - 1.2, 0.5);
    pen.lineCap = "butt";
    pen.stroke();
    pen.restore();
  }
};

const isMarked = ({ kind, at }, see) => see.zoom >= (baseStyle[kind].from ?? Infinity) && see.view.contains(at);
const listDrawn = (base, see) => [
  ...base.areas.filter(({ box }) => box.intersects(see.view)), ...base.marks.filter((mark) => isMarked(mark, see)),
].map(({ kind }) => kind);
const drawMarks = (pen, base, see) => {
  for (const { kind, at } of base.marks.filter((mark) => isMarked(mark, see))) {
    const { fill } = baseStyle[kind];
    const [x, y] = see.place(at);
    pen.fillStyle = fill;
    pen.strokeStyle = "#ffffff";
    pen.lineWidth = 1.5;
    pen.beginPath();
    if (kind === "station") pen.rect(x - 3.5, y - 3.5, 7, 7); else pen.arc(x, y, 3, 0, 2 * Math.PI);
    pen.stroke();
    pen.fill();
  }
};

// Names of places: `put` writes one level, if it covers no other, and says whether it did.
const nameBase = (base, see, kinds, put) => {
  for (const mark of base.marks) {
    const { text, named } = baseStyle[mark.kind];
    if (!kinds.includes(mark.kind) || !mark.name || see.zoom < (named || 14) || !see.view.contains(mark.at)) continue;
    const [x, y] = see.place(mark.at);
    const style = { colour: text, isItalic: !named };
    // a mark has its name above, below or beside it
    const sides = named ? [[0, -12], [0, 13], ["right", 0], ["left", 0]] : [[0, 0]];
    sides.some(([across, down]) => put(mark.name, x, y + down, { ...style, across, apart: 200 }));
  }
  for (const { kind, name, side, at, box } of base.areas) {
    if (!kinds.includes(kind) || !name || !at || !box.intersects(see.view) || side * see.pixelsPerMetre < leastNamedPixels) continue;
    const [x, y] = see.place(at);
    put(name, x, y, { colour: baseStyle[kind].text, isItalic: true, apart: 350 });
  }
};
