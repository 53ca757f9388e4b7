// What is listened for: how often it may be mistaken, and whether it is muted.
import { byId, confirmed, h, say, show, sync } from "./dom.js";
import { text } from "./strings.js";
import { CHOICES, called, clock, howOften, scoreOf } from "./wording.js";
import { sources, several } from "./model.js";

const SCORES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95];

export function drawSounds(model, ask) {
  sync(byId("sound-list"), sources(model), {
    key: ({ machine, source }) => `${machine.number} ${source.source_id}`,
    make: () => h("section", {}, h("h3", {}), h("ul", {})),
    update: (element, { machine, source }) => {
      say(element.children[0], source.source_name);
      show(element.children[0], several(model));
      element.setAttribute("aria-label", source.source_name);
      sync(element.children[1], source.classes, {
        key: (one) => one.class,
        make: () => row(),
        update: (line, one) => drawClass(line, one, { machine, source, ask }),
      });
    },
  });
}

function row() {
  return h(
    "li",
    {},
    h("span", { class: "what" }),
    h("span", { class: "mark" }),
    h("select", { class: "often" }),
    h("select", { class: "mute" }),
  );
}

function drawClass(line, one, { machine, source, ask }) {
  const [what, mark, often, mute] = line.children;
  const name = called(one);
  say(what, name);
  say(mark, [one.urgent ? text.urgent : "", one.muted ? text.muted : ""].filter(Boolean).join(", "));
  line.className = [one.urgent ? "urgent" : "", one.muted ? "muted" : ""].join(" ");
  const about = { class: one.class, source_id: source.source_id };
  drawOften(often, one, source.calibrated, (value) => ask(machine, { request: "threshold", value, ...about }));
  often.setAttribute("aria-label", text.mistakes(name));
  drawMute(mute, one, (choice) => muteAsked(choice, one, (wanted) => ask(machine, { request: "mute", ...wanted, ...about })));
  mute.setAttribute("aria-label", text.muteChoice(name));
}

/** The choices, and what is set where that is none of them. A list that is open is left alone. */
function drawOften(select, one, calibrated, set) {
  if (document.activeElement === select && select.matches(":open, :active")) return;
  const now = one.onset_threshold;
  const choices = calibrated
    ? CHOICES.map((choice) => [scoreOf(choice), choice.words])
    : SCORES.map((score) => [score, text.scoreChoice(score)]);
  const said = calibrated ? howOften(now) : text.scoreChoice(Number(now.toPrecision(2)));
  if (!choices.some(([, words]) => words === said)) choices.unshift([now, text.asSet(said)]);
  fill(select, choices, choices.find(([, words]) => words === said || words === text.asSet(said))[0]);
  select.onchange = () => Math.abs(Number(select.value) - now) > 1e-4 && set(Number(select.value));
}

function drawMute(select, one, choose) {
  const chosen = one.muted ? (one.muted_until ? "now" : "on") : "off";
  const choices = [["off", text.muteOff], ...text.snoozes.map(([seconds, words]) => [seconds, text.muteFor(words)]), ["on", text.muteForever]];
  if (chosen === "now") choices.unshift(["now", text.mutedUntil(clock(new Date(one.muted_until)))]);
  fill(select, choices, chosen);
  select.onchange = async () => {
    if (!(await choose(select.value))) select.value = chosen;
  };
}

/** An urgent sound is muted only after a question. */
async function muteAsked(choice, one, set) {
  const on = choice !== "off";
  if (on && one.urgent && !(await confirmed(text.askMute(called(one)), text.yesMute(called(one))))) return false;
  const seconds = Number(choice);
  return set(seconds ? { value: true, for_s: seconds } : { value: on });
}

function fill(select, choices, chosen) {
  const key = JSON.stringify([choices, chosen]);
  if (select.dataset.filled === key) return;
  select.dataset.filled = key;
  select.replaceChildren(...choices.map(([value, words]) => h("option", { value: String(value) }, words)));
  select.value = String(chosen);
}
