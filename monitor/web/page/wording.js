// How names, times and lengths read, in the browser's own time zone.
import { text } from "./strings.js";

const DAY = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short" });
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

export const zone = () => new Intl.DateTimeFormat().resolvedOptions().timeZone;

export const called = (one) => (one.label || one.class).replaceAll("_", " ");

export const day = (date) => DAY.format(date).replace(",", "");

export const clock = (date) => CLOCK.format(date);

/** When an event was: day and time, or the place in a recording. */
export function when(event) {
  if (event.onset_position_s !== null) return text.position(place(event.onset_position_s));
  return `${day(new Date(event.onset_time))} ${clock(new Date(event.onset_time))}`;
}

const two = (number) => String(number).padStart(2, "0");

function place(seconds) {
  const whole = Math.floor(seconds);
  const hours = Math.floor(whole / 3600);
  return `${hours ? `${hours}:` : ""}${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

/** A length of time in at most two units. */
export function duration(milliseconds) {
  const whole = Math.max(0, Math.floor(milliseconds / 1000));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  if (whole < 172800) return `${Math.floor(whole / 3600)} h ${two(Math.floor(whole / 60) % 60)} min`;
  return `${Math.floor(whole / 86400)} days`;
}

export const lasted = (event) => duration(new Date(event.offset_time) - new Date(event.onset_time));

export const over = (event) => (event.snr_db >= 0.5 ? text.over(Math.round(event.snr_db)) : text.noLouder);

/** How often ordinary sound reaches a calibrated score: 1/score - 1 times an hour. */
export function howOften(score) {
  const perHour = 1 / score - 1;
  const named = CHOICES.find((choice) => Math.abs(Math.log(perHour / choice.perHour)) < 0.05);
  if (named) return named.words;
  if (perHour >= 1) return text.perHour(rounded(perHour));
  if (perHour * 24 >= 1) return text.perDay(rounded(perHour * 24));
  return text.perDays(rounded(1 / (perHour * 24)));
}

const rounded = (number) => Number(number.toPrecision(2));

/** What a user may choose, the most eager first. */
export const CHOICES = [
  { perHour: 4, words: text.onceA.quarter },
  { perHour: 1, words: text.onceA.hour },
  { perHour: 1 / 6, words: text.onceA.sixHours },
  { perHour: 1 / 24, words: text.onceA.day },
  { perHour: 1 / 168, words: text.onceA.week },
  { perHour: 1 / 720, words: text.onceA.month },
];

export const scoreOf = (choice) => Number((1 / (1 + choice.perHour)).toFixed(4));
