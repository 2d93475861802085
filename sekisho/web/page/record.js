// One change on one sheet of paper.

import { ask, takeToken } from "./api.js";
import { byId, el, fill } from "./dom.js";
import { proved, verdict } from "./evidence.js";
import { described, standing } from "./history.js";
import { clock, label, language, onLanguage, switchLanguage, t, translate } from "./language.js";
import { drawCells, drawMoved } from "./preview.js";
import { refresh, store } from "./store.js";

const number = Number(new URLSearchParams(location.search).get("n"));
let found;

function draw() {
  byId("language").textContent = t("other-language");
  document.title = `${t("record-title")} ${number}`;
  if (!(found instanceof Error)) {
    fill(byId("sheet"), drawHead(), drawFacts(found.change), drawDifference(), drawTests(), drawFoot());
    return;
  }
  fill(byId("sheet"), el("h1", {}, t("record-title")), el("p", { role: "alert" }, found.status === 401 ? t("no-token") : found.message));
}

function drawHead() {
  const signs = ["sign-asked", "sign-approved", "sign-done", "sign-checked"];
  return el("div", { className: "head" }, el("h1", {}, t("record-title"), " ", el("small", {}, `No. ${number}`)),
    el("table", { className: "signs" }, el("tbody", {}, el("tr", {}, signs.map((each) => el("th", { scope: "col" }, t(each)))), el("tr", {}, signs.map(() => el("td"))))));
}

function drawFacts(change) {
  const { town } = store;
  const row = (name, ...value) => el("tr", {}, el("th", { scope: "row" }, t(name)), el("td", {}, ...value));
  const { in_force: done, undone } = change;
  const touched = done ? Object.entries(done.touched).map(([name, [gone, come]]) => t("touched-at", name, gone, come)).join(t("comma")) : "－";
  return el("table", { className: "facts" }, el("tbody", {},
    row("town", `${label(town.label)} (${town.id}, ${town.profile})　${t("edition")} ${town.edition}`),
    row("what", described(change).map((line) => el("div", {}, line))),
    row("who", change.by || t("somebody")), row("why", change.reason || "－"), row("when", clock(change.at)),
    row("until", change.until ? clock(change.until) : t("until-undone")),
    row("in-force-at", done ? `${clock(done.at)}　${t("ms", (done.seconds * 1000).toFixed(1))}　${touched}` : "－"),
    row("stands-now", standing(change)),
    undone ? row("undone-at", clock(undone.at)) : null,
    row("warnings", found.warnings.length ? found.warnings.map((each) => el("div", {}, `${t("severity", each.severity)} [${each.requirement}] ${each.what}: ${each[language()]}`)) : t("none"))));
}

const drawDifference = () => [found.moved.map((each) => drawMoved(each, true)), found.cells.length ? drawCells(found.cells) : null];

function drawTests() {
  return el("section", {}, el("h2", {}, t("retests")), found.retests.length ? el("ul", { className: "tests" }, found.retests.map((each) =>
    el("li", {}, el("b", {}, t(`do-${each.what}`)), ` ${clock(each.at)}　${verdict(each)}`, proved(each), el("br"), el("small", {}, t("evidence-at", each.folder), each.sealed ? [el("br"), t("sealed", each.sealed)] : []))))
    : el("p", {}, t("not-retested")));
}

const drawFoot = () => el("footer", {}, el("p", {}, t("limits")), el("p", {}, t("printed-at", clock(Date.now() / 1000))));

takeToken();
translate();
byId("print").addEventListener("click", () => print());
byId("language").addEventListener("click", switchLanguage);
onLanguage(draw);
try {
  [found] = await Promise.all([ask(`/changes/${number}`), refresh()]);
} catch (error) {
  found = error;
}
draw();
