/** Elements and the forms of numbers. */
export const DOM = `
const $ = (id) => document.getElementById(id);
const SVG = 'http://www.w3.org/2000/svg';
const SVG_NAMES = new Set(['svg', 'path', 'rect', 'text', 'g', 'title', 'line']);

function element(name, attributes, ...children) {
  const e = SVG_NAMES.has(name) ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [k, v] of Object.entries(attributes || {})) if (v !== undefined && v !== false) e.setAttribute(k, v === true ? '' : v);
  e.append(...children.filter((c) => c !== undefined));
  return e;
}
function put(e, text) {
  if (e.textContent !== text) e.textContent = text;
}
function mark(e, name, value) {
  if (e.getAttribute(name) !== String(value)) e.setAttribute(name, value);
}

/** Makes the children of an element those of the items, in their order; the first ones, as many as offset, stay. */
const nodesOf = new WeakMap();
function keyed(parent, items, key, make, update, offset = 0) {
  if (!nodesOf.has(parent)) nodesOf.set(parent, new Map());
  const nodes = nodesOf.get(parent);
  const wanted = new Set(items.map(key));
  for (const [k, node] of nodes) if (!wanted.has(k)) { node.remove(); nodes.delete(k); }
  items.forEach((item, i) => {
    const k = key(item);
    if (!nodes.has(k)) nodes.set(k, make(item));
    const node = nodes.get(k);
    update(node, item);
    const there = parent.children[i + offset];
    if (there !== node) parent.insertBefore(node, there || null);
  });
}

const count = (n) => (n >= 1e6 ? (n / 1e6).toFixed(2) + ' M' : n >= 1e4 ? (n / 1e3).toFixed(1) + ' k' : String(Math.round(n)));
const rate = (n) => (n === undefined ? '–' : (n >= 100 || n === 0 ? count(n) : n < 0.1 ? '< 0.1' : n.toFixed(1)) + '/s');
function bytes(n) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let i = 0;
  for (; n >= 1024 && i < 4; i++) n /= 1024;
  return (i === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)) + ' ' + units[i];
}
/** Of two parts at most; coarse where it is long, so that few texts change. */
function span(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return s + ' s';
  if (s < 600) return Math.floor(s / 60) + ' min ' + (s % 60) + ' s';
  if (s < 3600) return Math.floor(s / 60) + ' min';
  if (s < 86400) return Math.floor(s / 3600) + ' h ' + Math.floor((s % 3600) / 60) + ' min';
  return Math.floor(s / 86400) + ' d ' + Math.floor((s % 86400) / 3600) + ' h';
}
const coarse = (seconds) => (seconds < 60 || seconds >= 3600 ? span(seconds) : Math.floor(seconds / 60) + ' min');
const brief = (s) => (s < 1 ? Math.round(s * 1000) + ' ms' : s + ' s');
const lagText = (s) => (s === 0 ? '0 s' : s < 10 ? s.toFixed(1) + ' s' : span(s));
const ago = (ms) => (ms === undefined ? 'never' : span((now.now - ms) / 1000) + ' ago');
const many = (n, word) => n + ' ' + word + (n === 1 ? '' : 's');
const GLYPH = { good: '●', warn: '◐', bad: '▲' };
`;
