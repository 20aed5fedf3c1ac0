// Times in the reader's time zone. The server writes them in UTC.

const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "2-digit" });
const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23",
});

const minute = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const second = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

const distance = new Intl.RelativeTimeFormat(undefined, { numeric: "always", style: "short" });

/** Formats how long ago a time was: 3 min. ago. */
function ago(at) {
  const seconds = (at - Date.now()) / 1000;
  for (const [unit, length] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(seconds) >= length) return distance.format(Math.trunc(seconds / length), unit);
  }
  return distance.format(Math.trunc(seconds), "second");
}

/** Rewrites all times below root. */
export function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const date = document.createElement("span");
    date.className = at.toDateString() === new Date().toDateString() ? "day today" : "day";
    date.textContent = `${day.format(at)} `;
    time.replaceChildren(date, clock.format(at));
    time.title = `${time.dateTime} (UTC)`;
  }
  let named = new Date().toDateString(); // the day to leave out
  for (const time of root.querySelectorAll("time[data-minute]")) {
    const at = new Date(time.dateTime);
    time.textContent = at.toDateString() === named ? minute.format(at) : `${day.format(at)} ${minute.format(at)}`;
    named = at.toDateString();
  }
  for (const time of root.querySelectorAll("time[data-ago]")) time.textContent = ago(new Date(time.dateTime));
  // Ticks of a graph's axis: to the minute, or the day.
  for (const tick of root.querySelectorAll("text[data-at]")) {
    const at = new Date(tick.dataset.at);
    const form = { d: day, m: minute, s: second, ms: clock }[tick.dataset.unit];
    if (!Number.isNaN(at.getTime())) tick.textContent = form.format(at);
  }
}
