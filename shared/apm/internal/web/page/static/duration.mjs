// Durations in nanoseconds, written as the server writes them.

const units = [["ns", 1, 999.5], ["µs", 1e3, 999.5], ["ms", 1e6, 999.5], ["s", 1e9, 59.95]];

/** 4.63 ms, 504 ms, 1.2 s, 2 min 5 s. */
export function formatDuration(ns) {
  for (const [name, size, limit] of units) {
    const value = ns / size;
    if (value < limit) return `${Number(value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2))} ${name}`;
  }
  const seconds = Math.round(ns / 1e9);
  if (seconds < 3600) return inTwo(seconds, 60, "min", 1, "s");
  return inTwo(Math.round(ns / 6e10), 60, "h", 1, "min");
}

function inTwo(amount, large, largeUnit, small, smallUnit) {
  const rest = amount % large;
  return `${Math.floor(amount / large)} ${largeUnit}${rest ? ` ${rest / small} ${smallUnit}` : ""}`;
}

/** Round moments between two, as [moment, label], few enough for so many pixels. */
export function ticks(from, to, pixels) {
  const step = roundStep((to - from) / Math.max(2, Math.min(8, pixels / 110)));
  const marks = [];
  for (let n = Math.ceil(from / step - 1e-9); n * step <= to * (1 + 1e-12); n++) marks.push([n * step, n === 0 ? "0" : label(n * step, step)]);
  return marks;
}

/** With as many digits as tell one step from the next. */
function label(at, step) {
  if (at >= 6e10) return step < 1e9 ? `${(at / 1e9).toFixed(decimals(step / 1e9))} s` : formatDuration(at);
  const [name, size] = units.findLast(([, size]) => at >= size) ?? units[0];
  return `${(at / size).toFixed(decimals(step / size))} ${name}`;
}

const decimals = (step) => Math.min(9, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)));

function roundStep(least) {
  for (let unit = 1e-3; unit < 1e11; unit *= 10) {
    for (const n of [1, 2, 5]) if (n * unit >= least && n * unit < 6e10) return n * unit;
  }
  for (const minutes of [1, 2, 5, 10, 20, 30]) if (minutes * 6e10 >= least) return minutes * 6e10;
  let hours = 36e11;
  while (hours < least) hours *= 2;
  return hours;
}
