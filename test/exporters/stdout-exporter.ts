import { EXPORTERS } from '../../src/exporters/registry.ts';
import { makeBatch } from '../support/batches.ts';
import { ExporterProbe } from '../support/exporter-probe.ts';
import { until } from '../support/until.ts';

/** Run as a process by file.test.ts: writes to its standard output until that is broken, then tells on stderr how it went. */
const config = EXPORTERS.file.config.parse({ name: 'sink', type: 'file', path: '-' });
const probe = new ExporterProbe({ create: (context) => EXPORTERS.file.create(config, context) });
await probe.start();
let written = 0;
await until('the standard output breaks', () => {
  if (written - probe.lastAck() < 3)
    probe.write(makeBatch({ sequence: ++written, records: [{ name: 'a', version: written }] }));
  return !probe.exporter.health().ok;
});
const health = probe.exporter.health();
await probe.exporter.drain(new AbortController().signal);
await probe.exporter.close();
process.stderr.write(JSON.stringify({ health, lastAck: probe.lastAck(), written }));
