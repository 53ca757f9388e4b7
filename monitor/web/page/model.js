// What the page knows: a reducer over the server's messages. Events change by id; the newest word counts.

export const STALE_MS = 4000;
const MOST_PAST = 60;

export function emptyModel() {
  return { version: "", machines: [], levels: [], offsetMs: 0, heardMs: null, connected: false };
}

/** Take in one message that arrived at `nowMs` (the page's own clock); returns events that are new or changed. */
export function take(model, message, nowMs) {
  model.heardMs = nowMs;
  if (message.now) model.offsetMs = new Date(message.now) - Date.now();
  switch (message.kind) {
    case "whole":
      model.version = message.version;
      model.machines = message.machines.map(withMaps);
      return [];
    case "machine":
      model.machines[message.machine.number] = withMaps(message.machine);
      return [];
    case "source":
      model.machines[message.number]?.sources.set(message.source.source_id, message.source);
      return [];
    case "event":
      return takeEvent(model.machines[message.number], message.event);
    case "tick":
      model.levels = message.levels;
      return [];
  }
  return [];
}

function withMaps(machine) {
  return {
    ...machine,
    sources: new Map(machine.sources.map((source) => [source.source_id, source])),
    events: new Map(machine.events.map((event) => [event.id, event])),
  };
}

function takeEvent(machine, event) {
  if (!machine) return [];
  const before = machine.events.get(event.id);
  machine.events.set(event.id, event);
  const past = [...machine.events.values()].filter((one) => one.offset_time && !isMissed(one));
  for (const one of past.slice(0, Math.max(0, past.length - MOST_PAST))) machine.events.delete(one.id);
  return [{ before, event, machine }];
}

export const isOpen = (event) => event.offset_time === null;
export const isMissed = (event) => event.urgent && !isOpen(event) && event.acknowledged_at === null;
export const isWaiting = (event) => event.urgent && event.acknowledged_at === null;

/** The server's time of day, whatever the clock of this device is. */
export const serverNow = (model) => Date.now() + model.offsetMs;

export const isStale = (model, nowMs) =>
  !model.connected || model.heardMs === null || nowMs - model.heardMs > STALE_MS;

const newestFirst = (one, other) => other.onsetMs - one.onsetMs;

/** All events with their machines, the newest first. */
export function allEvents(model) {
  return model.machines
    .flatMap((machine) =>
      [...machine.events.values()].map((event) => ({ event, machine, onsetMs: Date.parse(event.onset_time) })),
    )
    .sort(newestFirst);
}

/** What sounds now on monitors that are there, urgent and unseen first, then urgent, then the newest. */
export function sounding(model) {
  const weight = ({ event }) => (event.urgent ? 1 : 0) + (isWaiting(event) ? 2 : 0);
  return allEvents(model)
    .filter(({ event, machine }) => isOpen(event) && machine.contact === "alive")
    .sort((one, other) => weight(other) - weight(one) || newestFirst(one, other));
}

export const missed = (model) => allEvents(model).filter(({ event }) => isMissed(event));

/** All sources with their machines. */
export const sources = (model) =>
  model.machines.flatMap((machine) => [...machine.sources.values()].map((source) => ({ source, machine })));

export const several = (model) => model.machines.length > 1 || sources(model).length > 1;

/** Where an event was heard, where that has to be said. */
export function where(model, { event, machine }) {
  if (!several(model)) return "";
  return [event.source_name, machineTag(model, machine)].filter(Boolean).join(", ");
}

const nodeOf = (machine) => [...machine.sources.values()].map((source) => source.node).find(Boolean) ?? "";

/** What a monitor is called: as its computer is; with its endpoint where that has several of them. */
export function machineName(model, machine) {
  const node = nodeOf(machine);
  const alone = node && model.machines.filter((one) => nodeOf(one) === node).length === 1;
  return alone ? node : [node, machine.endpoint].filter(Boolean).join(" ");
}

/** The same, where that has to be said. */
export const machineTag = (model, machine) => (model.machines.length > 1 ? machineName(model, machine) : "");
