// The language of the page: Japanese unless somebody chose English.

import { STRINGS } from "./strings.js";

const KEY = "sekisho-language";
const listeners = [];
let current = localStorage.getItem(KEY) === "en" ? "en" : "ja";

export const language = () => current;

/** The words of *key*, with {0}, {1}... replaced. */
export function t(key, ...values) {
  const words = STRINGS[key];
  if (!words) throw new Error(`no words for ${key}`);
  return words[current === "ja" ? 0 : 1].replace(/\{(\d)\}/g, (_, n) => values[n]);
}

/** A label {ja, en} in the language of the page. */
export const label = (both) => both?.[current] ?? "";

export function onLanguage(listener) { listeners.push(listener); }

/** Set every element that names its words in `data-t` or `data-label`. */
export function translate() {
  document.documentElement.lang = current;
  for (const each of document.querySelectorAll("[data-t]")) each.textContent = t(each.dataset.t);
  for (const each of document.querySelectorAll("[data-label]")) each.setAttribute("aria-label", t(each.dataset.label));
}

export function switchLanguage() {
  current = current === "ja" ? "en" : "ja";
  localStorage.setItem(KEY, current);
  translate();
  for (const listener of listeners) listener();
}

const JST = { timeZone: "Asia/Tokyo", hour12: false };

/** A moment (seconds since 1970) on Japan's clock. */
export function clock(at, isLong = true) {
  const day = isLong ? { year: "numeric", month: "2-digit", day: "2-digit" } : {};
  return new Intl.DateTimeFormat("ja-JP", { ...JST, ...day, hour: "2-digit", minute: "2-digit", second: "2-digit" })
    .format(new Date(at * 1000));
}
