// What was done, and what was found afterwards: rules, times, re-tests.

import { ask } from "./api.js";
import { el } from "./dom.js";
import { label, t } from "./language.js";

const TESTS = ["affected", "must-drop"];
const SIGNS = { done: "○", now: "…", failed: "×", later: "・" };
const TICK_MS = 200;
const LOOK_MS = 2200; // two trials of the strip, before it rests

/** Try again what the change concerns, and then the whole list; *redraw* when something is new. */
export async function retested(change, redraw) {
  change.retests = {};
  change.progress.look = "now";
  redraw();
  await new Promise((done) => setTimeout(done, LOOK_MS));
  change.progress.look = "done";
  for (const what of TESTS) {
    const began = performance.now();
    const ticking = setInterval(() => {
      change.elapsed = (performance.now() - began) / 1000;
      redraw();
    }, TICK_MS);
    change.progress[what] = "now";
    try {
      change.retests[what] = await ask(`/changes/${change.done.number}/retest`, { what });
      change.progress[what] = "done";
    } catch (error) {
      change.retests[what] = { error: error.message };
      change.progress[what] = "failed";
    } finally {
      clearInterval(ticking);
    }
    redraw();
  }
}

export function drawProgress(change) {
  const state = (step) => change.progress[step] ?? "later";
  const line = (step, text, more = "") => el("li", { className: state(step) },
    el("b", { "aria-hidden": "true" }, SIGNS[state(step)]), ` ${text} `, el("small", {}, more || t(`is-${state(step)}`)));
  const seconds = (step) => (state(step) === "now" && change.elapsed ? t("seconds", change.elapsed.toFixed(1)) : verdict(change.retests?.[step]));
  return el("div", { className: "progress" }, el("ol", {},
    line("change", t("do-change"), change.done ? took(change.done) : change.waits ? t("waits") : ""),
    line("look", t("do-look")),
    line("affected", t("do-affected"), seconds("affected")),
    line("must-drop", t("do-must-drop"), seconds("must-drop"))),
    el("p", { className: "hint" }, t("watch-strip")));
}

const took = (done) => t("ms", (done.acknowledged_s * 1000).toFixed(1));

/** The outcome of one re-test in words. */
export function verdict(found) {
  if (!found) return "";
  if (found.error) return `－ ${found.error}`;
  const one = found.summary ?? found;
  if (!one.verdict) return `◇ ${t("verdict-inconclusive")}`;
  if (one.trouble) return `◇ ${t("verdict-inconclusive")}: ${t("unsealed")}`;
  const sign = { pass: "○", fail: "×", inconclusive: "◇" }[one.verdict];
  return `${sign} ${t(`verdict-${one.verdict}`)} ${t("counted", one.passed ?? one.pass, one.cases, one.leak, one.overblock, one.unattributed + one.inconclusive, one.residual)}`;
}

/** What was proved for all packets, on a line of its own; nothing where nothing was. */
export const proved = (found) => (found.proof ? [el("br"), label(found.proof)] : []);

export function drawEvidence(change) {
  const { done, retests } = change;
  const row = (name, ...value) => el("tr", {}, el("th", { scope: "row" }, t(name)), el("td", {}, ...value));
  const touched = Object.entries(done.touched).map(([name, [gone, come]]) => t("touched-at", name, gone, come)).join(t("comma"));
  const test = (what) => el("span", { className: retests[what].summary?.verdict ?? "inconclusive" }, el("b", {}, verdict(retests[what])),
    proved(retests[what]), el("br"), el("code", {}, retests[what].folder ? `${retests[what].folder}/report.html` : ""));
  return el("div", { className: "evidence" },
    el("p", { className: "great" }, `${done.waiting.length ? "△" : "○"} ${change.undo ? t("undone-n", done.number) : t("applied-n", done.number)}`),
    el("table", {}, el("tbody", {}, row("took", took(done)), row("rules-touched", touched || "0"),
      done.waiting.length ? row("waiting", done.waiting.join(t("comma"))) : null,
      row("do-affected", test("affected")), row("do-must-drop", test("must-drop")))),
    change.rulesBefore && change.rulesAfter ? drawRules(change) : null);
}

/** The rules that the switch held for this port before and after, less what stayed. */
function drawRules({ port, rulesBefore, rulesAfter }) {
  const bare = (line) => line.rule.replace(/ (duration|n_packets|n_bytes|idle_age)=[^ ,]+,/g, "");
  const [old, now] = [rulesBefore.map(bare), rulesAfter.map(bare)];
  const gone = old.filter((x) => !now.includes(x)).map((x) => `- ${x}`);
  const come = now.filter((x) => !old.includes(x)).map((x) => `+ ${x}`);
  return el("details", {}, el("summary", {}, t("rules-of", port, gone.length, come.length, old.length - gone.length)),
    el("pre", { tabindex: "0", role: "region", "aria-label": t("rules-touched") }, [...gone, ...come].join("\n")));
}
