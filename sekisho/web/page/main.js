// The page of a running town: gathers the parts, follows the town, tells when it is lost.

import { follow, Refused, takeToken } from "./api.js";
import { startChange } from "./change.js";
import { byId, el, roving, say } from "./dom.js";
import { startFaceplates } from "./faceplates.js";
import { faultName, startFaults } from "./faults.js";
import { startHistory } from "./history.js";
import { label, onLanguage, switchLanguage, t, translate } from "./language.js";
import { startMatrix } from "./matrix.js";
import { attempt, broke, on, onBroken, store, take } from "./store.js";
import { startStrip } from "./strip.js";
import { look, startViews } from "./views.js";

const TABS = ["ports", "matrix", "views", "history", "faults"];
const RETRY_MS = 1000;
const LONGEST_REASON = 160;
let hasLooked = false;

function show(name) {
  for (const each of TABS) {
    const tab = byId(`tab-${each}`);
    tab.setAttribute("aria-selected", String(each === name));
    tab.tabIndex = each === name ? 0 : -1;
    byId(each).hidden = each !== name;
  }
  sessionStorage.setItem("sekisho-tab", name);
  if (name === "views" && !hasLooked && store.town) {
    hasLooked = true;
    look();
  }
}

function drawStatus() {
  const { state, faults } = store;
  const standing = state.changes.filter((each) => !each.undone).length;
  const broken = faults.filter((each) => each.on && each.name !== "guard"); // that one is said by the first sign
  const chip = (is, yes, no) => el("span", { className: is ? "good" : "bad" }, is ? `○ ${t(yes)}` : `× ${t(no)}`);
  const known = () => [
    chip(state.guard && !state.lost, "guard-there", "guard-gone"),
    state.guard ? chip(state.in_force, "in-force", "not-in-force") : el("span", {}, `－ ${t("rules-stay")}`),
    ...Object.entries(state.guard ? state.troubles ?? {} : {}).map(([name, why]) =>
      el("span", { className: "bad" }, `× ${t("cannot-be-healed", name, why.trim().split("\n")[0].slice(0, LONGEST_REASON))}`)),
    el("span", {}, t("changes-standing", standing)),
    ...broken.map((each) => el("span", { className: "bad" }, `× ${faultName(each)}`))];
  const isLost = store.link && store.link !== "ok";
  byId("status").replaceChildren(...(isLost ? [el("span", {}, `－ ${t("unknown")}`)] : known()));
  byId("town").textContent = label(store.town?.label);
  byId("language").textContent = t("other-language");
  byId("language").lang = t("other-code");
  document.title = `${label(store.town?.label)} - ${t("title")}`;
}

function drawLink() {
  const trouble = store.link === "token" ? "no-token" : store.link === "lost" ? "link-lost" : store.state.lost ? "town-lost"
    : store.broken ? "cannot-draw" : "";
  const banner = byId("banner");
  banner.hidden = !trouble;
  const text = trouble ? t(trouble, store.broken) : "";
  if (banner.textContent !== text) banner.textContent = text;
}

function onLink(link) {
  if (link === store.link) return;
  if (link === "ok" && store.link === "lost") say(t("link-back"));
  store.link = link;
  drawLink();
  drawStatus();
}

let isStarted = false;

async function onState(state) {
  try {
    await take(state);
    if (!isStarted && store.switches.length) start();
  } catch (error) {
    if (!(error instanceof Refused)) broke(error);
    setTimeout(() => onState(store.state), RETRY_MS); // what it has changed could not be asked for
  }
  drawLink();
}

function start() {
  isStarted = true;
  const parts = [[startStrip, "lines"], [startFaceplates, "ports"], [startMatrix, "matrix"],
    [startViews, "views"], [startHistory, "history"], [startFaults, "faults"]];
  for (const [begin, id] of parts) attempt(() => begin(byId(id)));
  attempt(startChange);
  const last = sessionStorage.getItem("sekisho-tab");
  show(TABS.includes(last) ? last : TABS[0]);
  drawStatus();
}

takeToken();
translate();
onBroken(drawLink);
addEventListener("error", (event) => broke(event.error ?? event.message));
addEventListener("unhandledrejection", (event) => { if (!(event.reason instanceof Refused)) broke(event.reason); });
byId("language").addEventListener("click", switchLanguage);
onLanguage(() => { drawStatus(); drawLink(); });
for (const each of TABS) byId(`tab-${each}`).addEventListener("click", () => show(each));
roving(byId("tabs"), "[role=tab]");
byId("tabs").addEventListener("focusin", (event) => show(event.target.id.slice("tab-".length)));
show(TABS[0]);
on((what) => { if (what !== "trial") { drawStatus(); drawLink(); } });
follow(onState, onLink);
