import { ACK_BOUNDS } from '../../../model/status.ts';

/** Lines, bars and cells, in SVG; each says in words what it shows. */
export const PLOTS = `
const ACK_BOUNDS = ${JSON.stringify(ACK_BOUNDS)};

/** A line over the last two minutes, the newest at the right. The scale ends at the highest value, or at top where that is more. */
const line = () => element('svg', { class: 'spark', viewBox: '0 0 100 30', preserveAspectRatio: 'none', role: 'img' }, element('path', { class: 'spark-area' }), element('path', { class: 'spark-line' }));
function drawLine(svg, values, label, top = 0) {
  const most = Math.max(top, ...values) || 1;
  const points = values.map((v, i) => (((i + HISTORY - values.length) * 100) / (HISTORY - 1)).toFixed(1) + ' ' + (29 - (v / most) * 27).toFixed(1));
  const d = points.length < 2 ? '' : 'M' + points.join('L');
  mark(svg.children[0], 'd', d === '' ? '' : d + 'L100 30L' + points[0].split(' ')[0] + ' 30Z');
  mark(svg.children[1], 'd', d);
  mark(svg, 'aria-label', label);
}

/** How much of a limit is used. */
const bar = () => element('svg', { class: 'meter', viewBox: '0 0 100 6', preserveAspectRatio: 'none', role: 'img' }, element('rect', { width: 100, height: 6, class: 'rest' }), element('rect', { height: 6, class: 'used' }));
function drawBar(svg, used, limit, label) {
  const share = limit > 0 ? Math.min(1, used / limit) : 0;
  mark(svg.children[1], 'width', (used > 0 ? Math.max(1, share * 100) : 0).toFixed(1));
  mark(svg.children[1], 'class', 'used' + (share >= 1 ? ' bad' : share > 0.8 ? ' warn' : ''));
  mark(svg, 'aria-label', label + ': ' + bytes(used) + ' of ' + bytes(limit));
}

/** Heights grow with the root, so that a few beside many are still seen. */
const height = (n, most, full) => (n === 0 ? 0 : Math.max(1.5, Math.sqrt(n / most) * full));

/** Times of acknowledgements of the last minute, the short ones at the left. */
const ackPlot = () => element('svg', { class: 'acks', viewBox: '0 0 128 24', role: 'img' }, ...[...ACK_BOUNDS, 0].map((b, i) => element('rect', { x: i * 8, width: 6.5, rx: 1 }, element('title', {}, b === 0 ? 'longer' : 'up to ' + brief(b)))), element('line', { x1: 0, x2: 128, y1: 23.5, y2: 23.5 }));
function quantile(counts, share) {
  const all = counts.reduce((a, b) => a + b, 0);
  let seen = 0;
  for (let i = 0; i < counts.length; i++) {
    seen += counts[i];
    if (seen >= all * share) return i < ACK_BOUNDS.length ? '≤ ' + brief(ACK_BOUNDS[i]) : '> ' + brief(ACK_BOUNDS[ACK_BOUNDS.length - 1]);
  }
  return '–';
}
function ackText(counts) {
  const all = counts.reduce((a, b) => a + b, 0);
  return all === 0 ? 'none in the last minute' : 'half ' + quantile(counts, 0.5) + ', 99 % ' + quantile(counts, 0.99);
}
function drawAcks(svg, counts) {
  const most = Math.max(1, ...counts);
  counts.forEach((n, i) => {
    const h = height(n, most, 22);
    mark(svg.children[i], 'height', h.toFixed(1));
    mark(svg.children[i], 'y', (23 - h).toFixed(1));
  });
  mark(svg, 'aria-label', 'Batches by the time to their acknowledgement, last minute: ' + ackText(counts));
}

const LAGS = [[0, 'none'], [1, '1 s'], [5, '5 s'], [15, '15 s'], [60, '1 min'], [300, '5 min'], [Infinity, 'more']];
function lagPlot() {
  const svg = $('lags');
  if (svg.children.length === 0) LAGS.forEach(([, name], i) => {
    const x = i * 50 + 25;
    svg.append(element('rect', { x: x - 18, width: 36, rx: 2 }), element('text', { x, 'text-anchor': 'middle' }), element('text', { x, y: 114, 'text-anchor': 'middle', class: 'note' }, (i > 0 && i < LAGS.length - 1 ? '≤ ' : '') + name));
  });
  const counts = LAGS.map(() => 0);
  for (const s of now.streams) counts[LAGS.findIndex(([end]) => s.lagSeconds <= end)]++;
  const most = Math.max(1, ...counts);
  counts.forEach((n, i) => {
    const h = height(n, most, 78);
    const [rect, text] = [svg.children[i * 3], svg.children[i * 3 + 1]];
    mark(rect, 'y', (100 - h).toFixed(1));
    mark(rect, 'height', h.toFixed(1));
    mark(rect, 'class', i >= 5 ? 'bad' : i === 4 ? 'warn' : i === 0 ? 'none' : '');
    mark(text, 'y', (95 - h).toFixed(1));
    put(text, n === 0 ? '' : String(n));
  });
  mark(svg, 'aria-label', 'Streams by lag: ' + counts.map((n, i) => n + ' ' + (i === 0 ? 'without' : i < LAGS.length - 1 ? 'up to ' + LAGS[i][1] : 'more')).join(', '));
}

/** A cell a watch, each always at its place. */
function strip() {
  const sorted = [...now.streams].sort((a, b) => (a.id < b.id ? -1 : 1));
  keyed($('strip'), sorted, (s) => s.id, () => element('i'), (cell, s) => {
    mark(cell, 'class', tone(s) + (s.rate > 0 ? ' busy' : ''));
    mark(cell, 'title', s.id + ': ' + s.state);
  });
  mark($('strip'), 'aria-label', many(now.streams.length, 'watch').replace('watchs', 'watches') + ': ' + tallyText(tally(now.streams, (s) => s.state)));
}
`;
