import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage, WatershardError } from '../model/errors.ts';
import type { Connection } from './driver.ts';
import { type Lake, literal } from './lake.ts';

const EXTENSION = 'httpfs.duckdb_extension';

/**
 * Lets DuckDB read from S3, with the credentials that the exporter would use: those of the AWS SDK's own chain.
 * @param extensions a folder with httpfs, for a machine that cannot fetch it; undefined: what is installed, else DuckDB fetches it
 * @throws WatershardError QUERY_FAILED
 */
export async function openS3(connection: Connection, lake: Lake, extensions: string | undefined): Promise<void> {
  await loadHttpfs(connection, extensions);
  const { endpoint, region, accessKeyId, secretAccessKey, sessionToken } = await accessOf(lake);
  const options = [
    'TYPE s3',
    `KEY_ID ${literal(accessKeyId)}`,
    `SECRET ${literal(secretAccessKey)}`,
    ...(sessionToken === undefined ? [] : [`SESSION_TOKEN ${literal(sessionToken)}`]),
    `REGION ${literal(region)}`,
  ];
  if (endpoint !== undefined) {
    const { host, protocol } = new URL(endpoint);
    options.push(`ENDPOINT ${literal(host)}`, `USE_SSL ${protocol === 'https:'}`);
  }
  if (lake.forcePathStyle ?? endpoint !== undefined) options.push(`URL_STYLE 'path'`);
  await connection.run(`CREATE SECRET (${options.join(', ')})`).catch(() => {
    // The statement holds the keys, and a message may quote it.
    throw new WatershardError('QUERY_FAILED', 'giving DuckDB the credentials of S3 failed');
  });
  if (lake.ca !== undefined) await connection.run(`SET ca_cert_file = ${literal(lake.ca)}`);
}

async function loadHttpfs(connection: Connection, extensions: string | undefined): Promise<void> {
  try {
    if (extensions !== undefined) await connection.run(`LOAD ${literal(findExtension(extensions))}`);
    else await connection.run('LOAD httpfs').catch(() => connection.run('INSTALL httpfs; LOAD httpfs'));
  } catch (cause) {
    const hint =
      'it is fetched from extensions.duckdb.org; without a way there, put httpfs.duckdb_extension into a folder and name that with --extensions';
    const message = `loading DuckDB's extension httpfs, which reads from S3: ${errorMessage(cause).split('\n')[0]} (${hint})`;
    throw new WatershardError('QUERY_FAILED', message, { cause });
  }
}

function findExtension(folder: string): string {
  const found = readdirSync(folder, { recursive: true })
    .map(String)
    .find((file) => file.endsWith(EXTENSION));
  if (found === undefined) throw new Error(`there is no ${EXTENSION} in ${folder}`);
  return join(folder, found);
}

interface Access {
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

async function accessOf(lake: Lake): Promise<Access> {
  const { S3Client } = await import('@aws-sdk/client-s3');
  const endpoint = lake.endpoint ?? process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  const fallback = endpoint !== undefined && process.env.AWS_REGION === undefined ? 'us-east-1' : undefined;
  const region = lake.region ?? fallback;
  const client = new S3Client(region === undefined ? {} : { region });
  try {
    const { accessKeyId, secretAccessKey, sessionToken } = await client.config.credentials();
    return { endpoint, region: await client.config.region(), accessKeyId, secretAccessKey, sessionToken };
  } catch (cause) {
    const message = `finding the region and credentials for ${lake.url}: ${errorMessage(cause)}`;
    throw new WatershardError('QUERY_FAILED', message, { cause });
  } finally {
    client.destroy();
  }
}
