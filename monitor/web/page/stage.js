// The large word, its flash, and what can be done about it.
import { byId, say, show } from "./dom.js";
import { text } from "./strings.js";
import { duration } from "./wording.js";
import { isWaiting, serverNow } from "./model.js";

const WIDEST_SHARE = 0.94;
const LINE_HEIGHT = 1.1;
const MEASURED_PX = 100;
const SMALLEST_PX = 16;
const LARGEST_PX = 300;
const brush = document.createElement("canvas").getContext("2d");

/** Draw `headline`; `calm`: the user has asked that this event flashes no more. */
export function drawStage(model, headline, { flash, calm }) {
  const { body } = document;
  const flashing = headline.flashing && flash && !calm;
  if (body.dataset.kind !== headline.kind) body.dataset.kind = headline.kind;
  body.classList.toggle("flashing", flashing);
  const { word } = headline;
  say(byId("word"), word);
  say(byId("detail"), headline.detail);
  const { entry } = headline;
  const sounds = entry !== null && entry.event.offset_time === null;
  const since = sounds ? text.lasts(duration(serverNow(model) - new Date(entry.event.onset_time))) : "";
  say(byId("lasts"), since);
  show(byId("seen"), entry !== null && isWaiting(entry.event));
  show(byId("calm"), flashing && headline.kind === "urgent");
  fit();
  speak(headline);
  const title = headline.kind === "quiet" ? text.title : `${word.toUpperCase()} – ${text.title}`;
  if (document.title !== title) document.title = title;
}

/** Tell a screen reader what is new, and not how long it has lasted. */
function speak(headline) {
  const key = `${headline.kind} ${headline.word} ${headline.entry?.event.id ?? ""}`;
  if (speak.last !== key) {
    speak.last = key;
    byId("spoken").textContent = headline.kind === "quiet" ? headline.word : `${headline.word}. ${headline.detail}`;
  }
}

/** Make the word as large as the others on the stage leave place for, in the lines that let it be largest. */
export function fit() {
  const word = byId("word");
  const stage = byId("stage");
  const words = word.textContent;
  const [width, height] = placeLeft(stage, word);
  const key = [words, width, height].join("|");
  if (fit.last === key) return;
  fit.last = key;
  brush.font = `800 ${MEASURED_PX}px ${getComputedStyle(word).fontFamily}`;
  const size = (lines) => {
    const widest = Math.max(...lines.map((line) => brush.measureText(line.toUpperCase()).width)) / MEASURED_PX;
    return Math.min(width / widest, height / (lines.length * LINE_HEIGHT), LARGEST_PX);
  };
  const [lines] = splits(words.trim().split(/\s+/)).sort((one, other) => size(other) - size(one));
  word.style.fontSize = `${Math.max(SMALLEST_PX, Math.floor(size(lines)))}px`;
  word.replaceChildren(...lines.flatMap((line, at) => (at ? [document.createElement("br"), ` ${line}`] : [line])));
}

/** Width and height for the word, whatever it takes now. */
function placeLeft(stage, word) {
  const style = getComputedStyle(stage);
  const others = [...stage.children].filter((child) => child !== word && child.offsetHeight > 0);
  const gaps = others.length * Number.parseFloat(style.rowGap);
  const padding = Number.parseFloat(style.paddingTop) + Number.parseFloat(style.paddingBottom);
  const taken = others.reduce((sum, child) => sum + child.offsetHeight, 0) + gaps + padding;
  return [Math.floor(stage.clientWidth * WIDEST_SHARE), Math.floor(stage.clientHeight - taken)];
}

/** On one line, on two, broken at each place there is, or a word a line. */
function splits(words) {
  const two = words.slice(1).map((_, at) => [words.slice(0, at + 1).join(" "), words.slice(at + 1).join(" ")]);
  return [[words.join(" ")], ...two, words];
}
