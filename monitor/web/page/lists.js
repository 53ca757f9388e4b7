// The lists: what was missed, which microphone hears how, what was heard lately.
import { byId, h, say, show, sync } from "./dom.js";
import { ending, text } from "./strings.js";
import { called, clock, lasted, over, when } from "./wording.js";
import { allEvents, isMissed, isOpen, isStale, machineName, machineTag, missed, where } from "./model.js";

const MOST_RECENT = 30;
const STATES = {
  lost: ["gone", text.sourceLost], failing: ["gone", text.failing], silent: ["bad", text.hearing.too_quiet],
  paused: ["paused", text.paused], ended: ["ended", text.ended], starting: ["unknown", text.starting],
};
const SHAPES = { good: "good", deaf: "gone" };

export function drawMissed(model, ask) {
  const all = missed(model);
  show(byId("missed"), all.length > 0);
  say(byId("missed-count"), String(all.length));
  byId("all-seen").onclick = () =>
    model.machines
      .filter((machine) => [...machine.events.values()].some(isMissed))
      .forEach((machine) => ask(machine, { request: "acknowledge" }));
  sync(byId("missed-list"), all, {
    key: ({ event }) => event.id,
    make: ({ event, machine }) =>
      h(
        "li",
        {},
        h("span", { class: "what" }),
        h("span", { class: "when" }),
        h(
          "button",
          {
            type: "button",
            "aria-label": text.seenLabel(called(event), when(event)),
            onclick: () => ask(machine, { request: "acknowledge", event_id: event.id }),
          },
          text.seenShort,
        ),
      ),
    update: (element, entry) => {
      say(element.children[0], called(entry.event));
      const lines = [when(entry.event), text.lasted(lasted(entry.event)), where(model, entry)];
      say(element.children[1], lines.filter(Boolean).join(" · "));
    },
  });
}

/** Word, shape and colour of a source: `shape` is drawn by the style sheet. */
function stateOf(model, source, machine) {
  if (isStale(model, performance.now())) return ["unknown", text.unknownState];
  if (machine.contact === "none") return ["unknown", machine.note ? text.starting : text.noMonitorYet];
  if (machine.contact === "gone") return ["gone", text.noMonitor];
  if (source === null) return ["unknown", text.starting];
  return STATES[source.state] ?? [SHAPES[source.hearing] ?? "bad", text.hearing[source.hearing]];
}

export function drawMicrophones(model, pause) {
  const rows = model.machines.flatMap((machine) => {
    const found = [...machine.sources.values()].map((source) => ({ machine, source }));
    return found.length ? found : [{ machine, source: null }];
  });
  sync(byId("microphone-list"), rows, {
    key: ({ machine, source }) => `${machine.number} ${source?.source_id ?? ""}`,
    make: () =>
      h(
        "li",
        {},
        h("span", { class: "shape", "aria-hidden": "true" }),
        h("span", { class: "state" }),
        h("span", { class: "name" }),
        h("meter", { min: "-90", max: "0", low: "-85", "aria-label": text.levelLabel }),
        h("span", { class: "level" }),
        h("button", { type: "button" }),
        h("span", { class: "why" }),
      ),
    update: (element, row) => drawMicrophone(model, element, row, pause),
  });
}

function drawMicrophone(model, element, { machine, source }, pause) {
  const [, state, name, meter, level, button, why] = element.children;
  const [shape, word] = stateOf(model, source, machine);
  if (element.dataset.shape !== shape) element.dataset.shape = shape;
  say(state, word);
  say(name, source ? [source.source_name, machineTag(model, machine)].filter(Boolean).join(", ") : machineName(model, machine));
  const found = source && model.levels[machine.number]?.[source.source_id];
  show(meter, Boolean(found));
  if (found) meter.value = found.level_dbfs;
  say(level, found ? (found.level_dba === null ? text.dbfs(Math.round(found.level_dbfs)) : text.dba(Math.round(found.level_dba))) : "");
  show(button, Boolean(source) && machine.contact === "alive" && source.state !== "ended");
  const words = source?.paused ? text.listenAgain : text.pause;
  say(button, words);
  button.setAttribute("aria-label", `${words}, ${source?.source_name ?? ""}`);
  button.onclick = () => pause(machine, source);
  const until = source?.paused_until ? text.pausedUntil(clock(new Date(source.paused_until))) : "";
  const reason = until || (shape === "bad" ? source.hearing_reason : shape === "gone" ? source?.reason : "") || source?.warning || source?.self_test;
  say(why, machine.note || reason || "");
}

export function drawRecent(model) {
  const all = allEvents(model).slice(0, MOST_RECENT);
  show(byId("recent-none"), all.length === 0);
  drawEvents(byId("recent-list"), all, (entry) => where(model, entry));
}

/** A list of events: what, when, how long, how loud, how it ended. */
export function drawEvents(list, entries, whereOf) {
  sync(list, entries, {
    key: ({ event }) => event.id,
    make: () => h("li", {}, h("span", { class: "what" }), h("span", { class: "mark" }), h("span", { class: "when" })),
    update: (element, entry) => {
      const { event } = entry;
      const open = isOpen(event) && (!entry.machine || entry.machine.contact === "alive");
      element.className = [event.urgent ? "urgent" : "", open ? "open" : "", isMissed(event) ? "missed" : ""].join(" ");
      say(element.children[0], called(event));
      say(element.children[1], mark(event, open));
      const parts = [
        when(event), open || !event.offset_time ? "" : text.lasted(lasted(event)), over(event),
        event.rhythm, event.rejected_because, ending(event.ended_by), whereOf(entry),
      ];
      say(element.children[2], parts.filter(Boolean).join(" · "));
    },
  });
}

function mark(event, open) {
  const seen = event.acknowledged_at === null ? (isMissed(event) ? text.notSeen : "") : text.seenBy(event.acknowledged_by);
  return [open ? text.soundsNow : "", event.urgent ? text.urgent : "", seen].filter(Boolean).join(", ");
}
