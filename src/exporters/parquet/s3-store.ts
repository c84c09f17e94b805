import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { errorMessage, WatershardError } from '../../model/errors.ts';
import { errorCode } from './s3-errors.ts';
import type { FileStore } from './store.ts';

/** One request may take this long at most, and a second more for each MiB that it carries. */
const TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 5_000;
const MIB = 2 ** 20;
/** Above this a file goes in parts. */
const ONE_REQUEST_BYTES = 64 * MIB;
const PART_BYTES = 16 * MIB;

export interface S3Target {
  readonly bucket: string;
  /** '' or ending with a slash. */
  readonly prefix: string;
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  readonly forcePathStyle: boolean | undefined;
}

type Sdk = typeof import('@aws-sdk/client-s3');

/** Objects in a bucket. Credentials come from the SDK's own chain; retries are the caller's. */
export class S3Store implements FileStore {
  readonly #sdk: Sdk;
  readonly #client: S3Client;
  readonly #target: S3Target;

  private constructor(sdk: Sdk, target: S3Target, confirm: () => Promise<void>) {
    this.#sdk = sdk;
    this.#target = target;
    const { endpoint, region } = target;
    const config: S3ClientConfig = {
      forcePathStyle: target.forcePathStyle ?? endpoint !== undefined,
      maxAttempts: 1,
      followRegionRedirects: endpoint === undefined,
      // Servers other than AWS often do not know the trailing checksums that are sent otherwise.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS },
    };
    if (endpoint !== undefined) config.endpoint = endpoint;
    if (region !== undefined) config.region = region;
    else if (endpoint !== undefined && process.env.AWS_REGION === undefined) config.region = 'us-east-1';
    this.#client = new sdk.S3Client(config);
    // Behind all that takes time, as signing does: a process can stand still there for longer than it may write.
    this.#client.middlewareStack.add(
      (next) => async (args) => {
        await confirm();
        return await next(args);
      },
      { step: 'deserialize', priority: 'low', name: 'confirm' },
    );
  }

  /**
   * Loads the SDK, which takes some hundred milliseconds and is wanted only here.
   * @param confirm called before each request is sent; what it throws fails the request
   */
  static async open(target: S3Target, confirm: () => Promise<void>): Promise<S3Store> {
    return new S3Store(await import('@aws-sdk/client-s3'), target, confirm);
  }

  async check(): Promise<void> {
    const { bucket, prefix } = this.#target;
    await this.#attempt('listing', prefix, 0, async (options) => {
      const command = new this.#sdk.ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: 1 });
      await this.#client.send(command, options);
    });
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    if (bytes.length > ONE_REQUEST_BYTES) return await this.#putParts(key, bytes);
    const object = { ...this.#object(key), Body: bytes, ContentLength: bytes.length };
    await this.#attempt('storing', key, bytes.length, async (options) => {
      await this.#client.send(new this.#sdk.PutObjectCommand(object), options);
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

  close(): void {
    this.#client.destroy();
  }

  async #putParts(key: string, bytes: Uint8Array): Promise<void> {
    const object = this.#object(key);
    const { UploadId } = await this.#attempt('storing', key, 0, (options) =>
      this.#client.send(new this.#sdk.CreateMultipartUploadCommand(object), options),
    );
    const upload = { ...object, UploadId };
    try {
      const parts: { PartNumber: number; ETag: string | undefined }[] = [];
      for (let at = 0; at < bytes.length; at += PART_BYTES) {
        const Body = bytes.subarray(at, at + PART_BYTES);
        const PartNumber = parts.length + 1;
        const { ETag } = await this.#attempt('storing', key, Body.length, (options) =>
          this.#client.send(new this.#sdk.UploadPartCommand({ ...upload, PartNumber, Body }), options),
        );
        parts.push({ PartNumber, ETag });
      }
      await this.#attempt('storing', key, bytes.length, (options) =>
        this.#client.send(
          new this.#sdk.CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } }),
          options,
        ),
      );
    } catch (e) {
      try {
        await this.#client.send(new this.#sdk.AbortMultipartUploadCommand(upload));
      } catch (abort) {
        // The parts stay until the bucket's own rule for incomplete uploads removes them.
        const code = e instanceof WatershardError ? e.code : errorCode(e);
        throw new WatershardError(code, `${errorMessage(e)} (and its parts stay: ${errorMessage(abort)})`, {
          cause: e,
        });
      }
      throw e;
    }
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
    try {
      return await action({ abortSignal: AbortSignal.timeout(TIMEOUT_MS + Math.ceil(bytes / MIB) * 1000) });
    } catch (e) {
      if (e instanceof WatershardError) throw e;
      const { bucket, prefix } = this.#target;
      throw new WatershardError(errorCode(e), `${doing} s3://${bucket}/${prefix}${key}: ${errorMessage(e)}`, {
        cause: e,
      });
    }
  }
}
