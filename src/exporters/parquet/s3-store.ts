import { readFileSync } from 'node:fs';
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { errorMessage, WatershardError } from '../../model/errors.ts';
import { UNCACHED_FILES, withRenewedKey } from '../aws-key.ts';
import { S3Conditions } from './s3-conditions.ts';
import { errorCode } from './s3-errors.ts';
import { type Attempt, S3Uploads } from './s3-uploads.ts';
import type { FileStore, StoreOptions } from './store.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const MIB = 2 ** 20;

export interface S3Target {
  readonly bucket: string;
  /** '' or ending with a slash. */
  readonly prefix: string;
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  readonly forcePathStyle: boolean | undefined;
  /** PEM file. */
  readonly ca?: string | undefined;
  /** A larger file goes in parts of this size. */
  readonly partBytes: number;
  /** Milliseconds that one request may take, beside a second for each MiB that it carries. */
  readonly timeout: number;
}

type Sdk = typeof import('@aws-sdk/client-s3');

/** Objects in a bucket. Credentials come from the SDK's own chain; retries are the caller's. */
export class S3Store implements FileStore {
  readonly #sdk: Sdk;
  readonly #client: S3Client;
  readonly #target: S3Target;
  readonly #uploads: S3Uploads;
  readonly #conditions: S3Conditions;

  private constructor(sdk: Sdk, target: S3Target, { warn, confirm }: StoreOptions) {
    this.#sdk = sdk;
    this.#target = target;
    const { endpoint, region } = target;
    const config: S3ClientConfig & typeof UNCACHED_FILES = {
      ...UNCACHED_FILES,
      forcePathStyle: target.forcePathStyle ?? endpoint !== undefined,
      maxAttempts: 1,
      followRegionRedirects: endpoint === undefined,
      // Servers other than AWS often do not know the trailing checksums that are sent otherwise.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: {
        connectionTimeout: CONNECT_TIMEOUT_MS,
        ...(target.ca === undefined ? {} : { httpsAgent: { ca: readCa(target.ca) } }),
      },
    };
    if (endpoint !== undefined) config.endpoint = endpoint;
    if (region !== undefined) config.region = region;
    else if (endpoint !== undefined && process.env.AWS_REGION === undefined) config.region = 'us-east-1';
    this.#client = new sdk.S3Client(config);
    this.#client.middlewareStack.add(withRenewedKey(this.#client.config), {
      step: 'initialize',
      name: 'withRenewedKey',
    });
    const attempt: Attempt = (...request) => this.#attempt(...request);
    this.#uploads = new S3Uploads(sdk, this.#client, target, attempt, warn);
    this.#conditions = new S3Conditions(sdk, this.#client, attempt, warn);
    // Behind all that takes time, as signing does: a process can stand still there for longer than it may write.
    this.#client.middlewareStack.add(
      (next) => async (args) => {
        await confirm();
        return await next(args);
      },
      { step: 'deserialize', priority: 'low', name: 'confirm' },
    );
  }

  /** Loads the SDK, which takes some hundred milliseconds and is wanted only here. */
  static async open(target: S3Target, options: StoreOptions): Promise<S3Store> {
    return new S3Store(await import('@aws-sdk/client-s3'), target, options);
  }

  async check(): Promise<void> {
    const { bucket, prefix } = this.#target;
    await this.#attempt('listing', '', 0, async (options) => {
      const command = new this.#sdk.ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: 1 });
      await this.#client.send(command, options);
    });
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    await this.#uploads.abortUnended();
    const object = this.#object(key);
    await this.#conditions.put(object, key, bytes, async (condition) => {
      if (bytes.length > this.#target.partBytes) return await this.#uploads.put(key, bytes, condition);
      await this.#attempt('storing', key, bytes.length, async (options) => {
        const input = { ...object, ...condition, Body: bytes, ContentLength: bytes.length };
        await this.#client.send(new this.#sdk.PutObjectCommand(input), options);
      });
    });
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return await this.#attempt('reading', key, MIB, async (options) => {
      try {
        const answer = await this.#client.send(new this.#sdk.GetObjectCommand(this.#object(key)), options);
        return await answer.Body?.transformToByteArray();
      } catch (e) {
        if (e instanceof this.#sdk.NoSuchKey) return undefined;
        throw e;
      }
    });
  }

  async list(prefix: string, after: string): Promise<readonly string[]> {
    const keys: string[] = [];
    let token: string | undefined;
    do {
      const page = await this.#attempt('listing', prefix, 0, (options) => {
        const command = new this.#sdk.ListObjectsV2Command({
          Bucket: this.#target.bucket,
          Prefix: this.#target.prefix + prefix,
          ...(after === '' ? {} : { StartAfter: this.#target.prefix + after }),
          ...(token === undefined ? {} : { ContinuationToken: token }),
        });
        return this.#client.send(command, options);
      });
      for (const { Key } of page.Contents ?? [])
        if (Key !== undefined) keys.push(Key.slice(this.#target.prefix.length));
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
    // Not every server honours start-after.
    return keys.filter((key) => key > after);
  }

  async remove(keys: readonly string[]): Promise<void> {
    // One by one: DeleteObjects wants checksums that servers disagree on, and there are few.
    for (const key of keys) {
      await this.#attempt('removing', key, 0, (options) =>
        this.#client.send(new this.#sdk.DeleteObjectCommand(this.#object(key)), options),
      );
    }
  }

  async removeUnfinished(isOurs: (key: string) => boolean): Promise<number> {
    return await this.#uploads.removeLeft(isOurs);
  }

  close(): void {
    this.#client.destroy();
  }

  #object(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#target.bucket, Key: this.#target.prefix + key };
  }

  async #attempt<T>(
    doing: string,
    key: string,
    bytes: number,
    action: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    const { bucket, prefix, timeout } = this.#target;
    const milliseconds = timeout + Math.ceil(bytes / MIB) * 1000;
    const abortSignal = AbortSignal.timeout(milliseconds);
    try {
      return await action({ abortSignal });
    } catch (e) {
      if (e instanceof WatershardError) throw e;
      const late = abortSignal.aborted ? `it was not done within ${milliseconds / 1000} s: ` : '';
      const text = `${doing} s3://${bucket}/${prefix}${key}: ${late}${reason(e)}`;
      throw new WatershardError(errorCode(e), text, { cause: e });
    }
  }
}

/** With the code of S3, by which its meaning can be looked up. */
function reason(error: unknown): string {
  const text = errorMessage(error);
  const { name, $metadata } = error as { readonly name?: string; readonly $metadata?: unknown };
  return $metadata === undefined || name === undefined || text.includes(name) ? text : `${name}: ${text}`;
}

function readCa(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (e) {
    throw new WatershardError('EXPORTER_MISCONFIGURED', `reading the authorities in ca: ${errorMessage(e)}`, {
      cause: e,
    });
  }
}
