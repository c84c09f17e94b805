export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f4f6f8; --card: #ffffff; --ink: #131a22; --soft: #56616e; --line: #d9dfe6; --accent: #0a6e8a;
  --good: #17774a; --warn: #955800; --bad: #b3261e; --fill: #e4f1f5; --quiet: #a9d3bf; --rest: #e3e8ed;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f1419; --card: #171e25; --ink: #e6ebf0; --soft: #98a5b3; --line: #2b353f; --accent: #5cc3de;
    --good: #5fd39a; --warn: #f0b35a; --bad: #ff8b80; --fill: #173039; --quiet: #2b5c46; --rest: #2b353f;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0 auto; max-width: 84rem; padding: 1.25rem; background: var(--ground); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", sans-serif; font-variant-numeric: tabular-nums; }
header { display: flex; flex-wrap: wrap; gap: 1rem; justify-content: space-between; align-items: center; margin-bottom: 1rem; }
h1 { font-size: 1.35rem; margin: 0; letter-spacing: -.01em; }
h1 span { font-weight: 400; color: var(--soft); font-size: .9rem; }
h2 { font-size: 1rem; margin: 0 0 .6rem; }
p { margin: 0; }
code { font: .85em ui-monospace, "SF Mono", Consolas, monospace; }
small { display: block; color: var(--soft); font-size: .85rem; font-weight: 400; }
small:empty, code:empty { display: none; }
#cluster, #config { color: var(--soft); overflow-wrap: anywhere; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: .2rem; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .5rem; z-index: 1; }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
.pill { padding: .3rem .9rem; border-radius: 2rem; border: 1px solid currentColor; background: var(--card); font-weight: 600; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .8rem; padding: 1rem; margin-bottom: 1rem; }
#problems.bad, #problems.warn { border-color: currentColor; } #problems h2, #problem-list div { color: var(--ink); }
#problem-list { list-style: none; margin: 0; padding: 0; display: grid; grid-template-columns: minmax(0, 1fr); gap: .7rem; }
#problem-list li { display: flex; gap: .6rem; } #problem-list div { min-width: 0; overflow-wrap: break-word; }
#problem-list strong { margin-right: .6rem; } #problem-list strong:empty { display: none; }
#problem-list code { border: 1px solid var(--line); border-radius: .3rem; padding: 0 .35rem; margin-right: .6rem; }
#problem-list .remedy { color: var(--soft); }
#tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: 1rem; background: none; border: 0; padding: 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: .8rem; padding: .8rem 1rem; margin: 0; min-width: 0; display: flex; flex-direction: column; }
.tile dt { color: var(--soft); font-size: .85rem; }
.tile dd { margin: 0; font-size: 1.3rem; font-weight: 600; white-space: nowrap; }
.tile dd.note { color: var(--soft); font-size: .85rem; font-weight: 400; overflow: hidden; text-overflow: ellipsis; margin-top: auto; }
.tile .spark { width: 100%; height: 2.6rem; margin: .3rem 0; border-bottom: 1px solid var(--line); }
.tile .meter { margin-bottom: .3rem; }
svg { display: block; }
.spark-line { fill: none; stroke: var(--accent); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.spark-area { fill: var(--fill); }
.meter { width: 100%; height: 6px; border-radius: 3px; }
.rest { fill: var(--rest); } .used { fill: var(--accent); } .used.warn { fill: var(--warn); } .used.bad { fill: var(--bad); }
.pair { display: grid; grid-template-columns: minmax(0, 2fr) minmax(18rem, 1fr); gap: 1rem; }
@media (max-width: 50rem) { .pair { grid-template-columns: minmax(0, 1fr); gap: 0; } }
#strip { display: flex; flex-wrap: wrap; gap: 3px; }
#strip i, .legend i { width: 13px; height: 13px; border-radius: 3px; background: var(--quiet); display: inline-block; flex: none; }
#strip i.busy, .legend i.busy { background: var(--good); }
#strip i.warn, .legend i.warn { background: none; border: 3px solid var(--warn); }
#strip i.bad, .legend i.bad { background: var(--bad); border-radius: 0; clip-path: polygon(50% 0, 100% 100%, 0 100%); }
.legend { color: var(--soft); font-size: .85rem; margin-top: .7rem; }
.legend i { margin: 0 .25rem -1px .9rem; } .legend i:first-child { margin-left: 0; }
#lags { width: 100%; max-width: 28rem; }
#lags rect { fill: var(--accent); } #lags rect.none { fill: var(--quiet); } #lags rect.warn { fill: var(--warn); } #lags rect.bad { fill: var(--bad); }
#lags text { fill: var(--ink); font-size: 12px; } #lags .note { fill: var(--soft); font-size: 11px; }
.acks { width: 8rem; height: 1.5rem; margin-left: auto; } .acks rect { fill: var(--accent); } .acks line { stroke: var(--line); }
.bar { display: flex; flex-wrap: wrap; align-items: baseline; gap: .5rem 1rem; }
.bar h2 { margin-right: auto; }
.bar label { display: flex; align-items: baseline; gap: .6rem; }
.bar output { color: var(--soft); min-width: 8rem; text-align: right; }
input { font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--soft); border-radius: .4rem; padding: .2rem .5rem; width: 16rem; }
input::placeholder { color: var(--soft); opacity: 1; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .9rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; white-space: nowrap; }
tbody th { font-weight: 500; }
.number { text-align: right; }
.number .spark { width: 8rem; height: 1.5rem; margin-left: auto; }
td .meter { width: 8rem; margin: .3rem 0 .2rem auto; }
.wide { white-space: normal; min-width: 18rem; overflow-wrap: anywhere; }
td code { margin-right: .5rem; }
thead th { font-weight: 600; color: var(--soft); }
th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; text-align: inherit; white-space: nowrap; }
th button:hover { text-decoration: underline; }
th[aria-sort=ascending] button::after { content: " \\2191"; } th[aria-sort=descending] button::after { content: " \\2193"; }
.group th { background: var(--ground); padding: .3rem .6rem; }
.group button { font-weight: 600; } .group button.good { color: var(--ink); } .group button.bad { color: var(--bad); } .group button.warn { color: var(--warn); }
.glyph { margin-right: .4rem; }
#topology { min-width: 62rem; width: 100%; height: auto; }
#topology text { fill: var(--ink); font-size: 13.5px; } #topology text.note { fill: var(--soft); font-size: 12px; }
#topology .box { fill: var(--ground); stroke: var(--line); } #topology .bad .box { stroke: var(--bad); stroke-width: 2; } #topology .warn .box { stroke: var(--warn); stroke-width: 2; }
#topology .bad .used { fill: var(--bad); } #topology .warn .used { fill: var(--warn); }
#topology path { fill: none; stroke: var(--line); } #topology path.flow { stroke: var(--accent); opacity: .75; }
#topology path.bad { stroke: var(--bad); stroke-dasharray: 2 5; }
@media (forced-colors: active) {
  #strip i, .legend i, .rest, .used, .spark-area, .acks rect, #lags rect { forced-color-adjust: none; }
}
footer { color: var(--soft); display: flex; flex-wrap: wrap; gap: .5rem 2rem; justify-content: space-between; font-size: .9rem; }
footer a { margin-right: .7rem; }
kbd { font: .85em ui-monospace, monospace; border: 1px solid var(--line); border-radius: .3rem; padding: 0 .3rem; }
`;
