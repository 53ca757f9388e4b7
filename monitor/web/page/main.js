// Puts the parts together: messages change the model, and the model is drawn.
import { byId, chosen, fillTexts, say, show } from "./dom.js";
import { text } from "./strings.js";
import { zone } from "./wording.js";
import { Line, post } from "./link.js";
import { emptyModel, take } from "./model.js";
import { headline } from "./headline.js";
import { drawStage, fit } from "./stage.js";
import { drawMicrophones, drawMissed, drawRecent } from "./lists.js";
import { drawSounds } from "./sounds.js";
import { prepareHistory, readHistory, readHistorySoon } from "./history.js";
import { Alerts } from "./alerts.js";

const EACH_MS = 1000;
const model = { ...emptyModel(), openedAt: new Date() };
const alerts = new Alerts();
let view = "recent";
let asked = false;
let current = null;

/** Draw soon; a page that is not in front is drawn when it is again. */
function redraw() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(draw);
}

function draw() {
  asked = false;
  current = headline(model, performance.now(), alerts.trying);
  const id = current.entry?.event.id;
  drawStage(model, current, { flash: alerts.flash, calm: alerts.calm.has(id) });
  drawMissed(model, ask);
  drawMicrophones(model, pause);
  if (view === "recent") drawRecent(model);
  if (view === "sounds") drawSounds(model, ask);
  say(byId("zone"), text.zone(zone(), model.version));
}

/** Ask a monitor for something; says why not, and returns whether it was done. */
async function ask(machine, request) {
  const error = await post("api/ask", { machine: machine.number, ...request });
  say(byId("refusal"), error === null ? "" : text.refused(error));
  if (view === "history" && request.request === "acknowledge") readHistorySoon(model);
  redraw();
  return error === null;
}

/** A pause is asked for with its end; listening again needs no question. */
async function pause(machine, source) {
  const about = { request: "pause", source_id: source.source_id };
  if (source.paused) return ask(machine, { ...about, value: false });
  const ends = text.snoozes.map(([seconds, words]) => [{ for_s: seconds }, text.pauseFor(words)]);
  const end = await chosen(text.askPause, [...ends, [{}, text.pauseForever]]);
  return end === null ? false : ask(machine, { ...about, value: true, ...end });
}

function showView(name) {
  const before = view;
  view = name;
  document.body.classList.toggle("browsing", name !== "recent");
  for (const button of document.querySelectorAll("#tabs button")) {
    const chosen = button.dataset.view === name;
    if (chosen) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
    show(byId(button.dataset.view), chosen);
  }
  if (before !== name) scrollTo({ top: 0 });
  if (name === "history") readHistory(model);
  redraw();
}

function takeAll(messages) {
  for (const message of messages) {
    for (const change of take(model, message, performance.now())) alerts.tell(model, change);
  }
  if (view === "history" && messages.some(({ kind }) => kind !== "tick" && kind !== "source")) readHistorySoon(model);
  redraw();
}

function changed(connected) {
  model.triedMs = performance.now();
  if (model.connected !== connected) {
    model.connected = connected;
    redraw();
  } else if (!connected) redraw();
}

function askForCode(session) {
  show(byId("pairing"), true);
  document.body.classList.add("unpaired");
  show(byId("certificate"), session.certificate);
  byId("code").focus();
}

async function pair(code) {
  const error = await post("api/pair", { code });
  say(byId("pair-error"), error ?? "");
  if (error !== null) return;
  show(byId("pairing"), false);
  document.body.classList.remove("unpaired");
  line.open();
}

fillTexts();
prepareHistory(model);
for (const button of document.querySelectorAll("#tabs button")) button.onclick = () => showView(button.dataset.view);
byId("seen").onclick = () => {
  const entry = current?.entry;
  if (entry) ask(entry.machine, { request: "acknowledge", event_id: entry.event.id });
};
byId("calm").onclick = () => {
  if (current?.entry) alerts.calm.add(current.entry.event.id);
  redraw();
};
byId("try").onclick = () => alerts.attempt(redraw);
byId("touch-button").onclick = () => alerts.touched();
byId("pair-form").onsubmit = (event) => {
  event.preventDefault();
  pair(byId("code").value);
};
addEventListener("resize", () => {
  fit();
  redraw();
});

const line = new Line({ take: takeAll, changed, refused: askForCode });
const scanned = /^#(\d{8})$/.exec(location.hash);
if (scanned) {
  history.replaceState(null, "", location.pathname); // the code stays in no list of visited pages
  pair(scanned[1]);
} else line.open();
alerts.begin();
setInterval(() => {
  alerts.remind(current?.entry);
  redraw();
}, EACH_MS);
redraw();
