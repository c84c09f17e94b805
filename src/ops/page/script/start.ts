/** Listening: to the keyboard, and to the events. */
export const START = `
$('filter').addEventListener('input', () => { if (now) streams(); });
document.addEventListener('keydown', (e) => {
  const filter = $('filter');
  if (e.key === '/' && document.activeElement !== filter && !e.ctrlKey && !e.metaKey && !e.altKey) {
    e.preventDefault();
    filter.focus({ preventScroll: true });
    filter.closest('section').scrollIntoView();
  } else if (e.key === 'Escape' && document.activeElement === filter && filter.value !== '') {
    e.preventDefault();
    filter.value = '';
    if (now) streams();
  }
});

let silentSince;
const events = new EventSource('/events');
function told(take) {
  return (e) => {
    silentSince = undefined;
    take(JSON.parse(e.data));
    if (document.hidden) return;
    show();
    if (performance.getEntriesByName('shown').length === 0) performance.mark('shown');
  };
}
events.addEventListener('report', told(begin));
events.addEventListener('change', told(change));
document.addEventListener('visibilitychange', () => { if (now && !document.hidden) show(); });
events.addEventListener('error', () => {
  silentSince = silentSince || Date.now();
  put($('ready'), GLYPH.warn + ' no answer for ' + span((Date.now() - silentSince) / 1000));
  mark($('ready'), 'class', 'pill warn');
});
`;
