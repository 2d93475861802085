// What the page knows of the town; the views listen.

import { ask } from "./api.js";

export const QUARANTINE = "quarantine";

export const store = {
  town: null, switches: [], cells: [], faults: [], link: "", broken: "",
  state: { changes: [], guard: true, in_force: true },
};

const listeners = [];
let seen = "";

/** Call *listener* after every change of what is known: with "state", "all" or "trial". */
export function on(listener) { listeners.push(listener); }
export function emit(what) { for (const listener of listeners) attempt(() => listener(what)); }

const told = [];
/** Call *listener* when a part of the page cannot be drawn. */
export function onBroken(listener) { told.push(listener); }

/** Say on the page what broke: an empty page helps nobody. */
export function broke(error) {
  console.error(error);
  store.broken = String(error?.message ?? error);
  for (const listener of told) listener();
}

/** Do *draw*; where that fails, what broke is told, and everything else is drawn all the same. */
export function attempt(draw) {
  try {
    draw();
  } catch (error) {
    broke(error);
  }
}

/** Learn what stands still; once. */
export async function learn() {
  store.town = await ask("/town");
}

/** Take a new state; what it has changed is asked for anew. */
export async function take(state) {
  store.state = { changes: [], ...store.state, lost: false, ...state };
  const now = JSON.stringify([state.changes, state.guard, state.in_force, state.lost]);
  emit("state");
  if (now === seen) return;
  await refresh();
  seen = now;
}

/** Ask for everything that moves. */
export async function refresh() {
  if (!store.town) await learn();
  const [switches, cells, faults] = await Promise.all([
    ask("/switches"), ask("/matrix"), ask("/faults").catch(() => null),
  ]);
  Object.assign(store, { switches, cells, faults: faults?.faults ?? store.faults });
  emit("all");
}

export const newest = () => store.state.changes.length;

export function ports() { return store.switches.flatMap((each) => each.ports); }
export function port(name) { return ports().find((each) => each.port === name); }
export function attachments() { return ports().flatMap((each) => each.attached ?? []); }
export function attachment(id) { return attachments().find((each) => each.id === id); }
export function zone(id) { return store.town.zones.find((each) => each.id === id); }
export function cell(source, destination) {
  return store.cells.find((each) => each.source === source && each.destination === destination);
}
export function named(list, id) { return store.town[list].find((each) => each.id === id); }
/** What a zone protects: the closed word that its colour hangs on; "unsaid" in an old plan. */
export const protection = (id) => (id === QUARANTINE ? QUARANTINE : zone(id)?.protection || "unsaid");
/** The letters that the documents give its layer: shown, and nothing else. */
export const letter = (id) =>
  (id === QUARANTINE ? store.town.zones.find((each) => each.protection === QUARANTINE) : zone(id))?.layer
  || (id === QUARANTINE ? "Q" : "-");

/** Devices with both a cable and an air: the notebooks of the story. */
export function notebooks() {
  const found = new Map();
  for (const each of attachments()) {
    const both = found.get(each.device) ?? { device: each.device, label: each.label };
    both[each.air ? "air" : "wire"] = each;
    found.set(each.device, both);
  }
  return [...found.values()].filter((each) => each.air && each.wire);
}

/** Who offers a service that shows a page, whatever the plan calls it. */
export const servers = () => attachments().filter((each) => each.page);
/** The service to try at an attachment: the one that shows a page, else the first. */
export const offered = (each) => each?.page || each?.services[0];

/** The resident system that the story is about: in a zone so protected, and open to *source* if any is. */
export function register(source) {
  const all = servers().filter((each) => each.protection === "resident");
  const open = all.filter((each) => cell(source?.source, each.destination)?.kind === "allow");
  return open.find((each) => store.town.destinations[0].id === each.destination) ?? open[0] ?? all[0] ?? servers()[0];
}
