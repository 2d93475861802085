// Can A reach B? A real conversation every second, whatever else happens.

import { ask } from "./api.js";
import { byId, el, fill, say } from "./dom.js";
import { label, onLanguage, t } from "./language.js";
import { attachment, attachments, emit, named, notebooks, offered, on, register } from "./store.js";

const EVERY_MS = 1000;
const KEPT = 60;
const MOST_LINES = 4;
const KEY = "sekisho-lines";

export const SIGN = { answered: "○", silence: "×", refused: "△", unknown: "－" };

const lines = [];
let place;
let numbers = 0;

/** Begin: the lines of last time, or the notebook towards the register by wire and by air. */
export function startStrip(where) {
  place = where;
  for (const ends of remembered() ?? proposed()) addLine(ends);
  on((what) => { if (what === "all") draw(); });
  onLanguage(draw);
  draw();
}

function remembered() {
  const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  return kept?.length && kept.every((each) => attachment(each.source) && attachment(each.target)) ? kept : null;
}

function proposed() {
  const book = notebooks()[0];
  const first = book?.wire ?? attachments()[0];
  const target = register(first) ?? attachments()[1];
  if (!first || !target) return [];
  const service = offered(target);
  const ends = [{ source: first.id, target: target.id, service }];
  if (book) ends.push({ source: book.air.id, target: target.id, service });
  return ends;
}

/** Watch one more way; the oldest makes room. */
export function addLine(ends) {
  if (lines.some((each) => same(each, ends))) return;
  if (lines.length >= MOST_LINES) lines.shift().stopped = true;
  const line = { ...ends, number: ++numbers, marks: [], stopped: false };
  lines.push(line);
  keep();
  run(line);
  if (place) draw();
}

const same = (a, b) => a.source === b.source && a.target === b.target && a.service === b.service;

function keep() {
  sessionStorage.setItem(KEY, JSON.stringify(lines.map(({ source, target, service }) => ({ source, target, service }))));
}

/** What the newest trials found: (source class, destination class) to the kind of answer. */
export function observed() {
  const out = new Map();
  for (const line of lines) {
    const [from, to] = [attachment(line.source), attachment(line.target)];
    const last = line.marks.at(-1);
    if (from && to && last && last.how !== "unknown") out.set(`${from.source} ${to.destination}`, last.how);
  }
  return out;
}

async function run(line) {
  while (!line.stopped) {
    const began = performance.now();
    const { source, target, service } = line;
    let mark;
    try {
      mark = await ask("/connections", { source, target, service });
    } catch (error) {
      mark = { how: "unknown", isPaused: error.status === 409 };
    }
    if (!line.stopped && same(line, { source, target, service })) took(line, mark);
    await new Promise((done) => setTimeout(done, Math.max(50, EVERY_MS - (performance.now() - began))));
  }
}

function took(line, mark) {
  const before = line.marks.findLast((each) => each.how !== "unknown");
  const isOther = line.marks.at(-1)?.how !== mark.how;
  line.marks = [...line.marks, mark].slice(-KEPT);
  const shown = place.querySelector(`[data-line="${line.number}"]`);
  if (shown) showMarks(shown, line);
  if (before && mark.how !== "unknown" && before.how !== mark.how) {
    say(`${ends(line)}: ${t(`how-${mark.how}`)}`);
  }
  if (isOther) emit("trial");
}

const ends = (line) => `${nameOf(line.source)} → ${nameOf(line.target)}`;

export function nameOf(id) {
  const found = attachment(id);
  return found ? `${label(found.label)}${found.air ? t("by-air") : ""}` : id;
}

function draw() {
  const add = el("button", { type: "button", className: "quiet", "data-key": "add", onclick: onAdd }, t("add-line"));
  fill(place, lines.map(drawLine));
  fill(byId("adding"), lines.length < MOST_LINES ? add : null);
}

function onAdd() {
  const used = lines.at(-1);
  const next = attachments().find((each) => each.id !== used?.source && !lines.some((line) => line.source === each.id));
  addLine({ ...used, source: (next ?? attachments()[0]).id });
}

function drawLine(line, index) {
  const change = (what) => (event) => {
    line[what] = event.target.value;
    const target = attachment(line.target);
    if (!target?.services.includes(line.service)) line.service = offered(target);
    line.marks = [];
    keep();
    draw();
  };
  const choose = (what, options, value) => el("select", {
    "aria-label": `${t(what)} ${index + 1}`, "data-key": `${what}${line.number}`, onchange: change(what), className: what,
  }, options.map(([id, text]) => el("option", { value: id, selected: id === value }, text)));
  const offering = attachments().filter((each) => each.services.length);
  const full = (each) => [each.id, `${each.air ? t("air") : t("wire")}: ${label(each.label)}`];
  const plain = (each) => [each.id, label(each.label)];
  const out = el("div", { className: "line", "data-line": line.number },
    el("p", { className: "now" }),
    el("div", { className: "ends" },
      choose("source", attachments().map(full), line.source), el("span", { "aria-hidden": "true" }, "→"),
      choose("target", offering.map(plain), line.target),
      choose("service", (attachment(line.target)?.services ?? []).map((id) => [id, label(named("services", id).label)]), line.service)),
    el("div", { className: "marks", role: "img" }),
    el("button", { type: "button", className: "quiet", "data-key": `remove${line.number}`, "aria-label": `${t("remove-line")} ${index + 1}`,
      onclick: () => { line.stopped = true; lines.splice(lines.indexOf(line), 1); keep(); draw(); emit("trial"); } }, "✕"));
  showMarks(out, line);
  return out;
}

function showMarks(where, line) {
  const last = line.marks.at(-1) ?? { how: "unknown" };
  const took = last.how === "answered" ? ` ${last.ms.toFixed(1)} ms` : "";
  const why = last.isPaused ? t("how-paused") : t(`how-${last.how}`);
  const now = where.querySelector(".now");
  now.className = `now ${last.how}`;
  now.replaceChildren(el("b", { "aria-hidden": "true" }, SIGN[last.how]), el("span", {}, why), el("small", {}, took));
  const marks = where.querySelector(".marks");
  const count = (how) => line.marks.filter((each) => each.how === how).length;
  marks.setAttribute("aria-label", t("last-marks", line.marks.length, count("answered"), count("silence")));
  marks.replaceChildren(...line.marks.map((each) => el("i", { className: each.how })));
}

export const isWatching = (ends) => lines.some((each) => same(each, ends));
