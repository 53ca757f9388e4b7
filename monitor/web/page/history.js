// What was heard before: how much of what, when, and the list of it.
import { byId, h, say } from "./dom.js";
import { text } from "./strings.js";
import { called, day } from "./wording.js";
import { fetchHistory } from "./link.js";
import { allEvents, isMissed, serverNow, sources } from "./model.js";
import { drawEvents } from "./lists.js";

const SHOWN = 100;
const MOST_BARS = 12;
const HOURS = 24;
const DAY_MS = 86400000;
const MOST_DAYS = 31;
const SETTLE_MS = 1000; // the monitor has written down by then what it has just told

let fetched = null;
let waiting = 0;

export function prepareHistory(model) {
  const range = byId("range");
  range.append(...Object.entries(text.ranges).map(([days, words]) => h("option", { value: days }, words)));
  range.value = "7";
  range.onchange = () => readHistory(model);
}

/** Read what was kept, and draw it with what this page has been told. */
export async function readHistory(model) {
  const days = Number(byId("range").value);
  if (fetched?.days !== days) say(byId("history-note"), text.historyLoading);
  const found = await fetchHistory(days);
  if (days !== Number(byId("range").value)) return;
  fetched = { days, error: found.error, events: found.events ?? [], more: found.more ?? false };
  drawHistory(model);
}

/** Read again soon: something began, ended or was seen. */
export function readHistorySoon(model) {
  drawHistory(model);
  waiting ||= setTimeout(() => {
    waiting = 0;
    readHistory(model);
  }, SETTLE_MS);
}

function drawHistory(model) {
  if (fetched === null) return;
  const { days, error, more } = fetched;
  const entries = merged(model, fetched);
  const events = entries.map(({ event }) => event);
  const count = text.historyCount(events.length, events.filter(isMissed).length);
  const none = error ? "" : text.historyNone;
  const files = sources(model).some(({ source }) => !source.kept) || events.some((event) => event.onset_position_s !== null);
  const notes = [
    error ? text.refused(error) : "", events.length ? count : none, more ? text.historyMore : "",
    files ? text.historyFiles : "",
  ];
  say(byId("history-note"), notes.filter(Boolean).join(" "));
  byId("charts").replaceChildren(...(events.length ? charts(events, days) : []));
  drawEvents(byId("history-list"), entries.slice(-SHOWN).reverse(), ({ event }) => event.source_name);
}

/** What was kept and what this page was told, each event once, the oldest first; what was seen stays seen. */
function merged(model, { days, events }) {
  const since = serverNow(model) - days * DAY_MS;
  const found = new Map(events.map((event) => [event.id, { event, machine: null }]));
  for (const entry of allEvents(model)) {
    const { id, onset_time, onset_position_s, acknowledged_at } = entry.event;
    const kept = found.get(id)?.event;
    const isOlder = kept && kept.acknowledged_at !== null && acknowledged_at === null;
    if (!isOlder && (kept || onset_position_s !== null || new Date(onset_time) >= since)) found.set(id, entry);
  }
  return [...found.values()].sort((one, other) => new Date(one.event.onset_time) - new Date(other.event.onset_time));
}

function charts(events, days) {
  const times = events.map((event) => new Date(event.onset_time));
  const hours = Array.from({ length: HOURS }, (_, hour) => [
    `${String(hour).padStart(2, "0")}:00`,
    times.filter((time) => time.getHours() === hour).length,
  ]);
  const found = [bars(text.bySound, counted(events.map(called)).slice(0, MOST_BARS))];
  if (days > 1) found.push(columns(text.byDay, byDay(times, Math.min(days, MOST_DAYS))));
  found.push(columns(text.byHour, hours));
  return found;
}

function counted(names) {
  const counts = new Map();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one);
}

function byDay(times, days) {
  const today = new Date();
  return Array.from({ length: days }, (_, back) => {
    const that = new Date(today.getFullYear(), today.getMonth(), today.getDate() - (days - 1 - back));
    const next = that.getTime() + DAY_MS;
    return [day(that), times.filter((time) => time >= that && time.getTime() < next).length];
  });
}

/** Lying bars, each with its name and number. */
function bars(title, rows) {
  const most = Math.max(...rows.map(([, count]) => count), 1);
  const lines = rows.map(([name, count]) => {
    const bar = h("span", { class: "bar" });
    bar.style.inlineSize = `${(100 * count) / most}%`;
    return h(
      "tr", {}, h("th", { scope: "row" }, name), h("td", { class: "count" }, String(count)),
      h("td", { class: "track", "aria-hidden": "true" }, bar),
    );
  });
  return h("table", { class: "bars" }, h("caption", {}, title), h("tbody", {}, ...lines));
}

/** Standing bars; a screen reader reads them as a list. */
function columns(title, rows) {
  const most = Math.max(...rows.map(([, count]) => count), 1);
  const items = rows.map(([name, count], at) => {
    const bar = h("span", { class: "bar", "aria-hidden": "true" });
    bar.style.blockSize = `${(100 * count) / most}%`;
    const label = at % Math.ceil(rows.length / 4) === 0 ? name : "";
    return h(
      "li", { title: text.barText(name, count) }, h("span", { class: "unseen" }, text.barText(name, count)),
      h("span", { class: "number", "aria-hidden": "true" }, count ? String(count) : ""), bar,
      h("span", { class: "label", "aria-hidden": "true" }, label),
    );
  });
  return h("figure", { class: "columns" }, h("figcaption", {}, title), h("ol", {}, ...items));
}
