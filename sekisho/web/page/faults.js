// What if this broke? Real signals, real cables.

import { ask } from "./api.js";
import { el, fill, say } from "./dom.js";
import { label, onLanguage, t } from "./language.js";
import { on, refresh, store } from "./store.js";

let place;
let trouble = "";
const busy = new Set();

export function startFaults(where) {
  place = where;
  on((what) => { if (what !== "trial") draw(); });
  onLanguage(draw);
  draw();
}

/** What is broken: the controller by its name, a line as what is cut. */
export const faultName = (each) => (each.name === "guard" ? label(each) : t("line-cut", label(each)));

async function toggle(each) {
  busy.add(each.name);
  trouble = "";
  draw();
  try {
    await ask("/faults", { name: each.name, on: !each.on });
    say(`${faultName(each)}: ${each.on ? t("mended") : t("broken")}`);
    await refresh();
  } catch (error) {
    trouble = error.message;
  }
  busy.delete(each.name);
  draw();
}

function draw() {
  fill(place, el("p", { className: "hint" }, t("faults-hint")),
    el("ul", { className: "faults" }, store.faults.map((each) => el("li", { className: each.on ? "on" : "" },
      el("span", { className: "name" }, faultName(each)),
      el("span", { className: "how" }, each.on ? `× ${t("broken")}` : `○ ${t("sound")}`),
      el("button", { type: "button", "data-key": `fault ${each.name}`, disabled: busy.has(each.name), onclick: () => toggle(each),
        "aria-label": `${faultName(each)}: ${each.on ? t("mend") : t("break")}` },
        busy.has(each.name) ? t("wait") : each.on ? t("mend") : t("break"))))),
    trouble ? el("p", { className: "trouble", role: "alert" }, trouble) : null,
    el("p", { className: "hint" }, store.state.guard ? "" : t("guard-dead-note")));
}
