// Language switch, and the cases behind a cell. Everything shown is made from the data in this page.
"use strict";

const make = (name, content, attributes = {}) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  for (const part of [content].flat()) element.append(part);
  return element;
};
const say = (ja, en) =>
  ja === en ? [ja] : [make("span", ja, { lang: "ja" }), make("span", en, { lang: "en" })];

// Cases: decode once, when they are first asked for.

let loading;
const load = () => (loading ??= (async () => {
  const text = document.getElementById("cases").textContent;
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const data = await new Response(stream).json();
  data.rank = Object.fromEntries(Object.keys(data.verdicts).map((key, at) => [key, at]));
  data.found = new Set(data.findings);
  data.cells_rows = new Map();
  for (let row = 0; row < data.rows; row++) {
    const cell = value(data, "cell", row);
    if (!data.cells_rows.has(cell)) data.cells_rows.set(cell, []);
    data.cells_rows.get(cell).push(row);
  }
  return data;
})());

const code = (data, key, row) => {
  const column = data.columns[key];
  if (column.values.length === 1) return 0;
  if (column.of) return column.codes[code(data, column.of, row)];
  return column.codes ? column.codes[row] : row;
};
const value = (data, key, row) => data.columns[key].values[code(data, key, row)];

// A cell: its cases, the worst first, some at a time.

const STEP = 200;
const HEADS = [
  ["試験番号", "case"], ["送信元", "source"], ["宛先", "destination"], ["試験の種類", "probe"],
  ["送信", "sent"], ["到達", "arrived"], ["遮断した規則", "drop rule"], ["判定", "verdict"],
];

const caseRow = (data, row) => {
  const get = (key) => String(value(data, key, row));
  const [mark, ja, en] = data.verdicts[get("verdict")];
  const link = make("a", get("case"), { href: `#case=${get("case")}` });
  const probe = [get("probe"), get("ports")].filter(Boolean).join(" ");
  const cells = [get("src"), get("dst"), probe, get("sent"), get("arrived"),
    get("drop_rule") || "－", [make("b", mark), " ", ...say(ja, en)]];
  return make("tr", [make("th", link, { scope: "row" }), ...cells.map((cell) => make("td", cell))],
    { class: get("verdict") });
};

const cellPanel = (data, key) => {
  const rows = [...(data.cells_rows.get(key) ?? [])].sort((a, b) =>
    data.rank[value(data, "verdict", a)] - data.rank[value(data, "verdict", b)] || a - b);
  const body = make("tbody", []);
  const more = make("button", say("続きを表示", "show more"), { type: "button", class: "more" });
  let shown = 0;
  const extend = () => {
    for (const row of rows.slice(shown, shown + STEP)) body.append(caseRow(data, row));
    shown = Math.min(shown + STEP, rows.length);
    more.hidden = shown === rows.length;
  };
  more.addEventListener("click", extend);
  extend();
  const head = make("tr", HEADS.map((words) => make("th", say(...words), { scope: "col" })));
  const table = make("table", [make("thead", head), body], { class: "plain cases" });
  return [cellTitle(data, key, rows.length), make("div", table, { class: "scroll" }), more];
};

const cellTitle = (data, key, number) => {
  const [source, destination] = key.split("/").map((id) => data.classes[id] ?? [id, id]);
  const plan = data.cells[key];
  const name = say(`${source[0]} → ${destination[0]}`, `${source[1]} → ${destination[1]}`);
  const count = number.toLocaleString("en");
  const parts = [make("h3", [`${key}  `, ...name], {}),
    make("p", say(`試験${count}件`, `${count} cases`))];
  if (plan) {
    const clauses = plan.mark.split(/\s+/).map((id) => data.clauses[id]).filter(Boolean);
    const words = clauses.map(([ja, en]) => say(ja, en)).flat();
    const where = [...plan.requirements, ...plan.where].join("  ");
    const severity = plan.severity ? say(`重大度 ${plan.severity}  `, `severity ${plan.severity}  `) : [];
    const kind = plan.kind === "allow" ? [`${plan.mark}  `] : say("遮断  ", "deny  ");
    parts.push(make("p", [...say("計画: ", "plan: "), ...kind, ...words, "  ", ...severity,
      make("code", where)], { class: "planned" }));
  }
  return make("header", parts);
};

// A case: its whole record.

const casePanel = (data, row) => {
  const get = (key) => String(value(data, key, row));
  const groups = [];
  let list;
  for (const [key, ja, en] of data.fields) {
    if (!key) {
      list = make("tbody", []);
      groups.push(make("table", [make("caption", say(ja, en)), list], { class: "facts" }));
      continue;
    }
    const text = get(key);
    const words = key === "verdict" ? say(...data.verdicts[text].slice(1)) : [text || "－"];
    const linked = key === "control" && text ? [make("a", text, { href: `#case=${text}` })] : words;
    list.append(make("tr", [make("th", say(ja, en), { scope: "row" }), make("td", linked)]));
  }
  const back = make("a", [...say("このマスの試験へ戻る ", "back to cell "), get("cell")],
    { href: `#cell=${get("cell")}` });
  const title = make("h3", [make("b", get("mark"), { class: "mark" }), ` ${get("case")}`]);
  return [title, make("p", back), make("div", groups, { class: `record ${get("verdict")}` })];
};

// The address after "#" says what is shown, so that a case can be linked to.

const show = async () => {
  const [what, name] = decodeURIComponent(location.hash.slice(1)).split("=");
  if (what !== "cell" && what !== "case") return;
  const panel = document.getElementById("drill");
  panel.replaceChildren(make("p", say("読み込んでいます…", "loading…")));
  try {
    const data = await load();
    const row = what === "case" ? data.columns.case.values.indexOf(name) : -1;
    const missing = what === "case" ? row < 0 : !data.cells_rows.has(name);
    panel.replaceChildren(...(missing ? say(`${name} はありません`, `there is no ${name}`)
      : what === "case" ? casePanel(data, row) : cellPanel(data, name)));
    const cell = what === "cell" ? name : missing ? "" : value(data, "cell", row);
    for (const button of document.querySelectorAll("[data-cell]"))
      button.setAttribute("aria-pressed", String(button.dataset.cell === cell));
  } catch (error) {
    panel.replaceChildren(make("p", say(`試験の記録を読めません: ${error}`, `cannot read the cases: ${error}`)));
  }
  panel.focus({ preventScroll: true });
  panel.scrollIntoView({ block: "start" });
};

const go = (hash) => (location.hash === hash ? show() : (location.hash = hash));

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-cell]");
  if (button) go(`#cell=${button.dataset.cell}`);
});
document.getElementById("find").addEventListener("submit", (event) => {
  event.preventDefault();
  const typed = document.getElementById("wanted").value.trim().toUpperCase();
  const number = /^\d+$/.test(typed) ? `T-${typed.padStart(6, "0")}` : typed;
  if (number) go(`#case=${number}`);
});
document.getElementById("language").addEventListener("click", () => {
  const root = document.documentElement;
  root.lang = root.lang === "ja" ? "en" : "ja";
});
addEventListener("hashchange", show);
show();
