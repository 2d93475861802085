// Who may open what, as things stand now; and what the trials see of it.

import { openChange } from "./change.js";
import { el, fill } from "./dom.js";
import { label, onLanguage, t } from "./language.js";
import { attachments, on, store } from "./store.js";
import { observed, SIGN } from "./strip.js";

let place;
let before = new Map();
let fresh = new Set();

export function startMatrix(where) {
  place = where;
  on((what) => {
    if (what === "all") notice();
    if (what === "all" || what === "trial") draw();
  });
  onLanguage(draw);
  notice();
  draw();
}

/** Keep which cells have changed since the page was opened. */
function notice() {
  if (!before.size) before = new Map(store.cells.map((each) => [key(each), shown(each)]));
  fresh = new Set(store.cells.filter((each) => before.get(key(each)) !== shown(each)).map(key));
}

const shown = (each) => `${each.kind} ${each.mark}`;
const key = (each) => `${each.source} ${each.destination}`;

function draw() {
  const { sources, destinations, planned } = store.town;
  const seen = observed();
  const cells = new Map(store.cells.map((each) => [key(each), each]));
  const head = el("tr", {}, el("td", {}, t("matrix-corner")),
    destinations.map((d) => el("th", { scope: "col", title: label(d.label) }, el("b", {}, d.id), el("span", {}, label(d.label)))));
  const rows = sources.map((s) => el("tr", {}, drawHead(s),
    destinations.map((d) => drawCell(cells.get(`${s.id} ${d.id}`), seen.get(`${s.id} ${d.id}`)))));
  fill(place,
    el("div", { className: "scroll", tabindex: "0", role: "region", "aria-label": t("matrix"), "data-scroll": "matrix", "data-key": "matrix" },
      el("table", { className: "matrix" }, el("caption", { className: "unseen" }, t("matrix")), el("thead", {}, head), el("tbody", {}, rows))),
    el("p", { className: "key" }, t("matrix-key")),
    planned.length ? el("div", { className: "planned" }, el("h3", {}, t("planned")), planned.map(drawPlanned)) : null);
}

function drawHead(source) {
  const here = attachments().filter((each) => each.source === source.id && each.registered);
  const moved = here.filter((each) => each.moved).length;
  const count = t("devices", here.length) + (moved ? ` ${t("moved-in", moved)}` : "");
  return el("th", { scope: "row", className: moved ? "moved" : "" }, el("b", {}, source.id), " ", label(source.label),
    el("small", {}, ` ${count}`));
}

function drawCell(cell, how) {
  if (!cell) return el("td");
  const said = `${t(`cell-${cell.kind}`)} ${cell.requirements.join(" ")} ${cell.severity ? t("severity", cell.severity) : ""}`;
  const mark = cell.kind === "allow" ? "○" : cell.mark;
  return el("td", { className: `${cell.kind} ${cell.severity ? "severe" : ""}${fresh.has(key(cell)) ? " fresh" : ""}`,
    title: `${cell.source} → ${cell.destination}: ${said}` },
    el("span", { className: "sign" }, mark), cell.kind === "allow" ? el("small", {}, cell.mark) : null,
    fresh.has(key(cell)) ? el("span", { className: "unseen" }, t("changed")) : null,
    how ? el("span", { className: `live ${how}` }, t("now-sign", SIGN[how])) : null);
}

function drawPlanned(each) {
  const isOpen = store.state.changes.some((c) => !c.undone && c.links.includes(each.id));
  return el("p", {}, el("b", {}, each.id), " ", label(each.label), " ",
    el("button", { type: "button", "data-key": `link ${each.id}`, disabled: isOpen, onclick: () => openChange({ link: each.id }) },
      isOpen ? t("is-open") : t("open-planned")));
}
