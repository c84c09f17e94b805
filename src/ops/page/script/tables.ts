/** Tables that sort by their columns, and may stand in groups, the worst first. */
export const TABLES = `
/** A column: its value to sort by, and its text or what draws it. */
const column = (title, value, text, more) => ({ title, value, text: text || ((x) => String(value(x))), ...more });
const number = { number: true };

function makeTable(table, columns, key, { groupOf, sort = 0 } = {}) {
  let descending = false, items = [];
  const folded = new Set();
  const heads = columns.map((c, i) => {
    const button = element('button', { type: 'button' }, c.title);
    button.addEventListener('click', () => {
      descending = sort === i ? !descending : c.number === true;
      sort = i;
      show();
    });
    return element('th', { scope: 'col', class: c.number ? 'number' : c.wide ? 'wide' : undefined }, button);
  });
  table.append(element('thead', {}, element('tr', {}, ...heads)));
  const makeRow = () => element('tr', {}, ...columns.map((c, i) => element(i === 0 ? 'th' : 'td', { scope: i === 0 ? 'row' : undefined, class: c.number ? 'number' : c.wide ? 'wide' : undefined }, ...(c.parts ? c.parts() : []))));
  const drawRow = (row, item) => columns.forEach((c, i) => (c.parts ? c.draw(row.cells[i].children, item) : put(row.cells[i], c.text(item))));
  function makeGroup(group) {
    const body = element('tbody');
    if (groupOf === undefined) return body;
    const button = element('button', { type: 'button' });
    button.addEventListener('click', () => {
      if (!folded.delete(group.name)) folded.add(group.name);
      show();
    });
    body.append(element('tr', { class: 'group' }, element('th', { colspan: columns.length, scope: 'rowgroup' }, button)));
    return body;
  }
  function drawGroup(body, group) {
    const open = !folded.has(group.name);
    if (groupOf !== undefined) {
      const button = body.rows[0].cells[0].firstChild;
      put(button, (open ? '▾ ' : '▸ ') + GLYPH[group.kind] + ' ' + group.title);
      mark(button, 'aria-expanded', open);
      mark(button, 'class', group.kind);
    }
    keyed(body, open ? group.items : [], key, makeRow, drawRow, groupOf === undefined ? 0 : 1);
  }
  function show() {
    heads.forEach((h, i) => mark(h, 'aria-sort', i !== sort ? 'none' : descending ? 'descending' : 'ascending'));
    const { value } = columns[sort];
    const sorted = [...items].sort((a, b) => {
      const x = value(a), y = value(b);
      return (x < y ? -1 : x > y ? 1 : 0) * (descending ? -1 : 1) || (key(a) < key(b) ? -1 : 1);
    });
    keyed(table, groupOf === undefined ? [{ name: '', items: sorted }] : groupOf(sorted), (g) => g.name, makeGroup, drawGroup, 1 + (table.caption ? 1 : 0));
  }
  return (next) => { items = next; show(); };
}

const stateParts = () => [element('span', { 'aria-hidden': 'true' }), element('span')];
function drawState([glyph, text], kind, words) {
  put(glyph, GLYPH[kind]);
  mark(glyph, 'class', 'glyph ' + kind);
  put(text, words);
}
const errorParts = () => [element('code'), element('span'), element('small')];
function drawError([code, text, remedy], error, otherwise) {
  put(code, error ? error.code : '');
  put(text, error ? ago(error.at) + ': ' + error.message : otherwise || '');
  put(remedy, error ? error.remedy : '');
}

const showExporters = makeTable($('exporters'), [
  column('Exporter', (e) => e.name, undefined, { parts: () => [element('span'), element('small')], draw: ([name, kind], e) => { put(name, e.name); put(kind, e.type + (e.required ? '' : ', optional')); } }),
  column('State', (e) => (e.ok ? 1 : 0), undefined, { parts: stateParts, draw: (parts, e) => drawState(parts, exporterTone(e), e.ok ? 'ok' : 'not ok') }),
  column('Rate', (e) => e.rate || 0, undefined, { number: true, parts: () => [element('span'), line()], draw: ([text, plot], e) => { put(text, rate(e.rate)); drawLine(plot, rates.get(e.name) || [], 'Records a second, seen since this page is open'); } }),
  column('Acknowledged', (e) => e.acknowledged, (e) => count(e.acknowledged), number),
  column('Waiting', (e) => e.pendingBytes, undefined, { number: true, parts: () => [element('span'), bar(), element('small')], draw: ([text, plot, where], e) => { put(text, bytes(e.pendingBytes)); drawBar(plot, e.pendingBytes, e.buffer ? e.buffer.limit : now.credits.limit, 'Waiting'); put(where, e.buffer && e.buffer.records > 0 ? count(e.buffer.records) + ' records ' + (e.buffer.type === 'disk' ? 'on disk' : 'in memory') : ''); } }),
  column('Time to acknowledge', (e) => e.ackTimes.reduce((sum, n, i) => sum + n * i, 0) / (e.ackTimes.reduce((a, b) => a + b, 0) || 1), undefined, { number: true, parts: () => [ackPlot(), element('small')], draw: ([plot, text], e) => { drawAcks(plot, e.ackTimes); put(text, ackText(e.ackTimes)); } }),
  column('What it says', (e) => (e.ok ? 0 : 1), undefined, { wide: true, parts: () => [...errorParts(), element('small')], draw: (parts, e) => { drawError([...parts], e.lastError, e.detail); put(parts[3], Object.entries(e.status).map(([k, v]) => k + ' ' + (typeof v === 'number' && /Bytes$|^memoryLimit$/.test(k) ? bytes(v) : v)).join(' · ')); } }),
], (e) => e.name, { sort: 1 });

const showShards = makeTable($('shards'), [
  column('Shard', (s) => s.index, undefined, number),
  column('Streams', (s) => s.streams, undefined, number),
  column('Rate', (s) => s.rate || 0, (s) => rate(s.rate), number),
  column('Queue', (s) => s.queueBytes, undefined, { number: true, parts: () => [element('span'), bar()], draw: ([text, plot], s) => { put(text, bytes(s.queueBytes)); drawBar(plot, s.queueBytes, now.credits.limit, 'Queue'); } }),
  column('Records', (s) => s.records, (s) => count(s.records), number),
  column('Batches', (s) => s.batches, (s) => count(s.batches), number),
  column('Restarts', (s) => s.restarts, undefined, number),
], (s) => s.index);

/** By state; a state is as bad as the worst of its streams. */
function groupsOf(sorted) {
  const groups = new Map();
  const rank = ['bad', 'warn', 'good'];
  for (const s of sorted) {
    if (!groups.has(s.state)) groups.set(s.state, { name: s.state, items: [], kind: 'good' });
    const group = groups.get(s.state);
    group.items.push(s);
    if (rank.indexOf(tone(s)) < rank.indexOf(group.kind)) group.kind = tone(s);
  }
  for (const g of groups.values()) {
    const lag = Math.max(...g.items.map((s) => s.lagSeconds));
    g.title = g.name + ' · ' + many(g.items.length, 'stream') + ' · ' + rate(g.items.reduce((n, s) => n + (s.rate || 0), 0)) + (lag > 0 ? ' · lag at most ' + lagText(lag) : '');
  }
  return [...groups.values()].sort((a, b) => rank.indexOf(a.kind) - rank.indexOf(b.kind) || (a.name < b.name ? -1 : 1));
}
const showStreams = makeTable($('streams'), [
  column('Stream', (s) => s.id, undefined, { parts: stateParts, draw: (parts, s) => drawState(parts, tone(s), s.id) }),
  column('For', (s) => -s.since, (s) => coarse((now.now - s.since) / 1000), number),
  column('Shard', (s) => s.shard, undefined, number),
  column('Rate', (s) => s.rate || 0, (s) => rate(s.rate), number),
  column('Records', (s) => s.records, (s) => count(s.records), number),
  column('Objects', (s) => s.knownObjects, (s) => count(s.knownObjects), number),
  column('Lag', (s) => s.lagSeconds, (s) => lagText(s.lagSeconds), number),
  column('Committed version', (s) => s.resourceVersion, (s) => s.resourceVersion || '–'),
  column('Last error', (s) => (s.lastError ? s.lastError.at : 0), undefined, { wide: true, parts: errorParts, draw: (parts, s) => drawError(parts, s.lastError) }),
], (s) => s.id, { groupOf: groupsOf });

const showErrors = makeTable($('errors'), [
  column('Last met', (e) => -e.at, (e) => ago(e.at), number),
  column('Lasted', (e) => e.at - e.since, (e) => coarse((e.at - e.since) / 1000), number),
  column('Where', (e) => e.source),
  column('What', (e) => e.code, undefined, { wide: true, parts: errorParts, draw: ([code, text, remedy], e) => { put(code, e.code); put(text, e.message); put(remedy, e.remedy); } }),
], (e) => e.source + ' ' + e.code + ' ' + e.since);
`;
