/** The drawing of streams, shards and exporters. */
export const TOPOLOGY = `
const SHOWN = 8;
const SHARDS_SHOWN = 12;
const BOX = { height: 46, step: 56 };
const COLUMNS = { streams: [0, 340], shards: [470, 300], exporters: [900, 340] };

const cut = (text, n) => (text.length > n ? text.slice(0, n - 1) + '…' : text);
function makeBox() {
  return element('g', {}, element('title'), element('rect', { height: BOX.height, rx: 8, class: 'box' }), element('text', { x: 12, y: 18 }), element('text', { x: 12, y: 34, class: 'note' }), element('rect', { x: 12, y: 39, height: 3, rx: 1.5, class: 'rest' }), element('rect', { x: 12, y: 39, height: 3, rx: 1.5, class: 'used' }));
}
function drawBox(g, { x, y, width, title, note, kind, share }) {
  const [hint, box, name, text, rest, used] = g.children;
  mark(g, 'transform', 'translate(' + x + ' ' + y + ')');
  mark(g, 'class', kind);
  mark(box, 'width', width);
  put(name, cut((kind === 'good' ? '' : GLYPH[kind] + ' ') + title, Math.floor(width / 8)));
  put(text, cut(note, Math.floor(width / 6.8)));
  put(hint, title + ': ' + note);
  mark(rest, 'width', share === undefined ? 0 : width - 24);
  mark(used, 'width', share === undefined ? 0 : (Math.min(1, share) * (width - 24)).toFixed(1));
}
const makeEdge = () => element('path');
function drawEdge(path, { from, to, rate, kind }) {
  const middle = (from[0] + to[0]) / 2;
  mark(path, 'd', 'M' + from + 'C' + [middle, from[1], middle, to[1], ...to]);
  mark(path, 'class', kind === 'bad' ? 'bad' : rate > 0 ? 'flow' : '');
  mark(path, 'stroke-width', (1 + Math.min(4, Math.log10(1 + (rate || 0)))).toFixed(1));
}

/** The streams with troubles first, then the ones with most records, so that the order is steady; the rest as one box. */
function streamBoxes() {
  const rank = { bad: 0, warn: 1, good: 2 };
  const order = [...now.streams].sort((a, b) => rank[tone(a)] - rank[tone(b)] || b.records - a.records || (a.id < b.id ? -1 : 1));
  const shown = order.slice(0, order.length > SHOWN + 1 ? SHOWN : order.length);
  const hidden = order.slice(shown.length);
  const boxes = shown.map((s) => ({ key: 's ' + s.id, title: s.id, note: s.state + ' · ' + rate(s.rate) + ' · ' + many(s.knownObjects, 'object') + (s.lagSeconds > 0 ? ' · lag ' + lagText(s.lagSeconds) : ''), kind: tone(s), shards: [s.shard], rate: s.rate }));
  if (hidden.length > 0) {
    const sum = hidden.reduce((n, s) => n + (s.rate || 0), 0);
    const kind = ['bad', 'warn', 'good'].find((k) => hidden.some((s) => tone(s) === k));
    boxes.push({ key: 'more', title: many(hidden.length, 'more stream'), note: tallyText(tally(hidden, (s) => s.state)) + ' · ' + rate(sum), kind, shards: [...new Set(hidden.map((s) => s.shard))], rate: sum });
  }
  return boxes;
}
function shardBoxes() {
  const sorted = [...now.shards].sort((a, b) => a.index - b.index);
  const shown = sorted.slice(0, sorted.length > SHARDS_SHOWN + 1 ? SHARDS_SHOWN : sorted.length);
  const hidden = sorted.slice(shown.length);
  const one = (key, title, shards) => {
    const sum = (name) => shards.reduce((n, s) => n + (s[name] || 0), 0);
    const [queued, restarts] = [sum('queueBytes'), sum('restarts')];
    const note = rate(sum('rate')) + ' · ' + bytes(queued) + ' queued' + (restarts > 0 ? ' · ' + many(restarts, 'restart') : '');
    return { key, title, note, kind: restarts > 0 ? 'warn' : 'good', share: queued / now.credits.limit, indexes: shards.map((s) => s.index) };
  };
  const boxes = shown.map((s) => one('shard ' + s.index, 'shard ' + s.index, [s]));
  if (hidden.length > 0) boxes.push(one('shards', many(hidden.length, 'more shard'), hidden));
  return boxes;
}
function exporterBoxes() {
  return now.exporters.map((e) => ({ key: 'e ' + e.name, title: e.name + ' (' + e.type + (e.required ? ')' : ', optional)'), note: (e.ok ? rate(e.rate) : e.lastError ? e.lastError.code : 'not ok') + ' · ' + bytes(e.pendingBytes) + ' waiting', kind: exporterTone(e), share: e.pendingBytes / (e.buffer ? e.buffer.limit : now.credits.limit), rate: e.rate }));
}

function topology() {
  const [streams, shards, exporters] = [streamBoxes(), shardBoxes(), exporterBoxes()];
  const rows = Math.max(streams.length, shards.length, exporters.length, 1);
  const tall = rows * BOX.step;
  const place = (boxes, [x, width]) => boxes.forEach((b, i) => Object.assign(b, { x, width, y: 2 + (tall - boxes.length * BOX.step) / 2 + i * BOX.step }));
  place(streams, COLUMNS.streams);
  place(shards, COLUMNS.shards);
  place(exporters, COLUMNS.exporters);
  const [left, right] = [(b) => [b.x, b.y + BOX.height / 2], (b) => [b.x + b.width, b.y + BOX.height / 2]];
  const edges = [];
  for (const s of streams) for (const shard of shards)
    if (s.shards.some((i) => shard.indexes.includes(i))) edges.push({ key: s.key + ' > ' + shard.key, from: right(s), to: left(shard), rate: s.rate, kind: s.kind });
  for (const shard of shards) for (const e of exporters) edges.push({ key: shard.key + ' > ' + e.key, from: right(shard), to: left(e), rate: (e.rate || 0) / shards.length, kind: e.kind });
  const svg = $('topology');
  if (svg.children.length === 0) svg.append(element('g', { class: 'edges' }), element('g'));
  mark(svg, 'viewBox', '-2 0 1244 ' + tall);
  mark(svg, 'aria-label', many(now.streams.length, 'stream') + ', ' + many(now.shards.length, 'shard') + ', ' + many(now.exporters.length, 'exporter') + ', ' + rate(recently(past.records)) + '; the tables below say the same');
  keyed(svg.children[0], edges, (e) => e.key, makeEdge, drawEdge);
  keyed(svg.children[1], [...streams, ...shards, ...exporters], (b) => b.key, makeBox, drawBox);
}
`;
