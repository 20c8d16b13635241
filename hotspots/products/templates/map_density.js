const parted = {};
// The density of any hours: those of the parts of the week that they lie in, mixed by what is expected in them.
const readPicture = (url) => new Promise((resolve) => {
  const image = new Image();
  image.onload = () => {
    const canvas = make("canvas");
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.drawImage(image, 0, 0);
    resolve({ width: canvas.width, height: canvas.height, colours: new Uint32Array(pen.getImageData(0, 0, canvas.width, canvas.height).data.buffer) });
  };
  image.src = url;
});
const pictureOf = (key) => {
  parted[key] ||= readPicture(view.shifts[key].image);
  return parted[key];
};
const wholeWeek = layers.density._url;
let asked = null;
const showDensity = async () => {
  const mine = state.when ? state.when.key : "week";
  if (mine === asked) return;
  asked = mine;
  if (!state.when || state.when.key === "week") {
    layers.density.setUrl(wholeWeek);
    return;
  }
  if (view.shifts[state.when.key]) {
    layers.density.setUrl(view.shifts[state.when.key].image);
    return;
  }
  const weights = weighParts(state.when);
  const used = view.week.parts.filter(({ key, number }) => number !== null && weights[number] > 0 && view.shifts[key]);
  if (!used.length) {
    layers.density.setUrl(make("canvas").toDataURL());
    return;
  }
  const read = await Promise.all(used.map(({ key }) => pictureOf(key)));
  if (mine !== asked) return;
  const { width, height } = read[0];
  // its density per 100 hours, as many times as the chosen hours hold it, in 100 of the chosen hours
  const shares = used.map(({ number, hours }) => weights[number] * hours.length / state.when.hours.length);
  const mixed = new Float64Array(width * height);
  const levels = new Map(view.shiftClasses.map(([bound, colour]) => [colour, bound]));
  read.forEach(({ colours }, part) => {
    const known = new Map();
    for (let pixel = 0; pixel < mixed.length; pixel += 1) {
      const colour = colours[pixel];
      if (!(colour >>> 24)) continue;
      if (!known.has(colour)) {
        const hex = [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255];
        const near = [...levels].reduce((best, [text, bound]) => {
          const away = add([1, 3, 5].map((at, channel) => Math.abs(parseInt(text.slice(at, at + 2), 16) - hex[channel])));
          return away < best.away ? { away, bound } : best;
        }, { away: Infinity, bound: 0 });
        known.set(colour, near.bound);
      }
      mixed[pixel] += known.get(colour) * shares[part];
    }
  });
  const canvas = make("canvas");
  Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d");
  const made = pen.createImageData(width, height);
  const classes = view.shiftClasses.map(([bound, colour]) => [bound, [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16))]);
  for (let pixel = 0; pixel < mixed.length; pixel += 1) {
    let at = -1;
    while (at + 1 < classes.length && mixed[pixel] >= classes[at + 1][0] * 0.999999) at += 1;
    if (at >= 0) made.data.set([...classes[at][1], 215], pixel * 4);
  }
  pen.putImageData(made, 0, 0);
  layers.density.setUrl(canvas.toDataURL());
};
