// The one large word: what stops this page or the monitor from hearing comes before what it heard.
import { text } from "./strings.js";
import { called, clock, day, duration, lasted, over, when } from "./wording.js";
import { isStale, isWaiting, machineTag, missed, serverNow, several, sounding, sources, where, allEvents } from "./model.js";

const RECENT_MS = 20000;

/** How each state of a source is told: kind, word, what it means. */
const STATES = {
  lost: ["fault", text.sourceLost, text.lostDetail],
  failing: ["fault", text.failing, text.failingDetail],
  silent: ["fault", text.noSignal, ""],
  paused: ["paused", text.paused, text.pausedDetail],
  ended: ["ended", text.ended, text.endedDetail],
  starting: ["waiting", text.starting, text.startingDetail],
};
const WORST_FIRST = ["failing", "lost", "silent", "paused", "starting", "ended"];
const FAULTS = ["failing", "lost", "silent"];

/** What the stage says: kind, word, detail, and the event it is about. `test`: the user tries the alerts. */
export function headline(model, nowMs, test) {
  if (test) return { kind: "event", word: text.testing, detail: text.testDetail, flashing: true, entry: null };
  const open = isStale(model, nowMs) ? [] : sounding(model);
  const urgent = open.filter(({ event }) => event.urgent);
  return (
    cutOff(model, nowMs) ??
    (urgent.length ? sounds(model, open) : null) ??
    allGone(model) ??
    (open.length ? sounds(model, open) : null) ??
    recent(model) ??
    someGone(model) ??
    deaf(model) ??
    lookBack(model) ??
    impaired(model) ??
    quiet(model)
  );
}

const said = (kind, word, ...details) => ({
  kind, word, detail: details.filter(Boolean).join(" "), flashing: false, entry: null,
});

function cutOff(model, nowMs) {
  if (!isStale(model, nowMs)) return null;
  if (model.heardMs === null && model.triedMs === undefined) return said("waiting", text.starting, text.connecting);
  const since = model.heardMs === null ? model.openedAt : new Date(Date.now() - (nowMs - model.heardMs));
  return said("cut", text.cutOff, text.cutOffDetail(`${day(since)} ${clock(since)}`));
}

function gone(model, machine) {
  const name = machineTag(model, machine);
  if (machine.contact === "none") {
    if (machine.note) return said("waiting", text.starting, name, machine.note);
    return said("gone", text.noMonitorYet, name, text.absentDetail);
  }
  const since = new Date(machine.since);
  return said("gone", text.noMonitor, name, text.goneDetail(`${day(since)} ${clock(since)}`));
}

function allGone(model) {
  const there = model.machines.some((machine) => machine.contact === "alive");
  return there || !model.machines.length ? null : gone(model, model.machines[0]);
}

function someGone(model) {
  const machine = model.machines.find((one) => one.contact === "gone");
  return machine ? gone(model, machine) : null;
}

function sounds(model, open) {
  const [first, ...others] = open;
  const { event } = first;
  const or = event.candidates
    .filter((one) => one.class !== event.class && one.score >= event.peak_score / 2)
    .slice(0, 1)
    .map((one) => text.orElse(called(one)));
  const also = others.length ? [text.also(others.slice(0, 3).map((one) => called(one.event)).join(", "))] : [];
  const parts = [where(model, first), over(event), event.rhythm, ...or, ...also].filter(Boolean);
  return {
    kind: event.urgent ? "urgent" : "event",
    word: called(event),
    detail: parts.join(" · "),
    flashing: event.urgent ? isWaiting(event) : serverNow(model) - new Date(event.onset_time) < 4000,
    entry: first,
  };
}

function recent(model) {
  const now = serverNow(model);
  const entry = allEvents(model).find(
    ({ event }) => event.offset_time && event.ended_by !== "gone" && now - new Date(event.offset_time) < RECENT_MS,
  );
  if (!entry || (entry.event.urgent && entry.event.acknowledged_at === null)) return null;
  const ago = duration(now - new Date(entry.event.offset_time));
  return { ...said("recent", called(entry.event), text.endedAgo(ago, lasted(entry.event))), entry };
}

function fault(model, { source, machine }) {
  const [kind, word, meaning] = STATES[source.state];
  const name = several(model) ? `${source.source_name}:` : "";
  const until = source.paused_until ? text.pausedUntil(clock(new Date(source.paused_until))) : "";
  const reason = source.state === "paused" ? until : (source.reason ?? source.hearing_reason ?? "");
  return said(kind, word, name, sentence(reason), until ? "" : meaning);
}

/** A reason as a sentence of its own. */
function sentence(words) {
  if (!words) return "";
  const begun = words[0].toUpperCase() + words.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

function deaf(model) {
  const all = sources(model).filter(({ machine }) => machine.contact === "alive");
  if (!all.length) return said("waiting", text.starting, text.unknownYet);
  const hears = all.some(({ source }) => source.state === "running");
  const among = hears ? FAULTS : WORST_FIRST;
  for (const state of among) {
    const found = all.find(({ source }) => source.state === state);
    if (found) return fault(model, found);
  }
  return null;
}

function lookBack(model) {
  const all = missed(model);
  if (!all.length) return null;
  const { event } = all[0];
  const detail = [when(event), event.offset_time ? text.lasted(lasted(event)) : "", where(model, all[0])];
  return { ...said("missed", text.missedWord(called(event)), detail.filter(Boolean).join(" · ")), entry: all[0] };
}

function impaired(model) {
  for (const { source } of sources(model)) {
    const name = several(model) ? `${source.source_name}:` : "";
    if (source.state !== "running") continue;
    if (source.hearing !== "good") return said("impaired", text.hearing[source.hearing], name, sentence(source.hearing_reason));
    if (source.warning) return said("impaired", text.warning, name, sentence(source.warning));
  }
  return null;
}

function quiet(model) {
  const all = sources(model);
  const classes = all.flatMap(({ source }) => source.classes);
  const muted = classes.filter((one) => one.muted);
  const loud = [...new Set(muted.filter((one) => one.urgent).map(called))];
  const details = [];
  if (classes.length && muted.length === classes.length) details.push(text.allMuted);
  else {
    details.push(text.nothingRecognised);
    if (loud.length) details.push(text.mutedUrgent(loud.join(", ")));
    else if (muted.length) details.push(text.someMuted(muted.length));
  }
  if (all.some(({ source }) => source.learning)) details.push(text.learning);
  return said(loud.length ? "impaired" : "quiet", text.listening, ...details);
}
