// Elements. Text from outside goes in as text nodes only.
import { text } from "./strings.js";

export const byId = (id) => document.getElementById(id);

/** Fill in the words that `index.html` leaves to strings.js. */
export function fillTexts() {
  document.title = text.title;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = text[element.dataset.text];
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", text[element.dataset.label]);
  }
}

/** Make an element: `h("button", { class: "big", onclick }, "text", other)`. */
export function h(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** Change the text of an element only where it differs: a screen reader is not told twice. */
export function say(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

export function show(element, visible) {
  if (element.hidden === visible) element.hidden = !visible;
}

/** Bring the children of `list` in line with `items`; elements are kept, so that the focus is. */
export function sync(list, items, { key, make, update }) {
  const known = new Map([...list.children].map((child) => [child.dataset.key, child]));
  let at = list.firstElementChild;
  for (const item of items) {
    const id = key(item);
    let element = known.get(id);
    if (element) known.delete(id);
    else {
      element = make(item);
      element.dataset.key = id;
    }
    update?.(element, item);
    if (element === at) at = at.nextElementSibling;
    else list.insertBefore(element, at);
  }
  for (const element of known.values()) element.remove();
}

/** Ask before something that may hurt; resolves to the value of the answer, null for none of them. */
export function chosen(words, answers) {
  const dialog = byId("question");
  byId("question-text").textContent = words;
  return new Promise((resolve) => {
    const done = (answer) => () => {
      dialog.onclose = null;
      dialog.close();
      resolve(answer);
    };
    byId("question-answers").replaceChildren(
      ...answers.map(([value, label]) => h("button", { type: "button", class: "danger", onclick: done(value) }, label)),
    );
    byId("question-no").onclick = done(null);
    dialog.onclose = done(null);
    dialog.showModal();
    byId("question-no").focus();
  });
}

/** Ask whether to do it. */
export const confirmed = async (words, yes) => (await chosen(words, [[true, yes]])) === true;
