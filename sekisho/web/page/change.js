// A change, step by step: choose, see what it would do, confirm, watch, read the evidence, undo.

import { ask } from "./api.js";
import { byId, el, fill, say } from "./dom.js";
import { drawEvidence, drawProgress, retested } from "./evidence.js";
import { chip, zoneName } from "./faceplates.js";
import { label, language, onLanguage, t } from "./language.js";
import { drawPreview } from "./preview.js";
import { named, newest, port, refresh } from "./store.js";

const STEPS = ["step-choose", "step-preview", "step-apply", "step-evidence"];
const WHO = "sekisho-by";
const TIMES = [0, 60, 1800, 3600, 10800, 28800];
const LONG_MS = 1500; // a change takes milliseconds: whoever waits longer waits for a re-test

let now = null; // the change that the dialog is about

/** Open the dialog: for {ports}, {link} or {undo}. */
export async function openChange(wanted) {
  const dialog = byId("change");
  now = { ...wanted, step: 0, base: newest(), choices: null, to: "", answer: null, error: null,
    by: localStorage.getItem(WHO) ?? "", reason: "", seconds: 0, isSure: false, back: document.activeElement?.dataset.key };
  stayBelow(dialog);
  if (!dialog.open) dialog.showModal();
  if (now.ports) await choose();
  else await tryOut();
}

/** What a change does is seen in the strip: the dialog stays below it. */
function stayBelow(dialog) {
  const strip = byId("strip").getBoundingClientRect();
  dialog.style.setProperty("--above", `${Math.max(strip.bottom, strip.height) + 4}px`);
}

export function startChange() {
  const dialog = byId("change");
  new ResizeObserver(() => stayBelow(dialog)).observe(byId("strip"));
  dialog.addEventListener("close", () => {
    const back = now?.back && document.querySelector(`[data-key="${CSS.escape(now.back)}"]`);
    back?.focus();
  });
  onLanguage(() => { if (dialog.open) draw(); });
}

async function choose() {
  const mine = now;
  draw();
  try {
    const all = await Promise.all(mine.ports.map((each) => ask(`/ports/${encodeURIComponent(each)}`)));
    mine.choices = merged(all.map((each) => each.choices));
  } catch (error) {
    mine.error = error;
  }
  if (mine === now) draw(true);
}

/** The choices of several ports as one list: each with everything that speaks against it. */
function merged(lists) {
  const out = new Map();
  for (const each of lists.flat()) {
    const known = out.get(each.to) ?? { ...each, refused: [], times: 0 };
    const isNew = (reason) => !known.refused.some((other) => other.en === reason.en);
    out.set(each.to, { ...known, times: known.times + 1, refused: [...known.refused, ...each.refused.filter(isNew)] });
  }
  return [...out.values()].filter((each) => each.times === lists.length);
}

function request(isDry) {
  if (now.undo) return [`/changes/${now.undo}/undo`, { by: now.by, dry_run: isDry }];
  const until = now.seconds ? Date.now() / 1000 + now.seconds : null;
  const what = now.link ? { link: now.link } : { ports: now.ports, to: now.to };
  return ["/changes", { ...what, by: now.by, reason: now.reason, until, base_change: now.base, dry_run: isDry }];
}

/** Prove the tables that the change would bring about; what is found stands in the preview. */
async function prove(mine) {
  const [, body] = request(true);
  const path = mine.undo ? `/changes/${mine.undo}/undo/proof` : "/proofs";
  mine.proof = await ask(path, body).then((found) => found.proof, (error) => ({ ja: error.message, en: error.message, forbidden: null }));
  if (mine === now && mine.step === 1) draw();
}

async function tryOut() {
  const mine = now;
  Object.assign(mine, { step: 1, answer: null, error: null, proof: null });
  draw(true);
  try {
    mine.answer = await ask(...request(true));
    say(t("said-preview"));
    prove(mine);
  } catch (error) {
    refused(mine, error);
  }
  if (mine === now) draw(true);
}

async function apply() {
  const mine = now;
  const { ports } = mine.answer.preview.moved.reduce((out, each) => ({ ports: [...out.ports, each.port] }), { ports: [] });
  Object.assign(mine, { step: 2, error: null, progress: { change: "now" }, port: ports[0] });
  localStorage.setItem(WHO, mine.by);
  draw(true);
  const long = setTimeout(() => { mine.waits = true; if (mine === now) draw(); }, LONG_MS);
  try {
    mine.rulesBefore = await rulesOf(mine.port);
    mine.done = await ask(...request(false));
  } catch (error) {
    mine.step = 1;
    refused(mine, error);
    if (mine === now) draw(true);
    return;
  } finally {
    clearTimeout(long);
  }
  mine.progress = { change: "done" };
  say(t("said-applied", mine.done.number));
  mine.rulesAfter = await rulesOf(mine.port);
  await refresh().catch(() => null);
  await retested(mine, () => { if (mine === now) draw(); });
  mine.step = 3;
  say(t("said-evidence"));
  if (mine === now) draw(true);
}

const rulesOf = (name) => (name ? ask(`/ports/${encodeURIComponent(name)}/rules`).then((x) => x.rules, () => null) : null);

function refused(mine, error) {
  mine.error = error;
  say(`${t("refused")}: ${reasons(error).join(t("comma"))}`);
  refresh().catch(() => null);
}

const reasons = (error) => (error.refusals.length ? error.refusals.map((each) =>
  `${each.what}: ${each[language()]}${each.requirement ? ` [${each.requirement}]` : ""}`) : [error.message]);

function title() {
  if (now.undo) return t("undo-title", now.undo);
  if (now.link) return `${now.link} ${label(named("planned", now.link).label)}`;
  return t("change-title", now.ports.map((each) => portTitle(each)).join(t("comma")));
}

