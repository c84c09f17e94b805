export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f4f6f8; --card: #ffffff; --ink: #131a22; --soft: #56616e; --line: #d9dfe6; --accent: #0a6e8a;
  --good: #17774a; --warn: #955800; --bad: #b3261e; --fill: #e4f1f5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f1419; --card: #171e25; --ink: #e6ebf0; --soft: #98a5b3; --line: #2b353f; --accent: #5cc3de;
    --good: #5fd39a; --warn: #f0b35a; --bad: #ff8b80; --fill: #173039;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 84rem; padding: 1.25rem; background: var(--ground); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", sans-serif; font-variant-numeric: tabular-nums; }
header { display: flex; flex-wrap: wrap; gap: 1rem; justify-content: space-between; align-items: center; margin-bottom: 1rem; }
h1 { font-size: 1.35rem; margin: 0; letter-spacing: -.01em; }
h1 span { font-weight: 400; color: var(--soft); font-size: .9rem; }
h2 { font-size: 1rem; margin: 0 0 .6rem; }
p { margin: 0; }
#cluster { color: var(--soft); overflow-wrap: anywhere; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; background: var(--card); padding: .5rem; }
.pill { padding: .3rem .9rem; border-radius: 2rem; border: 1px solid var(--line); background: var(--card); font-weight: 600; }
.pill.good, .good { color: var(--good); } .pill.bad, .bad { color: var(--bad); } .pill.warn, .warn { color: var(--warn); }
#reasons { background: var(--card); border: 1px solid var(--bad); border-radius: .6rem; margin: 0 0 1rem; padding: .7rem 1rem .7rem 2rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .8rem; padding: 1rem; margin-bottom: 1rem; }
#tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: 1rem; background: none; border: 0; padding: 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: .8rem; padding: .8rem 1rem; margin: 0; min-width: 0; }
.tile.wide { grid-column: span 2; }
.tile dt { color: var(--soft); font-size: .85rem; } .tile dd { margin: 0; font-size: 1.3rem; font-weight: 600; white-space: nowrap; }
.tile small { color: var(--soft); display: block; font-size: .85rem; }
.tile svg { width: 100%; height: 3rem; display: block; }
.spark-line { fill: none; stroke: var(--accent); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.spark-area { fill: var(--fill); }
progress { width: 100%; accent-color: var(--accent); height: .6rem; }
.bar { display: flex; flex-wrap: wrap; justify-content: space-between; gap: .5rem; }
input { font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--line); border-radius: .4rem; padding: .2rem .5rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .7rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; white-space: nowrap; }
td.number, th.number { text-align: right; padding-right: 1.2rem; }
td.text { white-space: normal; min-width: 14rem; overflow-wrap: anywhere; }
td.text small { display: block; color: var(--soft); }
th { font-weight: 600; }
th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }
th[aria-sort=ascending] button::after { content: " \\2191"; } th[aria-sort=descending] button::after { content: " \\2193"; }
tr:last-child td { border-bottom: 0; }
td .dot { margin-right: .4rem; }
#topology { min-width: 46rem; width: 100%; height: auto; display: block; }
#topology text { fill: var(--ink); font-size: 13px; } #topology .note { fill: var(--soft); font-size: 11.5px; }
#topology rect { fill: var(--ground); stroke: var(--line); } #topology rect.bad { stroke: var(--bad); stroke-width: 2; } #topology rect.warn { stroke: var(--warn); }
#topology path { fill: none; stroke: var(--line); } #topology path.flow { stroke: var(--accent); stroke-dasharray: 6 6; opacity: .75; }
#topology path.bad { stroke: var(--bad); }
@media (prefers-reduced-motion: no-preference) {
  #topology path.flow { animation: flow 1s linear infinite; }
  @keyframes flow { to { stroke-dashoffset: -12; } }
}
footer { color: var(--soft); display: flex; gap: 1rem; }
`;
