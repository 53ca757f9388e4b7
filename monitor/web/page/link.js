// The line to the server: one WebSocket that comes again by itself, and requests with an answer.
import { text } from "./strings.js";

const FIRST_RETRY_MS = 500;
const MOST_RETRY_MS = 5000;
const SILENT_MS = 6000;

/** Keeps a line open; `take` gets each message, `changed` whether there is a line, `refused` that pairing is needed. */
export class Line {
  constructor({ take, changed, refused }) {
    Object.assign(this, { take, changed, refused, retryMs: FIRST_RETRY_MS, socket: null, heardMs: 0, timer: 0 });
    setInterval(() => this.watch(), 1000);
    addEventListener("online", () => this.now());
    document.addEventListener("visibilitychange", () => document.hidden || this.now());
  }

  /** Try at once, if there is no line. */
  now() {
    if (this.socket === null) {
      clearTimeout(this.timer);
      this.open();
    }
  }

  async open() {
    const session = await sessionOrNull();
    if (session === null) return this.again();
    if (!session.allowed) return this.refused(session);
    const socket = new WebSocket(new URL("api/live", location.href.replace(/^http/, "ws")));
    this.socket = socket;
    this.heardMs = performance.now();
    socket.onmessage = ({ data }) => {
      this.heardMs = performance.now();
      this.retryMs = FIRST_RETRY_MS;
      this.changed(true);
      this.take(JSON.parse(data));
    };
    socket.onclose = () => this.lost(socket);
    return undefined;
  }

  /** A line that says nothing any more is none. */
  watch() {
    if (this.socket !== null && performance.now() - this.heardMs > SILENT_MS) {
      const socket = this.socket;
      this.lost(socket);
      socket.close();
    }
  }

  lost(socket) {
    if (this.socket !== socket) return;
    this.socket = null;
    this.changed(false);
    this.again();
  }

  again() {
    this.changed(false);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.open(), this.retryMs);
    this.retryMs = Math.min(MOST_RETRY_MS, this.retryMs * 2);
  }
}

async function sessionOrNull() {
  try {
    const answer = await fetch("api/session", { cache: "no-store" });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

/** Ask for something; returns null where it was done, else why not. */
export async function post(path, body) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const { ok, error } = await answer.json();
    return ok ? null : (error ?? text.unreachable);
  } catch {
    return text.unreachable;
  }
}

/** Fetch what was heard in the last days. */
export async function fetchHistory(days) {
  try {
    const answer = await fetch(`api/history?days=${days}`, { cache: "no-store" });
    const found = await answer.json();
    return answer.ok ? found : { error: found.error };
  } catch {
    return { error: text.unreachable };
  }
}
