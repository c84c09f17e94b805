import type { S3Client } from '@aws-sdk/client-s3';
import { errorMessage, WatershardError } from '../../model/errors.ts';
import type { Condition } from './s3-conditions.ts';

type Sdk = typeof import('@aws-sdk/client-s3');

/** Sends one request within its time. @throws WatershardError */
export type Attempt = <T>(
  doing: string,
  key: string,
  bytes: number,
  action: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
) => Promise<T>;

export interface UploadTarget {
  readonly bucket: string;
  readonly prefix: string;
  readonly partBytes: number;
}

interface Upload {
  /** Relative to the prefix. */
  readonly key: string;
  /** Undefined where the answer to its creation was lost: it may be there. */
  readonly id: string | undefined;
}

/** About 200 bytes each. Those that are forgotten are found by the next process. */
const MAX_UNENDED = 1000;

/**
 * Files in parts. A bucket keeps the parts of an upload, unseen and paid for, until it is completed or aborted: one that cannot
 * be aborted when it fails is remembered, and aborted before the next file.
 */
export class S3Uploads {
  readonly #sdk: Sdk;
  readonly #client: S3Client;
  readonly #target: UploadTarget;
  readonly #attempt: Attempt;
  readonly #warn: (text: string) => void;
  readonly #unended = new Set<Upload>();
  /** Keys that are being stored: what is there of them is not to be aborted. */
  readonly #storing = new Set<string>();
  #aborting: Promise<void> | undefined;
  #warned = false;
  /** What earlier processes have left, once it was looked for. */
  #left: Set<Upload> | undefined;

  constructor(sdk: Sdk, client: S3Client, target: UploadTarget, attempt: Attempt, warn: (text: string) => void) {
    this.#sdk = sdk;
    this.#client = client;
    this.#target = target;
    this.#attempt = attempt;
    this.#warn = warn;
  }

  async put(key: string, bytes: Uint8Array, condition: Condition): Promise<void> {
    this.#storing.add(key);
    try {
      const id = await this.#create(key);
      try {
        await this.#send(key, id, bytes, condition);
      } catch (e) {
        await this.#end({ key, id });
        throw e;
      }
    } finally {
      this.#storing.delete(key);
    }
  }

  /** Aborts what could not be aborted when it failed. What still cannot be is tried again at the next call. */
  async abortUnended(): Promise<void> {
    if (this.#unended.size === 0) return;
    this.#aborting ??= this.#abortAll().finally(() => {
      this.#aborting = undefined;
    });
    await this.#aborting;
  }

  /** @returns how many of these keys an earlier process has left */
  async removeLeft(isOurs: (key: string) => boolean): Promise<number> {
    this.#left ??= new Set(await this.#listOrNone());
    const ours = [...this.#left].filter(({ key }) => isOurs(key));
    for (const upload of ours) {
      await this.#abort(upload.key, upload.id);
      this.#left.delete(upload);
    }
    return ours.length;
  }

  async #create(key: string): Promise<string | undefined> {
    try {
      const { UploadId } = await this.#attempt('storing', key, 0, (options) =>
        this.#client.send(new this.#sdk.CreateMultipartUploadCommand(this.#object(key)), options),
      );
      return UploadId;
    } catch (e) {
      if (e instanceof WatershardError && e.code === 'EXPORTER_UNREACHABLE') this.#remember({ key, id: undefined });
      throw e;
    }
  }

  async #send(key: string, UploadId: string | undefined, bytes: Uint8Array, condition: Condition): Promise<void> {
    const upload = { ...this.#object(key), UploadId };
    const { partBytes } = this.#target;
    const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
    for (let at = 0; at < bytes.length; at += partBytes) {
      const Body = bytes.subarray(at, at + partBytes);
      const PartNumber = Parts.length + 1;
      const { ETag } = await this.#attempt('storing', key, Body.length, (options) =>
        this.#client.send(new this.#sdk.UploadPartCommand({ ...upload, PartNumber, Body }), options),
      );
      Parts.push({ PartNumber, ETag });
    }
    await this.#attempt('storing', key, bytes.length, (options) =>
      this.#client.send(
        new this.#sdk.CompleteMultipartUploadCommand({ ...upload, ...condition, MultipartUpload: { Parts } }),
        options,
      ),
    );
  }

  async #end(upload: Upload): Promise<void> {
    try {
      await this.#abort(upload.key, upload.id);
    } catch {
      this.#remember(upload); // told if it fails again
    }
  }

  #remember(upload: Upload): void {
    this.#unended.add(upload);
    const [oldest] = this.#unended;
    if (this.#unended.size > MAX_UNENDED && oldest !== undefined) this.#unended.delete(oldest);
  }

  async #abortAll(): Promise<void> {
    for (const upload of [...this.#unended]) {
      if (this.#storing.has(upload.key)) continue;
      try {
        const found = upload.id === undefined ? await this.#list(upload.key) : [upload];
        for (const { key, id } of found) if (key === upload.key) await this.#abort(key, id);
        this.#unended.delete(upload);
        this.#warned = false;
      } catch (e) {
        if (!this.#warned) this.#warn(`parts of a file that was not stored are left in the bucket: ${errorMessage(e)}`);
        this.#warned = true;
        return;
      }
    }
  }

  /** One that is not there any more is no error: its completion was done, and the answer lost. */
  async #abort(key: string, UploadId: string | undefined): Promise<void> {
    await this.#attempt('removing the parts of', key, 0, async (options) => {
      try {
        await this.#client.send(new this.#sdk.AbortMultipartUploadCommand({ ...this.#object(key), UploadId }), options);
      } catch (e) {
        if (!(e instanceof Error && e.name === 'NoSuchUpload')) throw e;
      }
    });
  }

  async #listOrNone(): Promise<readonly Upload[]> {
    try {
      return await this.#list('');
    } catch (e) {
      // Not permitted, or not known to the server: to store files it is not needed.
      if (!isRefusal(e)) throw e;
      this.#warn(`unfinished uploads of earlier runs are not removed: ${errorMessage(e)}`);
      return [];
    }
  }

  async #list(prefix: string): Promise<readonly Upload[]> {
    const found: Upload[] = [];
    const { bucket: Bucket, prefix: root } = this.#target;
    let markers: { readonly KeyMarker?: string | undefined; readonly UploadIdMarker?: string | undefined } = {};
    for (let more = true; more; ) {
      const command = new this.#sdk.ListMultipartUploadsCommand({ Bucket, Prefix: root + prefix, ...markers });
      const page = await this.#attempt('listing the unfinished uploads of', prefix, 0, (options) =>
        this.#client.send(command, options),
      );
      for (const { Key, UploadId } of page.Uploads ?? [])
        if (Key !== undefined) found.push({ key: Key.slice(root.length), id: UploadId });
      markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
      more = page.IsTruncated === true && page.NextKeyMarker !== undefined;
    }
    return found;
  }

  #object(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#target.bucket, Key: this.#target.prefix + key };
  }
}

/** An answer that will be the same the next time. */
function isRefusal(error: unknown): boolean {
  const cause = (error as { cause?: { $metadata?: { httpStatusCode?: number } } }).cause;
  return [400, 401, 403, 405, 501].includes(cause?.$metadata?.httpStatusCode ?? 0);
}
