/** The live page's script. It listens to /events, and everything it shows goes in as text, never as markup. */
export const PAGE_SCRIPT = `'use strict';
const $ = (id) => document.getElementById(id);
const SVG = 'http://www.w3.org/2000/svg';
const HISTORY = 120;
const SHOWN = 10;
const history = [];
let last, now, silentSince;

function element(name, attributes, ...children) {
  const e = ['svg', 'path', 'rect', 'text', 'g', 'title', 'circle'].includes(name) ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [k, v] of Object.entries(attributes || {})) if (v !== undefined && v !== false) e.setAttribute(k, v === true ? '' : v);
  e.append(...children.filter((c) => c !== undefined));
  return e;
}

const count = (n) => (n >= 1e6 ? (n / 1e6).toFixed(2) + ' M' : n >= 1e4 ? (n / 1e3).toFixed(1) + ' k' : String(Math.round(n)));
const rate = (n) => (n >= 100 || n === 0 ? count(n) : n.toFixed(1)) + '/s';
function bytes(n) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let i = 0;
  for (; n >= 1024 && i < 4; i++) n /= 1024;
  return (i === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)) + ' ' + units[i];
}
function span(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return s + ' s';
  if (s < 3600) return Math.floor(s / 60) + ' min ' + (s % 60) + ' s';
  if (s < 86400) return Math.floor(s / 3600) + ' h ' + Math.floor((s % 3600) / 60) + ' min';
  return Math.floor(s / 86400) + ' d ' + Math.floor((s % 86400) / 3600) + ' h';
}
const lagText = (s) => (s < 10 ? s.toFixed(1) + ' s' : span(s));
const ago = (ms) => (ms === undefined ? 'never' : span((now.now - ms) / 1000) + ' ago');

/** Change a second since the report before. */
function perSecond(value, before) {
  if (before === undefined || last === undefined || now.now <= last.now) return 0;
  return Math.max(0, ((value - before) * 1000) / (now.now - last.now));
}
const earlier = (list, key, value) => (last ? last[list].find((x) => x[key] === value) : undefined);

function derive() {
  for (const s of now.streams) s.rate = perSecond(s.records, (earlier('streams', 'id', s.id) || {}).records);
  for (const s of now.shards) s.rate = perSecond(s.records, (earlier('shards', 'index', s.index) || {}).records);
  for (const e of now.exporters) e.rate = perSecond(e.acknowledged, (earlier('exporters', 'name', e.name) || {}).acknowledged);
  now.rate = perSecond(now.totals.records, last && last.totals.records);
  now.byteRate = perSecond(now.totals.bytes, last && last.totals.bytes);
  if (last) history.push(now.rate);
  if (history.length > HISTORY) history.shift();
}

const BAD = ['forbidden', 'failed', 'error', 'stopped'];
const tone = (s) => (BAD.includes(s.state) || (s.lastError && !s.synced) ? 'bad' : s.synced ? 'good' : 'warn');

function head() {
  $('version').textContent = now.version;
  $('cluster').textContent = now.cluster.name + ' · ' + now.cluster.server + ' · up ' + span((now.now - now.startedAt) / 1000);
  const pill = $('ready');
  const text = now.ready ? 'ready' : 'not ready';
  if (pill.textContent !== text) pill.textContent = text;
  pill.className = 'pill ' + (now.ready ? 'good' : 'bad');
  const reasons = [...now.reasons];
  if (now.state.trouble && !reasons.includes(now.state.trouble)) reasons.push(now.state.trouble);
  $('reasons').hidden = reasons.length === 0;
  $('reasons').replaceChildren(...reasons.map((r) => element('li', {}, r)));
  document.title = (now.ready ? '' : '! ') + now.cluster.name + ' · Watershard';
}

function sparkline() {
  const top = Math.max(1, ...history);
  const points = history.map((v, i) => ((i + HISTORY - history.length) * 100) / (HISTORY - 1) + ' ' + (30 - (v / top) * 28).toFixed(2));
  const svg = element('svg', { viewBox: '0 0 100 30', preserveAspectRatio: 'none', role: 'img', 'aria-label': 'Records a second in the last two minutes, at most ' + rate(top) });
  if (points.length < 2) return svg;
  const line = 'M' + points.join('L');
  svg.append(element('path', { class: 'spark-area', d: line + 'L100 30L' + points[0].split(' ')[0] + ' 30Z' }), element('path', { class: 'spark-line', d: line }));
  return svg;
}

function tile(label, value, note, extra, wide) {
  return element('dl', { class: wide ? 'tile wide' : 'tile' }, element('dt', {}, label), element('dd', {}, value), extra, note ? element('small', {}, note) : undefined);
}
function tiles() {
  const states = {};
  for (const s of now.streams) states[s.state] = (states[s.state] || 0) + 1;
  const lag = Math.max(0, ...now.streams.map((s) => s.lagSeconds));
  const behind = now.streams.filter((s) => s.lagSeconds === lag && lag > 0)[0];
  const known = now.streams.reduce((n, s) => n + s.knownObjects, 0);
  $('tiles').replaceChildren(
    tile('Records', rate(now.rate), count(now.totals.records) + ' since the start, two minutes shown', sparkline(), true),
    tile('Read from the API', bytes(now.byteRate) + '/s', bytes(now.totals.bytes) + ' since the start'),
    tile('Lag', lagText(lag), behind ? 'most: ' + behind.id : 'nothing waits'),
    tile('In flight', bytes(now.credits.inFlight), 'of ' + bytes(now.credits.limit), element('progress', { max: now.credits.limit || 1, value: now.credits.inFlight, 'aria-label': 'Bytes in flight' })),
    tile('Objects known', count(known), Object.entries(states).map(([s, n]) => n + ' ' + s).join(', ')),
    tile('State', now.state.kind, now.state.lastCommitAt === undefined ? 'no commit yet' : 'committed ' + ago(now.state.lastCommitAt)),
  );
}

function box(x, y, width, title, note, kind) {
  const g = element('g', {}, element('rect', { x, y, width, height: 40, rx: 7, class: kind || '' }));
  const cut = (t, n) => (t.length > n ? t.slice(0, n - 1) + '…' : t);
  g.append(element('text', { x: x + 10, y: y + 17 }, cut(title, 34)), element('text', { x: x + 10, y: y + 32, class: 'note' }, cut(note, 42)), element('title', {}, title + ': ' + note));
  return g;
}
function edge(x1, y1, x2, y2, perSecondNow, bad) {
  const d = 'M' + x1 + ' ' + y1 + 'C' + (x1 + x2) / 2 + ' ' + y1 + ' ' + (x1 + x2) / 2 + ' ' + y2 + ' ' + x2 + ' ' + y2;
  return element('path', { d, class: bad ? 'bad' : perSecondNow > 0 ? 'flow' : '', 'stroke-width': (1 + Math.min(4, Math.log10(1 + perSecondNow))).toFixed(1) });
}
/** The streams with troubles first, then the ones with most records, so that the order is steady; the rest as one box. */
function topology() {
  const order = [...now.streams].sort((a, b) => (tone(b) === 'bad') - (tone(a) === 'bad') || b.records - a.records || (a.id < b.id ? -1 : 1));
  const shown = order.slice(0, order.length > SHOWN + 1 ? SHOWN : order.length);
  const hidden = order.slice(shown.length);
  const left = shown.map((s) => ({ title: s.id, note: s.state + ' · ' + rate(s.rate) + ' · ' + count(s.knownObjects) + ' objects', kind: tone(s) === 'good' ? '' : tone(s), shards: [s.shard], rate: s.rate }));
  if (hidden.length > 0) {
    const sum = hidden.reduce((n, s) => n + s.rate, 0);
    left.push({ title: hidden.length + ' more streams', note: rate(sum), kind: '', shards: [...new Set(hidden.map((s) => s.shard))], rate: sum });
  }
  left.sort((a, b) => a.shards.length - b.shards.length || a.shards[0] - b.shards[0]);
  const rows = Math.max(left.length, now.shards.length, now.exporters.length, 1);
  const height = rows * 52 + 8;
  const place = (n, i) => (height - n * 52 + 12) / 2 + i * 52;
  const svg = $('topology');
  const edges = [], boxes = [];
  const shardY = new Map(now.shards.map((s, i) => [s.index, place(now.shards.length, i) + 20]));
  left.forEach((s, i) => {
    const y = place(left.length, i);
    for (const shard of s.shards) if (shardY.has(shard)) edges.push(edge(290, y + 20, 370, shardY.get(shard), s.rate));
    boxes.push(box(4, y, 286, s.title, s.note, s.kind));
  });
  now.shards.forEach((s, i) => {
    boxes.push(box(370, place(now.shards.length, i), 260, 'shard ' + s.index, rate(s.rate) + ' · ' + bytes(s.queueBytes) + ' queued' + (s.restarts ? ' · ' + s.restarts + ' restarts' : ''), s.restarts ? 'warn' : ''));
    now.exporters.forEach((e, j) => edges.push(edge(630, shardY.get(s.index), 710, place(now.exporters.length, j) + 20, e.rate / Math.max(1, now.shards.length), !e.ok)));
  });
  now.exporters.forEach((e, i) => boxes.push(box(710, place(now.exporters.length, i), 286, e.name + ' (' + e.type + ')', (e.ok ? rate(e.rate) : 'not ok') + ' · ' + bytes(e.pendingBytes) + ' waiting' + (e.required ? '' : ' · optional'), e.ok ? '' : e.required ? 'bad' : 'warn')));
  svg.setAttribute('viewBox', '0 0 1000 ' + height);
  svg.setAttribute('aria-label', now.streams.length + ' streams, ' + now.shards.length + ' shards, ' + now.exporters.length + ' exporters, ' + rate(now.rate) + '; the tables below say the same');
  svg.replaceChildren(...edges, ...boxes);
}

/** A table whose rows stay the same elements, so that focus and selection survive an update. */
function makeTable(table, caption, columns, key) {
  let sort = 0, descending = false;
  const body = element('tbody');
  const heads = columns.map((c, i) => {
    const button = element('button', { type: 'button' }, c.title);
    button.addEventListener('click', () => {
      descending = sort === i ? !descending : c.number === true;
      sort = i;
      show();
    });
    return element('th', { scope: 'col', class: c.number ? 'number' : undefined }, button);
  });
  table.append(element('thead', {}, element('tr', {}, ...heads)), body);
  table.setAttribute('aria-label', caption);
  const rows = new Map();
  let items = [];
  function show() {
    heads.forEach((h, i) => h.setAttribute('aria-sort', i !== sort ? 'none' : descending ? 'descending' : 'ascending'));
    const value = columns[sort].value;
    const sorted = [...items].sort((a, b) => {
      const x = value(a), y = value(b);
      return (x < y ? -1 : x > y ? 1 : key(a) < key(b) ? -1 : 1) * (descending ? -1 : 1);
    });
    const wanted = new Set(sorted.map(key));
    for (const [k, row] of rows) if (!wanted.has(k)) { row.remove(); rows.delete(k); }
    sorted.forEach((item, i) => {
      let row = rows.get(key(item));
      if (!row) rows.set(key(item), (row = element('tr', {}, ...columns.map((c) => element('td', { class: c.number ? 'number' : c.text ? 'text' : undefined })))));
      columns.forEach((c, j) => {
        const cell = row.cells[j], parts = c.cell(item);
        const text = parts.map((p) => (typeof p === 'string' ? p : p.textContent + p.className)).join('|');
        if (cell.dataset.shown !== text) { cell.dataset.shown = text; cell.replaceChildren(...parts); }
      });
      if (body.rows[i] !== row) body.insertBefore(row, body.rows[i] || null);
    });
  }
  return (next) => { items = next; show(); };
}
const dot = (kind) => { const e = element('span', { class: 'dot ' + kind, 'aria-hidden': 'true' }); e.textContent = kind === 'good' ? '●' : kind === 'bad' ? '▲' : '◐'; return e; };
const column = (title, value, cell, more) => ({ title, value, cell: (x) => [].concat(cell ? cell(x) : String(value(x))), ...more });
const number = { number: true };

const showExporters = makeTable($('exporters'), 'Exporters', [
  column('Name', (e) => e.name),
  column('Type', (e) => e.type),
  column('State', (e) => (e.ok ? 1 : 0), (e) => [dot(e.ok ? 'good' : e.required ? 'bad' : 'warn'), e.ok ? 'ok' : 'not ok']),
  column('Required', (e) => (e.required ? 'yes' : 'no')),
  column('Rate', (e) => e.rate, (e) => rate(e.rate), number),
  column('Acknowledged', (e) => e.acknowledged, (e) => count(e.acknowledged), number),
  column('Waiting', (e) => e.pendingBytes, (e) => bytes(e.pendingBytes), number),
  column('Detail', (e) => e.detail || '', (e) => [e.detail || '', element('small', {}, Object.entries(e.status).map(([k, v]) => k + ' ' + v).join(' · '))], { text: true }),
], (e) => e.name);

const showStreams = makeTable($('streams'), 'Streams', [
  column('Stream', (s) => s.id),
  column('State', (s) => s.state, (s) => [dot(tone(s)), s.state]),
  column('For', (s) => -s.since, (s) => span((now.now - s.since) / 1000), number),
  column('Shard', (s) => s.shard, undefined, number),
  column('Rate', (s) => s.rate, (s) => rate(s.rate), number),
  column('Records', (s) => s.records, (s) => count(s.records), number),
  column('Objects', (s) => s.knownObjects, (s) => count(s.knownObjects), number),
  column('Lag', (s) => s.lagSeconds, (s) => lagText(s.lagSeconds), number),
  column('Committed version', (s) => s.resourceVersion, (s) => s.resourceVersion || '–'),
  column('Last error', (s) => (s.lastError ? s.lastError.at : 0), (s) => (s.lastError ? [s.lastError.code + ', ' + ago(s.lastError.at) + ': ' + s.lastError.message, element('small', {}, s.lastError.remedy)] : '–'), { text: true }),
], (s) => s.id);

function streams() {
  const wanted = $('filter').value.toLowerCase();
  showStreams(now.streams.filter((s) => (s.id + ' ' + s.state).toLowerCase().includes(wanted)));
}
$('filter').addEventListener('input', () => { if (now) streams(); });

const events = new EventSource('/events');
events.onmessage = (e) => {
  silentSince = undefined;
  last = now;
  now = JSON.parse(e.data);
  derive();
  head(); tiles(); topology(); showExporters(now.exporters); streams();
};
events.onerror = () => {
  silentSince = silentSince || Date.now();
  $('ready').textContent = 'no answer for ' + span((Date.now() - silentSince) / 1000);
  $('ready').className = 'pill warn';
};
`;
