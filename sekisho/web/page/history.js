// Every change: who, when, why, until when; and the way back.

import { openChange } from "./change.js";
import { zoneName } from "./faceplates.js";
import { el, fill } from "./dom.js";
import { clock, label, onLanguage, t } from "./language.js";
import { attachment, letter, on, store } from "./store.js";

let place;

export function startHistory(where) {
  place = where;
  on((what) => { if (what !== "trial") draw(); });
  onLanguage(draw);
  draw();
}

/** What a change moves, in words. */
export function described(change) {
  if (change.links.length) return change.links.map((id) => t("opened", id));
  return change.moves.map((move) => {
    const to = move.registered ? `${zoneName(move.zone)} (${letter(move.zone)})` : t("quarantine");
    return `${move.port} ${label(attachment(move.attachment)?.label)} → ${to}`;
  });
}

/** Whether a change stands, in words with a sign. */
export function standing(change) {
  if (change.undone) return `－ ${change.undone.why === "asked" ? t("undone-by", change.undone.by || t("somebody"), clock(change.undone.at, false)) : t("undone-time", clock(change.undone.at, false))}`;
  return change.in_force ? `○ ${t("stands")}` : `… ${t("under-way")}`;
}

function draw() {
  const changes = store.state.changes.toReversed();
  if (!changes.length) {
    fill(place, el("p", { className: "hint" }, t("no-changes")));
    return;
  }
  const heads = ["number", "when", "what", "who", "why", "until", "stands-now", "action"];
  fill(place, el("div", { className: "scroll", tabindex: "0", role: "region", "aria-label": t("history"), "data-scroll": "history", "data-key": "history" },
    el("table", { className: "history" }, el("caption", { className: "unseen" }, t("history")),
      el("thead", {}, el("tr", {}, heads.map((each) => el("th", { scope: "col" }, t(each))))),
      el("tbody", {}, changes.map(drawChange)))));
}

function drawChange(each) {
  const undo = each.undone ? null : el("button", { type: "button", "data-key": `undo ${each.number}`,
    "aria-label": `${t("undo")} ${each.number}`, onclick: () => openChange({ undo: each.number }) }, t("undo"));
  return el("tr", { className: each.undone ? "gone" : "" },
    el("th", { scope: "row" }, String(each.number)),
    el("td", {}, clock(each.at)),
    el("td", {}, described(each).map((line) => el("div", {}, line))),
    el("td", {}, each.by || "－"), el("td", {}, each.reason || "－"),
    el("td", {}, each.until ? clock(each.until) : "－"),
    el("td", {}, standing(each)),
    el("td", { className: "actions" }, undo, " ", el("a", { href: `record.html?n=${each.number}`, "aria-label": `${t("record")} ${each.number}` }, t("record"))));
}
