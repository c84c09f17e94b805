/** The live page. It is filled by script.ts. */
export const PAGE_HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Watershard</title>
<link rel="icon" href="/page.svg" type="image/svg+xml">
<link rel="stylesheet" href="/page.css">
<script src="/page.js" defer></script>
</head>
<body>
<nav aria-label="Skip to">
  <a class="skip" id="to-problems" href="#problems" hidden>Skip to what needs attention</a>
  <a class="skip" href="#h-exporters">Skip to the exporters</a>
  <a class="skip" href="#filter">Skip to the streams</a>
</nav>
<header>
  <div>
    <h1>Watershard <span id="version"></span></h1>
    <p id="cluster">connecting</p>
    <p id="config" hidden></p>
  </div>
  <p id="ready" class="pill" role="status">connecting</p>
</header>
<main>
  <noscript><p>This page needs its script. The same facts are at <a href="/status">/status</a>.</p></noscript>
  <section id="problems" tabindex="-1" aria-labelledby="h-problems" hidden>
    <h2 id="h-problems">Needs attention</h2>
    <ul id="problem-list" aria-live="polite"></ul>
  </section>
  <section aria-label="Totals" id="tiles"></section>
  <div class="pair">
    <section aria-labelledby="h-watches">
      <h2 id="h-watches">Watches</h2>
      <div id="strip" role="img" aria-label="Watches"></div>
      <p class="legend" aria-hidden="true"><i class="good busy"></i> changes <i class="good"></i> quiet <i class="warn"></i> on its way <i class="bad"></i> failing</p>
    </section>
    <section aria-labelledby="h-lags">
      <h2 id="h-lags">Streams by lag</h2>
      <svg id="lags" viewBox="0 0 350 118" role="img" aria-label="Streams by lag"></svg>
    </section>
  </div>
  <section aria-labelledby="h-topology">
    <h2 id="h-topology">Streams → shards → exporters</h2>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="h-topology"><svg id="topology" role="img" aria-label="Streams, shards and exporters"></svg></div>
  </section>
  <section aria-labelledby="h-exporters">
    <h2 id="h-exporters" tabindex="-1">Exporters</h2>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="h-exporters"><table id="exporters" aria-labelledby="h-exporters"></table></div>
  </section>
  <section aria-labelledby="h-shards">
    <h2 id="h-shards">Shards</h2>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="h-shards"><table id="shards" aria-labelledby="h-shards"></table></div>
  </section>
  <section id="past" aria-labelledby="h-errors" hidden>
    <h2 id="h-errors">Errors that are over</h2>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="h-errors"><table id="errors" aria-labelledby="h-errors"></table></div>
  </section>
  <section aria-labelledby="h-streams">
    <div class="bar">
      <h2 id="h-streams">Streams</h2>
      <label>Filter <input id="filter" type="search" autocomplete="off" spellcheck="false" placeholder="name, state or error" aria-describedby="found" aria-keyshortcuts="/"></label>
      <output id="found" for="filter"></output>
    </div>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="h-streams"><table id="streams" aria-labelledby="h-streams"></table></div>
  </section>
</main>
<footer>
  <nav aria-label="Endpoints"><a href="/metrics">metrics</a> <a href="/status">status</a> <a href="/healthz">healthz</a> <a href="/livez">livez</a> <a href="/readyz">readyz</a></nav>
  <span>Keys: <kbd>/</kbd> filter, <kbd>Esc</kbd> all streams. Rates are those of the last ten seconds, plots of the last two minutes.</span>
</footer>
</body>
</html>
`;

/** The mark in the tab. */
export const PAGE_ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0a6e8a"/><path d="M16 5v7M16 12C16 18 7 17 7 26M16 12C16 18 25 17 25 26M16 12v14" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round"/></svg>`;
