// Making elements, and saying things aloud. Text is only ever set as text.

const ATTRIBUTE = /^(aria-|data-|role$|for$|scope$|colspan$|rowspan$|tabindex$|href$|type$|value$|maxlength$|name$|target$|rel$|id$|lang$|title$|open$|autocomplete$)/;

/** Return an element: properties that look like attributes are set as such, `on...` listen. */
export function el(tag, properties = {}, ...children) {
  const out = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined) continue;
    if (key.startsWith("on")) out.addEventListener(key.slice(2), value);
    else if (ATTRIBUTE.test(key)) out.setAttribute(key, value);
    else out[key] = value;
  }
  out.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return out;
}

export const byId = (id) => document.getElementById(id);

/** Put *children* into *parent* in place of what is there; focus stays on the same `data-key`. */
export function fill(parent, ...children) {
  const active = document.activeElement;
  const key = parent.contains(active) ? active.dataset.key : undefined;
  const scrolled = [...parent.querySelectorAll("[data-scroll]")].map((x) => [x.dataset.scroll, x.scrollLeft, x.scrollTop]);
  parent.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  for (const [name, left, top] of scrolled) {
    const again = parent.querySelector(`[data-scroll="${name}"]`);
    if (again) [again.scrollLeft, again.scrollTop] = [left, top];
  }
  if (key !== undefined) parent.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
}

/** Say *text* to those who listen instead of looking. */
export function say(text) {
  const open = document.querySelector("dialog[open] .said");
  const where = open ?? byId("said");
  if (where) where.textContent = text;
}

/** Arrow keys, Home and End move the focus among the elements of *container* that match. */
export function roving(container, selector) {
  container.addEventListener("keydown", (event) => {
    const all = [...container.querySelectorAll(selector)];
    const at = all.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1,
      ArrowDown: below(all, at, 1), ArrowUp: below(all, at, -1) }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    const next = all[Math.max(0, Math.min(all.length - 1, to))];
    for (const each of all) each.tabIndex = each === next ? 0 : -1;
    next.focus();
  });
}

/** The number of the element that stands below (or above) number *at*, as they are laid out. */
function below(all, at, step) {
  const here = all[at]?.getBoundingClientRect();
  if (!here) return at;
  for (let i = at + step; i >= 0 && i < all.length; i += step) {
    const there = all[i].getBoundingClientRect();
    const isOther = (there.top - here.top) * step > here.height / 2;
    if (isOther && (step > 0 ? there.right > here.left + 1 : there.left < here.right - 1)) return i;
  }
  return at;
}