function portTitle(name) {
  const who = port(name)?.attached?.map((a) => label(a.label)).join(t("comma"));
  return who ? `${name} ${who}` : name;
}

/** Draw the step; with *isNew*, the focus goes to its heading. */
function draw(isNew = false) {
  const dialog = byId("change");
  const steps = el("ol", { className: "steps" }, STEPS.map((each, i) =>
    el("li", { className: i === now.step ? "here" : i < now.step ? "over" : "", "aria-current": i === now.step ? "step" : null }, t(each))));
  const close = el("button", { type: "button", className: "quiet close", "data-key": "close", "aria-label": t("close"), onclick: () => dialog.close() }, "✕");
  const [body, feet] = [drawChoose, drawTried, drawApplying, drawDone][now.step]();
  const heard = dialog.querySelector(".said") ?? el("p", { className: "said unseen", role: "status", "aria-live": "polite" });
  fill(dialog, el("div", { className: "top" }, el("h2", { id: "change-title", tabIndex: -1 }, title()), close), steps,
    el("div", { className: "body", tabindex: "0", role: "region", "aria-label": t(STEPS[now.step]), "data-scroll": "body", "data-key": "body" }, body), feet ?? null, heard);
  if (isNew) (dialog.querySelector("[data-first]") ?? byId("change-title")).focus();
}

function drawChoose() {
  if (now.error) return [drawRefused(), buttons([t("close"), () => byId("change").close()])];
  if (!now.choices) return [el("p", {}, t("wait"))];
  const options = now.choices.map((each, index) => {
    const why = each.refused.map((r) => `${r[language()]}${r.requirement ? ` [${r.requirement}]` : ""}`).join(t("comma"));
    const input = el("input", { type: "radio", name: "to", value: each.to, checked: now.to === each.to,
      onchange: () => { now.to = each.to; byId("try").disabled = false; } });
    if (index === 0) input.dataset.first = "";
    const who = each.source ? `${each.source} ${label(named("sources", each.source)?.label)}` : "";
    return el("label", { className: why ? "choice no" : "choice" }, input, chip(each.zone ?? each.to), el("span", {}, el("b", {}, zoneName(each.zone ?? each.to)), " ", el("small", {}, who)),
      why ? el("small", { className: "why" }, `× ${why}`) : null);
  });
  return [el("fieldset", { className: "choices" }, el("legend", {}, t("whereto")), options),
    buttons([t("try-out"), tryOut, { id: "try", className: "main", disabled: !now.to }], [t("cancel"), () => byId("change").close()])];
}

function drawTried() {
  if (now.error) {
    const again = now.ports ? [t("choose-again"), () => openChange({ ports: now.ports })] : [t("close"), () => byId("change").close()];
    return [drawRefused(), buttons(again)];
  }
  if (!now.answer) return [el("p", {}, t("wait"))];
  const isSevere = isWrong(now.proof) || now.answer.preview.warnings.some((each) => each.severity === "A");
  const sure = isSevere ? el("label", { className: "sure" }, el("input", { type: "checkbox", checked: now.isSure,
    onchange: (event) => { now.isSure = event.target.checked; byId("apply").disabled = !now.isSure; } }), t("sure")) : null;
  return [[drawProof(now.proof), drawPreview(now.answer.preview, now.undo ? null : now), now.undo ? drawWho() : drawForm()],
    el("div", { className: "foot" }, sure, buttons([now.undo ? t("apply-undo") : t("apply"), apply, { id: "apply", className: "main", disabled: isSevere && !now.isSure }],
      now.ports ? [t("back"), () => { now.step = 0; draw(true); }] : null, [t("cancel"), () => byId("change").close()]))];
}

const isWrong = (proof) => Boolean(proof && (proof.forbidden || proof.missing));

/** What is proved of the tables after the change, for all packets. */
const drawProof = (proof) => el("p", { className: isWrong(proof) ? "warning A proof-after" : "hint proof-after" },
  `${t("proof-after")}: ${proof ? label(proof) : t("wait")}`);

const drawWho = () => el("div", { className: "form" }, field("who", "by"));

function drawForm() {
  const time = el("select", { onchange: (event) => { now.seconds = Number(event.target.value); }, "data-key": "until" },
    TIMES.map((each) => el("option", { value: String(each), selected: each === now.seconds }, each ? t("after", each < 3600 ? t("minutes", each / 60) : t("hours", each / 3600)) : t("until-undone"))));
  return el("div", { className: "form" }, field("who", "by"), field("why", "reason"), el("label", {}, t("until"), time));
}

function field(words, key) {
  return el("label", {}, t(words), el("input", { type: "text", maxlength: "200", value: now[key], "data-key": key, autocomplete: "off",
    oninput: (event) => { now[key] = event.target.value; } }));
}

function drawRefused() {
  const said = now.error.status === 409 ? t("refused") : t("failed");
  return el("div", { className: "refused" }, el("h3", { tabIndex: -1, "data-first": "" }, `× ${said}`),
    el("ul", {}, reasons(now.error).map((each) => el("li", {}, each))), el("p", {}, t("nothing-changed")));
}

const drawApplying = () => [drawProgress(now)];

function drawDone() {
  return [drawEvidence(now), buttons([t("close"), () => byId("change").close(), { className: "main" }],
    now.undo ? null : [t("undo-this"), () => openChange({ undo: now.done.number })],
    [t("record"), () => { location.href = `record.html?n=${now.done.number}`; }])];
}

function buttons(...all) {
  return el("div", { className: "buttons" }, all.filter(Boolean).map(([text, onclick, more]) =>
    el("button", { type: "button", onclick, "data-key": text, ...more }, text)));
}
