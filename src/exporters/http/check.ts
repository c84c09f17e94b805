import { readFile } from 'node:fs/promises';
import { connect } from 'node:tls';
import { errorMessage, WatershardError } from '../../model/errors.ts';
import { type Finding, failed, ok } from '../../model/finding.ts';
import type { CheckContext } from '../exporter-type.ts';
import { verdictOn } from './answer.ts';
import { HttpClient } from './client.ts';
import type { HttpConfig } from './config.ts';
import { bodyForm } from './request.ts';

/** A connection; a request without a record only where that is asked for, since nobody knows what the receiver makes of it. */
export async function checkHttp(config: HttpConfig, { signal, send }: CheckContext): Promise<Finding[]> {
  const client = new HttpClient(config);
  try {
    await client.probe(signal);
    if (client.origin.startsWith('https:')) await shakeHands(config, client.origin, signal);
    const form = bodyForm(config);
    if (!send) return [ok(`${client.origin} takes connections; with --send a request without records is made`)];
    if (form.most === 1)
      return [ok(`${client.origin} takes connections; there is no request without a record to make`)];
    const { status } = await client.post(form.contentType, form.assemble([]), signal);
    const verdict = verdictOn(status);
    if (verdict.type === 'stored') return [ok(`${client.origin} took a request without records: HTTP ${status}`)];
    if (verdict.type === 'refused') {
      const remedy = 'Nothing to do where the receiver wants one record at least; else look at its log.';
      return [
        { outcome: 'warning', text: `${client.origin} refused a request without records: HTTP ${status}`, remedy },
      ];
    }
    const { code, reason } = verdict;
    return [{ ...failed(`posting to ${client.origin}: ${reason}`, new WatershardError(code, '').remedy), code }];
  } finally {
    await client.close();
  }
}

/** Whether the two trust each other. @throws WatershardError EXPORTER_UNREACHABLE, EXPORTER_MISCONFIGURED */
async function shakeHands(
  { url, tls, requestTimeout }: HttpConfig,
  origin: string,
  signal: AbortSignal,
): Promise<void> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const read = async (path: string | undefined) => (path === undefined ? undefined : await readFile(path));
  const [ca, cert, key] = await Promise.all([tls?.ca, tls?.cert, tls?.key].map(read));
  const material = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  const fault = (cause: Error) =>
    new WatershardError('EXPORTER_UNREACHABLE', `TLS with ${origin}: ${errorMessage(cause)}`, { cause });
  await new Promise<void>((resolve, reject) => {
    // An address is no server name.
    const name = /^[\d.]+$|:/.test(host) ? {} : { servername: host };
    const socket = connect({ host, port: Number(port) || 443, ...name, ...material }, () => {
      socket.destroy();
      resolve();
    });
    socket.setTimeout(requestTimeout, () => socket.destroy(new Error('it does not answer')));
    signal.addEventListener('abort', () => socket.destroy(new Error('it does not answer')), { once: true });
    socket.once('error', (e) => reject(fault(e)));
  });
}
