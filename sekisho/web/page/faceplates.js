// Every switch as one sees it in the rack: ports, letters of their networks, what hangs there.

import { openChange } from "./change.js";
import { el, fill, roving } from "./dom.js";
import { label, onLanguage, t } from "./language.js";
import { letter, on, protection, QUARANTINE, store, zone } from "./store.js";

const chosen = new Set();
let isSeveral = false;
let site = "";
let place;

export function startFaceplates(where) {
  place = where;
  on((what) => { if (what === "all") draw(); });
  onLanguage(draw);
  draw();
}

/** The name of a network, in the language of the page. */
export const zoneName = (id) => (id === QUARANTINE ? t("quarantine") : label(zone(id)?.label) || id);

/** The letters of its layer, in the colour of what it protects. */
export function chip(id) {
  return el("span", { className: `chip ${protection(id)}` }, letter(id));
}

/** What a closed word of the plan is called; the words come with the plan. */
const word = (words, which) => label(words[which]) || t("unsaid");

function draw() {
  const sites = store.town.sites.filter((each) => store.switches.some((x) => x.site === each.id));
  if (!sites.some((each) => each.id === site)) site = sites[0]?.id ?? "";
  const here = store.switches.filter((each) => each.site === site);
  fill(place, el("div", { className: "tools" }, sites.length > 1 ? drawSites(sites) : null, drawSeveral()),
    here.toSorted((a, b) => rank(a) - rank(b)).map(drawSwitch), drawLegend());
}

/** Where ports may be moved comes first; the rest in the order of the roles. */
const rank = (each) => [...Object.keys(store.town.roles), ""].indexOf(each.role);

function drawSites(sites) {
  const moved = (id) => store.switches.some((s) => s.site === id && s.ports.some(isMoved));
  return el("div", { role: "group", "aria-label": t("site"), className: "sites" }, sites.map((each) =>
    el("button", { type: "button", "data-key": `site ${each.id}`, "aria-pressed": String(each.id === site),
      onclick: () => { site = each.id; draw(); } }, label(each.label), moved(each.id) ? ` ${t("moved-sign")}` : null)));
}

function drawSeveral() {
  const toggle = el("button", { type: "button", className: "quiet", "data-key": "several", "aria-pressed": String(isSeveral),
    onclick: () => { isSeveral = !isSeveral; chosen.clear(); draw(); } }, t("several"));
  const go = el("button", { type: "button", className: "main", "data-key": "go", disabled: !chosen.size,
    onclick: () => { const all = [...chosen]; isSeveral = false; chosen.clear(); draw(); openChange({ ports: all }); } },
    t("move-several", chosen.size));
  return el("div", { className: "several" }, toggle, isSeveral ? go : el("span", { className: "hint" }, t("ports-hint")));
}

function drawSwitch(each) {
  const used = each.ports.filter((x) => x.kind !== "empty").length;
  const plate = el("div", { className: "plate", role: "group", "aria-label": t("ports-of", label(each.label)) },
    each.ports.map((x, index) => drawPort(x, index, each)));
  roving(plate, "button");
  return el("article", { className: "switch" },
    el("h3", {}, label(each.label), " ", el("small", {}, `${each.id} ・ ${word(store.town.roles, each.role)} ・ ${t("used", used, each.ports.length)}`)),
    plate);
}

const isMoved = (x) => x.attached?.some((a) => a.moved) ?? false;

function drawPort(x, index, of) {
  const number = x.port.slice(x.port.indexOf(":") + 1);
  const first = x.attached?.[0];
  const isOn = chosen.has(x.port);
  const properties = {
    type: "button", "data-key": x.port, "data-port": x.port, tabIndex: index ? -1 : 0,
    className: `port ${x.kind} ${first ? protection(first.zone) : ""}${isMoved(x) ? " moved" : ""}`,
    "aria-label": describe(x, of), title: describe(x, of), onclick: () => onPort(x.port),
    "aria-pressed": isSeveral ? String(isOn) : null, "aria-haspopup": isSeveral ? null : "dialog",
  };
  if (!first) return el("button", properties, el("span", { className: "number" }, number), el("span", { className: "word" }, x.kind === "trunk" ? t("trunk") : t("empty-short")));
  const more = x.attached.length > 1 ? t("and-more", x.attached.length - 1) : "";
  return el("button", properties,
    el("span", { className: "head" }, el("span", { className: "number" }, number), chip(first.zone),
      el("span", { className: "way" }, x.kind === "air" ? t("air") : t("wire"))),
    el("span", { className: "who" }, label(first.label) + more),
    isMoved(x) ? el("span", { className: "sign" }, t("moved-sign")) : null,
    isOn ? el("span", { className: "sign" }, t("chosen-sign")) : null);
}

function describe(x, of) {
  const number = x.port.slice(x.port.indexOf(":") + 1);
  const start = t("port-name", label(of.label), number);
  if (x.kind === "trunk") return `${start}: ${t("trunk-to", x.to)}${x.backup ? t("backup") : ""}`;
  if (!x.attached) return `${start}: ${t("empty")}`;
  const tag = (a) => (a.tag ? ` VLAN ${a.tag}` : "");
  const who = x.attached.map((a) => `${label(a.label)} ${a.ip}${tag(a)}`).join(t("comma"));
  const first = x.attached[0];
  const moved = isMoved(x) ? t("comma") + t("moved") : "";
  return `${start}: ${zoneName(first.zone)} (${letter(first.zone)})${t("comma")}${x.kind === "air" ? t("air") : t("wire")}${t("comma")}${who}${moved}`;
}

function onPort(name) {
  if (!isSeveral) {
    openChange({ ports: [name] });
    return;
  }
  if (!chosen.delete(name)) chosen.add(name);
  draw();
}

function drawLegend() {
  const first = new Map([...store.town.zones.map((each) => each.id), QUARANTINE]
    .map((id) => [`${letter(id)} ${protection(id)}`, id]));
  return el("ul", { className: "legend", "aria-label": t("legend") }, [...first.values()].map((id) =>
    el("li", {}, chip(id), " ", word(store.town.protections, protection(id)))),
    el("li", {}, t("moved-sign"), " ", t("moved")));
}
