// Before and after: what the device may open, who may open it, and what to think of it.

import { el } from "./dom.js";
import { chip, zoneName } from "./faceplates.js";
import { label, language, t } from "./language.js";
import { QUARANTINE, servers, attachments, named, offered, store } from "./store.js";
import { addLine, isWatching, nameOf } from "./strip.js";

/** Return a dry run's difference; for a change that may be watched, with the button to do so. */
export function drawPreview(shown, change) {
  return el("div", { className: "preview" },
    shown.warnings.map((each) => el("p", { className: `warning ${each.severity}` },
      el("b", {}, `⚠ ${t("severity", each.severity)} [${each.requirement}]`), ` ${each.what}: ${each[language()]}`)),
    shown.moved.map((each) => drawMoved(each)), shown.cells.length ? drawCells(shown.cells) : null,
    el("p", { className: "hint" }, t("rules-would", Object.values(shown.rules).flat().reduce((a, b) => a + b, 0),
      Object.keys(shown.rules).join(t("comma")))),
    change ? watching(shown) : null);
}

const inZone = (side) => (side.registered ? side.zone : QUARANTINE);

/** One attachment before and after: also used by the record. */
export function drawMoved(each, isPaper = false) {
  const { before, after } = each;
  return el("section", { className: "moved-one" },
    el("p", { className: "fromto" }, el("b", {}, `${each.port} ${nameOf(each.attachment)}`), " ",
      place(before), el("span", { "aria-hidden": "true" }, " ➜ "), el("span", { className: "unseen" }, t("to")), place(after)),
    drawRow("destinations", before.opens, after.opens, isPaper), drawReaches(each.loses, each.gains),
    drawRow("sources", before.opened_by, after.opened_by, isPaper), drawReaches(each.lost_by, each.gained_by));
}

const place = (side) => el("span", { className: "place" }, chip(inZone(side)), ` ${zoneName(inZone(side))} ${side.registered ? `${side.source} ${side.ip}` : ""}`);

function drawRow(list, before, after, isPaper) {
  const title = t(list === "destinations" ? "opens-row" : "opened-by-row");
  const all = store.town[list];
  const changed = all.filter((x) => before.includes(x.id) !== after.includes(x.id));
  const mark = (ids, x) => (ids.includes(x.id) ? "○" : "×");
  const cells = (ids, isAfter) => all.map((x) => {
    const isChanged = changed.includes(x);
    return el("td", { className: `${ids.includes(x.id) ? "allow" : "deny"} ${isChanged ? "fresh" : ""}`, title: `${x.id} ${label(x.label)}` },
      isAfter && isChanged && !isPaper ? `${mark(before, x)}→${mark(after, x)}` : mark(ids, x));
  });
  const words = (come, text) => {
    const found = changed.filter((x) => after.includes(x.id) === come);
    return found.length ? el("li", { className: come ? "comes" : "goes" }, el("b", {}, text), ` ${found.map((x) => `${x.id} ${label(x.label)}`).join(t("comma"))}`) : null;
  };
  return el("div", { className: "diff" }, el("h4", {}, title),
    changed.length ? el("ul", {}, words(false, `○→× ${t("closes")}:`), words(true, `×→○ ${t("comes")}:`)) : el("p", {}, t("no-difference")),
    changed.length ? el("div", { className: "scroll", tabindex: "0", role: "region", "aria-label": title },
      el("table", { className: "before-after" },
        el("thead", {}, el("tr", {}, el("td"), all.map((x) => el("th", { scope: "col", title: label(x.label) }, x.id)))),
        el("tbody", {}, el("tr", {}, el("th", { scope: "row" }, t("before")), cells(before, false)),
          el("tr", {}, el("th", { scope: "row" }, t("after-row")), cells(after, true))))) : null);
}

/** The services behind a row, each with the other ends: what goes, then what comes. */
function drawReaches(gone = [], come = []) {
  const lines = [[gone, "goes", `○→× ${t("closes")}:`], [come, "comes", `×→○ ${t("comes")}:`]].filter(([all]) => all.length);
  return lines.length ? el("ul", {}, lines.map(([all, className, title]) => el("li", { className }, el("b", {}, title), ` ${byService(all)}`))) : null;
}

function byService(all) {
  const ends = new Map();
  for (const each of all) ends.set(each.service, [...(ends.get(each.service) ?? []), each]);
  return [...ends].map(([id, own]) => `${label(named("services", id)?.label) || id} ${own.map((x) => nameOf(x.attachment)).join(t("comma"))}`).join(" / ");
}

/** Cells of the town's own matrix that change. */
export function drawCells(cells) {
  return el("section", { className: "moved-one" }, el("h4", {}, t("cells-change")), el("ul", {}, cells.map(([s, d, old, now]) =>
    el("li", {}, el("b", {}, `${s} ${label(named("sources", s).label)} → ${d} ${label(named("destinations", d).label)}`), `: ${marked(old)} ➜ ${marked(now)}`))));
}

/** A rule's number is a permission: say so with its sign. */
const marked = (mark) => (/^[×－]/.test(mark) ? mark : `○ ${mark}`);

/** A way that this change closes and one that it opens, for the strip. */
function watching(shown) {
  const ends = shown.moved.flatMap((each) => [
    wayTo(each.attachment, each.before.opens.filter((d) => !each.after.opens.includes(d))),
    wayTo(each.attachment, each.after.opens.filter((d) => !each.before.opens.includes(d))),
  ]).filter(Boolean).slice(0, 2);
  const more = ends.filter((each) => !isWatching(each));
  if (!more.length) return null;
  const names = more.map((each) => `${nameOf(each.source)} → ${nameOf(each.target)}`).join(t("comma"));
  return el("p", {}, el("button", { type: "button", "data-key": "watch", onclick: (event) => {
    more.forEach(addLine);
    event.target.replaceWith(el("span", {}, `✓ ${t("watched")}`));
  } }, t("watch")), " ", el("span", { className: "hint" }, names));
}

function wayTo(source, destinations) {
  const target = destinations.flatMap((d) => [...servers(), ...attachments()].filter((each) => each.destination === d && each.services.length))[0];
  return target ? { source, target: target.id, service: offered(target) } : null;
}
