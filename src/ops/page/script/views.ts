/** The head, what needs attention, the tiles. */
export const VIEWS = `
function head() {
  put($('version'), now.version);
  const share = now.watchShard;
  const objects = share ? 'share ' + share.index + ' of ' + share.count + ' of the objects, by ' + share.key : '';
  put($('cluster'), [now.cluster.name, now.cluster.server, objects, 'up ' + span((now.now - now.startedAt) / 1000)].filter((t) => t !== '').join(' · '));
  const config = now.config;
  $('config').hidden = config === undefined;
  if (config) {
    const last = config.lastReload;
    put($('config'), 'configuration ' + config.hash + ' for ' + span((now.now - config.since) / 1000) + (config.reloading ? ' · reloading' : '') + (last ? ' · last reload: ' + last.result + ', ' + ago(last.at) : ''));
  }
  const state = now.ready ? 'good' : 'bad';
  put($('ready'), (now.ready ? GLYPH.good + ' ready' : GLYPH.bad + ' not ready'));
  mark($('ready'), 'class', 'pill ' + state);
  const title = (now.ready ? '' : '! ') + now.cluster.name + ' · Watershard';
  if (document.title !== title) document.title = title;
}

/** Errors of one code with one remedy are one thing to do, however many streams have it. */
function problemList() {
  const problems = new Map();
  const add = (source, error, kind) => {
    const key = error.code + error.remedy;
    if (!problems.has(key)) problems.set(key, { key, ...error, kind, sources: [] });
    const p = problems.get(key);
    p.sources.push(source);
    if (kind === 'bad') p.kind = kind;
    if (error.at > p.at) { p.at = error.at; p.message = error.message; }
  };
  for (const e of now.exporters) if (e.lastError) add('exporter ' + e.name, e.lastError, exporterTone(e));
  for (const s of now.streams) if (s.lastError) add(s.id, s.lastError, tone(s) === 'good' ? 'warn' : tone(s));
  const reload = now.config && now.config.lastReload;
  if (reload && reload.error) add('configuration', reload.error, 'bad');
  const known = [...problems.values()].flatMap((p) => p.sources);
  for (const reason of now.reasons)
    if (!known.some((source) => reason.startsWith(source + ':'))) problems.set(reason, { key: reason, kind: 'bad', sources: [], message: reason, code: '', remedy: '' });
  return [...problems.values()].sort((a, b) => (a.kind === 'bad' ? 0 : 1) - (b.kind === 'bad' ? 0 : 1));
}
function problems() {
  const list = problemList();
  $('problems').hidden = list.length === 0;
  $('to-problems').hidden = list.length === 0;
  mark($('problems'), 'class', list.some((p) => p.kind === 'bad') ? 'bad' : 'warn');
  keyed($('problem-list'), list, (p) => p.key, () => element('li', {}, element('span', { 'aria-hidden': 'true' }), element('div', {}, element('strong'), element('code'), element('p'), element('p', { class: 'remedy' }))), (li, p) => {
    const [glyph, body] = li.children;
    const [where, code, message, remedy] = body.children;
    put(glyph, GLYPH[p.kind]);
    mark(glyph, 'class', p.kind);
    const more = p.sources.length - 3;
    put(where, p.sources.slice(0, 3).join(', ') + (more > 0 ? ' and ' + more + ' more' : ''));
    put(code, p.code);
    put(message, p.message);
    put(remedy, p.remedy);
  });
}

const TILES = [
  { label: 'Records', value: () => rate(recently(past.records)), note: () => count(now.totals.records) + ' in all', plot: () => past.records, words: (most) => 'Records a second in the last two minutes, at most ' + rate(most) },
  { label: 'Read from the API', value: () => bytes(recently(past.bytes)) + '/s', note: () => bytes(now.totals.bytes) + ' in all', plot: () => past.bytes, words: (most) => 'Bytes a second in the last two minutes, at most ' + bytes(most) },
  { label: 'Lag', value: () => lagText(now.lag), note: () => (now.behind ? 'most: ' + now.behind : 'nothing waits'), plot: () => past.lagSeconds, words: (most) => 'Lag in the last two minutes, at most ' + lagText(most) },
  { label: 'In flight', value: () => bytes(now.credits.inFlight), note: () => 'of ' + bytes(now.credits.limit), plot: () => past.inFlight, words: (most) => 'Bytes in flight in the last two minutes, at most ' + bytes(most), meter: true },
  { label: 'Objects known', value: () => count(now.streams.reduce((n, s) => n + s.knownObjects, 0)), note: () => 'in ' + many(now.streams.length, 'stream') },
  { label: 'State', value: () => now.state.kind || '–', note: () => now.state.trouble || (now.state.lastCommitAt === undefined ? 'no commit yet' : 'committed ' + ago(now.state.lastCommitAt)) },
];
function tiles() {
  keyed($('tiles'), TILES, (t) => t.label, (t) => element('dl', { class: 'tile' }, element('dt', {}, t.label), element('dd'), t.plot ? line() : undefined, t.meter ? bar() : undefined, element('dd', { class: 'note' })), (dl, t) => {
    const parts = dl.children;
    put(parts[1], t.value());
    const note = parts[parts.length - 1];
    put(note, t.note());
    mark(note, 'title', t.note());
    if (t.plot) drawLine(parts[2], t.plot(), t.words(Math.max(0, ...t.plot())));
    if (t.meter) drawBar(parts[3], now.credits.inFlight, now.credits.limit, 'In flight');
  });
}

function shards() {
  const of = tally(now.streams, (s) => s.shard);
  for (const s of now.shards) s.streams = of[s.index] || 0;
  showShards(now.shards);
}
function errors() {
  const over = now.errors.filter((e) => e.over);
  $('past').hidden = over.length === 0;
  showErrors(over);
}
/** Every word has to be there. */
function streams() {
  const words = $('filter').value.toLowerCase().split(' ').filter((w) => w !== '');
  const text = (s) => (s.id + ' ' + s.state + ' ' + (s.lastError ? s.lastError.code : '')).toLowerCase();
  const found = words.length === 0 ? now.streams : now.streams.filter((s) => words.every((w) => text(s).includes(w)));
  put($('found'), words.length === 0 ? many(now.streams.length, 'stream') : found.length + ' of ' + many(now.streams.length, 'stream'));
  showStreams(found);
}
function show() {
  head(); problems(); tiles(); strip(); lagPlot(); topology(); showExporters(now.exporters); shards(); errors(); streams();
}
`;
