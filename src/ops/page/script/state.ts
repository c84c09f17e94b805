/** What is known: a report, what changed since, and what the page itself makes of them. Rates are those of the last ten seconds. */
export const STATE = `
const HISTORY = 120;
const WINDOW = 10;
const KEYS = { streams: 'id', shards: 'index', exporters: 'name' };
const COUNTS = { streams: 'records', shards: 'records', exporters: 'acknowledged' };
const lists = {};
const counted = new Map();
const rates = new Map();
let now, past;

function begin(report) {
  now = report;
  past = report.history;
  counted.clear();
  for (const list in KEYS) lists[list] = new Map(report[list].map((x) => [x[KEYS[list]], x]));
  derive();
}

function change(next) {
  const before = now;
  now = { ...before, ...next };
  for (const name of (next.gone && next.gone.parts) || []) delete now[name];
  for (const list in KEYS) {
    for (const x of next[list] || []) merge(lists[list], x[KEYS[list]], x);
    for (const key of (next.gone && next.gone[list]) || []) lists[list].delete(key);
    now[list] = [...lists[list].values()];
  }
  derive();
  const seconds = (now.now - before.now) / 1000;
  if (seconds <= 0) return;
  remember(past.records, Math.max(0, (now.totals.records - before.totals.records) / seconds));
  remember(past.bytes, Math.max(0, (now.totals.bytes - before.totals.bytes) / seconds));
  remember(past.lagSeconds, now.lag);
  remember(past.inFlight, now.credits.inFlight);
}

/** Of an entry that is known only the fields that changed are told, null for one that has gone. */
function merge(entries, key, changed) {
  const entry = entries.get(key) || {};
  entries.set(key, entry);
  for (const field in changed) if (changed[field] === null) delete entry[field]; else entry[field] = changed[field];
}

function remember(list, value) {
  list.push(value);
  if (list.length > HISTORY) list.shift();
}

function derive() {
  for (const list in KEYS) for (const x of now[list]) {
    const key = list + ' ' + x[KEYS[list]];
    if (!counted.has(key)) counted.set(key, []);
    const seen = counted.get(key);
    if (seen.length > 0 && seen[seen.length - 1][1] > x[COUNTS[list]]) seen.length = 0;
    seen.push([now.now, x[COUNTS[list]]]);
    while (seen.length > 2 && now.now - seen[0][0] > WINDOW * 1000) seen.shift();
    const [[t0, n0], [t1, n1]] = [seen[0], seen[seen.length - 1]];
    x.rate = t1 > t0 ? ((n1 - n0) * 1000) / (t1 - t0) : undefined;
    if (list !== 'exporters' || x.rate === undefined) continue;
    if (!rates.has(x.name)) rates.set(x.name, []);
    remember(rates.get(x.name), x.rate);
  }
  now.lag = 0;
  now.behind = undefined;
  for (const s of now.streams) if (s.lagSeconds > now.lag) { now.lag = s.lagSeconds; now.behind = s.id; }
}

const recently = (list) => { const last = list.slice(-WINDOW); return last.length === 0 ? 0 : last.reduce((a, b) => a + b, 0) / last.length; };
const FAILING = new Set(['forbidden', 'unserved', 'stopped', 'removed']);
const tone = (s) => (s.synced ? 'good' : FAILING.has(s.state) || s.lastError ? 'bad' : 'warn');
const exporterTone = (e) => (e.ok ? 'good' : e.required ? 'bad' : 'warn');
function tally(items, of) {
  const counts = {};
  for (const x of items) counts[of(x)] = (counts[of(x)] || 0) + 1;
  return counts;
}
const tallyText = (counts) => Object.entries(counts).sort((a, b) => b[1] - a[1]).map(([name, n]) => n + ' ' + name).join(', ');
`;
