/** The live page. It is filled by page/script.ts. */
export const PAGE_HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Watershard</title>
<link rel="stylesheet" href="/page.css">
<script src="/page.js" defer></script>
</head>
<body>
<a class="skip" href="#streams">Skip to the streams</a>
<header>
  <div>
    <h1>Watershard <span id="version"></span></h1>
    <p id="cluster">connecting</p>
  </div>
  <p id="ready" class="pill" role="status">connecting</p>
</header>
<main>
  <ul id="reasons" aria-label="Why it is not ready" hidden></ul>
  <noscript><p>This page needs its script. The same facts are at <a href="/status">/status</a>.</p></noscript>
  <section aria-label="Totals" id="tiles"></section>
  <section aria-labelledby="h-topology">
    <h2 id="h-topology">Topology</h2>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="h-topology"><svg id="topology" role="img" aria-label="Streams, shards and exporters"></svg></div>
  </section>
  <section aria-labelledby="h-exporters">
    <h2 id="h-exporters">Exporters</h2>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="h-exporters"><table id="exporters"></table></div>
  </section>
  <section aria-labelledby="h-streams">
    <div class="bar">
      <h2 id="h-streams">Streams</h2>
      <label>Filter <input id="filter" type="search" autocomplete="off" placeholder="name or state"></label>
    </div>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="h-streams"><table id="streams"></table></div>
  </section>
</main>
<footer>
  <a href="/metrics">metrics</a> <a href="/status">status</a> <a href="/healthz">healthz</a> <a href="/livez">livez</a> <a href="/readyz">readyz</a>
</footer>
</body>
</html>
`;
