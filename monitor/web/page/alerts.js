// How this device tells: flash, vibration, notification, a screen that stays on. Kept on this device.
import { byId, h, show } from "./dom.js";
import { text } from "./strings.js";
import { called, when } from "./wording.js";
import { isOpen, isWaiting, where } from "./model.js";

const KEY = "alerts";
const URGENT_PATTERN = [600, 200, 600, 200, 600];
const PATTERN = [200, 120, 200];
const AGAIN_MS = 4000;
const TRY_MS = 3000;
const reduced = matchMedia("(prefers-reduced-motion: reduce)");

export class Alerts {
  constructor() {
    this.wanted = { flash: true, vibrate: true, notify: false, awake: true, ...stored() };
    this.calm = new Set();
    this.lock = null;
    this.registration = null;
    this.trying = false;
    this.vibratedMs = -AGAIN_MS;
  }

  get flash() {
    return this.wanted.flash && !reduced.matches;
  }

  /** Begin what was wanted when this page was last open. */
  async begin() {
    if ("serviceWorker" in navigator && isSecureContext) {
      try {
        await navigator.serviceWorker.register(ownUrl("worker.js"));
        this.registration = await navigator.serviceWorker.ready;
      } catch {
        this.registration = null; // an address that the browser does not trust: the page works without
      }
    }
    this.draw();
    document.addEventListener("visibilitychange", () => this.stayAwake());
    document.addEventListener("pointerdown", () => setTimeout(() => this.touched()), { once: true });
    this.stayAwake();
    this.touched();
  }

  /** A browser vibrates only after it was touched. */
  touched() {
    const waits = this.wanted.vibrate && "vibrate" in navigator && matchMedia("(pointer: coarse)").matches;
    show(byId("touch"), waits && !navigator.userActivation?.hasBeenActive);
  }

  draw() {
    const canNotify = "Notification" in window && this.registration !== null;
    const denied = canNotify && Notification.permission === "denied";
    const rows = [
      ["flash", text.flash, reduced.matches ? text.flashReduced : text.flashHelp, !reduced.matches],
      ["vibrate", text.vibrate, "vibrate" in navigator ? text.vibrateHelp : text.notVibrating, "vibrate" in navigator],
      ["notify", text.notify, canNotify ? (denied ? text.notifyDenied : text.notifyHelp) : text.notNotifying, canNotify && !denied],
      ["awake", text.awake, "wakeLock" in navigator ? text.awakeHelp : text.notAwake, "wakeLock" in navigator],
    ];
    byId("alert-list").replaceChildren(...rows.map(([name, words, help, possible]) => this.row(name, words, help, possible)));
  }

  row(name, words, help, possible) {
    const box = h("input", { type: "checkbox", id: `alert-${name}`, disabled: !possible, "aria-describedby": `help-${name}` });
    box.checked = possible && this.wanted[name];
    box.onchange = () => this.set(name, box.checked);
    return h(
      "p", {}, box, h("label", { for: `alert-${name}` }, words), h("span", { class: "help", id: `help-${name}` }, help),
    );
  }

  async set(name, value) {
    this.wanted[name] = value;
    if (name === "notify" && value) {
      this.wanted.notify = (await Notification.requestPermission()) === "granted";
      this.draw();
    }
    localStorage.setItem(KEY, JSON.stringify(this.wanted));
    this.stayAwake();
  }

  async stayAwake() {
    const wanted = this.wanted.awake && !document.hidden && "wakeLock" in navigator;
    if (!wanted) {
      this.lock?.release();
      this.lock = null;
    } else if (this.lock === null || this.lock.released) {
      try {
        this.lock = await navigator.wakeLock.request("screen");
      } catch {
        this.lock = null; // the battery is low, or the page is not in front
      }
    }
  }

  /** Tell of an event that is new or changed. */
  tell(model, { before, event, machine }) {
    if (!before && isOpen(event) && event.type !== "missed") {
      this.vibrate(event.urgent);
      this.notify(event, where(model, { event, machine }));
    }
    if (before && (event.acknowledged_at !== null || !isOpen(event))) this.withdraw(event);
  }

  /** Vibrate again while an urgent sound goes on that nobody has seen; called each second. */
  remind(entry) {
    const urgent = entry && isOpen(entry.event) && isWaiting(entry.event) && !this.calm.has(entry.event.id);
    if (urgent && performance.now() - this.vibratedMs >= AGAIN_MS) this.vibrate(true);
  }

  vibrate(urgent) {
    if (!this.wanted.vibrate || !("vibrate" in navigator) || !navigator.userActivation?.hasBeenActive) return;
    this.vibratedMs = performance.now();
    navigator.vibrate(urgent ? URGENT_PATTERN : PATTERN);
  }

  notify(event, place) {
    if (!this.wanted.notify || this.registration === null || Notification.permission !== "granted") return;
    this.registration.showNotification(called(event).toUpperCase(), {
      body: text.notifyBody(place, when(event)),
      tag: event.id,
      icon: "icon-192.png",
      badge: "icon-192.png",
      requireInteraction: event.urgent,
      vibrate: event.urgent ? URGENT_PATTERN : PATTERN,
    });
  }

  /** Take back the notification of what somebody has seen, or of what is over and not urgent. */
  async withdraw(event) {
    if (this.registration === null || (event.urgent && event.acknowledged_at === null)) return;
    for (const shown of await this.registration.getNotifications({ tag: event.id })) shown.close();
  }

  /** Flash, vibrate and notify for a moment. */
  attempt(redraw) {
    this.trying = true;
    this.vibrate(false);
    const now = new Date().toISOString();
    const event = { id: "test", class: text.testing, label: "", urgent: false, onset_time: now, onset_position_s: null };
    this.notify(event, "");
    redraw();
    setTimeout(() => {
      this.trying = false;
      redraw();
    }, TRY_MS);
  }
}

function stored() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

/** The one script that this page may start: its own. */
function ownUrl(path) {
  if (!("trustedTypes" in window)) return path;
  ownUrl.policy ??= trustedTypes.createPolicy("own", {
    createScriptURL: (url) => {
      if (url !== "worker.js") throw new TypeError(url);
      return url;
    },
  });
  return ownUrl.policy.createScriptURL(path);
}
