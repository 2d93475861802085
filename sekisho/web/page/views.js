// What a notebook sees when it opens the resident system's page: by its cable, and by the air.

import { ask } from "./api.js";
import { el, fill } from "./dom.js";
import { label, onLanguage, t } from "./language.js";
import { attachment, notebooks, on, register, servers, store } from "./store.js";

const panes = { wire: { text: "", kind: "" }, air: { text: "", kind: "" } };
let place;
let device = "";
let target = "";
let changes = "";

export function startViews(where) {
  place = where;
  const first = notebooks()[0];
  device = first?.device ?? "";
  target = register(first?.wire)?.id ?? "";
  changes = stand();
  on((what) => {
    if (what !== "all") return;
    const isNew = stand() !== changes;
    changes = stand();
    if (isNew && !place.hidden) look();
    else draw();
  });
  onLanguage(draw);
  draw();
}

const stand = () => JSON.stringify(store.state.changes.map((each) => [each.number, !each.undone]));

/** Open the page by both ways, really. */
export async function look() {
  const book = notebooks().find((each) => each.device === device);
  if (!book || !target) return;
  await Promise.all(["wire", "air"].map(async (way) => {
    panes[way] = { text: t("looking"), kind: "" };
    draw();
    panes[way] = await seen(book[way].id);
    draw();
  }));
}

async function seen(source) {
  try {
    const { text, exit } = await ask("/fetches", { source, target });
    return { text, kind: exit ? "silence" : "answered" };
  } catch (error) {
    return { text: error.message, kind: "unknown" };
  }
}

function draw() {
  const books = notebooks();
  if (!books.length) {
    fill(place, el("p", {}, t("no-notebook")));
    return;
  }
  const choose = (name, options, value, set) => el("label", {}, t(name), " ", el("select", {
    "data-key": name, onchange: (event) => { set(event.target.value); look(); },
  }, options.map(([id, text]) => el("option", { value: id, selected: id === value }, text))));
  const book = books.find((each) => each.device === device) ?? books[0];
  fill(place,
    el("div", { className: "tools left" },
      choose("notebook", books.map((each) => [each.device, label(each.label)]), device, (value) => { device = value; }),
      choose("opens", servers().map((each) => [each.id, label(each.label)]), target, (value) => { target = value; }),
      el("button", { type: "button", className: "main", "data-key": "look", onclick: look }, t("look"))),
    el("div", { className: "panes" }, ["wire", "air"].map((way) => drawPane(way, book[way]))));
}

function drawPane(way, from) {
  const { text, kind } = panes[way];
  const said = { answered: `○ ${t("page-came")}`, silence: `× ${t("page-not")}`, unknown: `－ ${t("unknown")}` }[kind] ?? "";
  return el("section", { className: "pane" },
    el("h3", {}, way === "air" ? t("by-wifi") : t("by-wire"), " ", el("small", {}, `${from.ip} ${attachment(from.id)?.source ?? ""}`)),
    el("p", { className: `verdict ${kind}` }, said),
    el("pre", { tabindex: "0", role: "region", "aria-label": way === "air" ? t("by-wifi") : t("by-wire"), "data-key": `pane ${way}` }, text || t("not-looked")));
}
