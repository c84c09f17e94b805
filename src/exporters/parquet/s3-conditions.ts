import type { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import { errorMessage } from '../../model/errors.ts';
import type { Attempt } from './s3-uploads.ts';

type Sdk = typeof import('@aws-sdk/client-s3');

/** What must be there for a request to take effect: nothing, this content, or (without a condition) anything. */
export type Condition = { readonly IfNoneMatch: '*' } | { readonly IfMatch: string } | Readonly<Record<string, never>>;

const ABSENT: Condition = { IfNoneMatch: '*' };
const ANY: Condition = {};

/** Each time somebody else has stored the key in between; two such processes at the same time are already one too many. */
const MAX_TRIES = 4;

/**
 * Makes each object stored on the condition that the key holds what we believe it to hold. A server that stood still can carry
 * out the request of a process that was killed, long after the next process has stored a file of the same name: without a
 * condition the older file would take the place of the newer one, and its rows would be gone.
 */
export class S3Conditions {
  readonly #sdk: Sdk;
  readonly #client: S3Client;
  readonly #attempt: Attempt;
  readonly #warn: (text: string) => void;
  #known = true;

  constructor(sdk: Sdk, client: S3Client, attempt: Attempt, warn: (text: string) => void) {
    this.#sdk = sdk;
    this.#client = client;
    this.#attempt = attempt;
    this.#warn = warn;
  }

  /**
   * Stores the object in the place of what is there, if anything is.
   *
   * @param send one request, or one upload, on this condition
   */
  async put(
    object: { readonly Bucket: string; readonly Key: string },
    key: string,
    bytes: Uint8Array,
    send: (condition: Condition) => Promise<void>,
  ): Promise<void> {
    let condition = this.#known ? ABSENT : ANY;
    for (let tries = 1; ; tries++) {
      try {
        return await send(condition);
      } catch (e) {
        if (condition !== ANY && isUnknown(e)) {
          this.#known = false;
          this.#warn(`a file that a killed process sent can replace a newer one: ${errorMessage(e)}`);
          condition = ANY;
        } else if (condition !== ANY && isUnmet(e) && tries < MAX_TRIES) {
          const there = await this.#compare(object, key, bytes);
          if (there === 'same') return;
          condition = there === undefined ? ABSENT : { IfMatch: there };
        } else throw e;
      }
    }
  }

  /** @returns the entity tag of what is there; `same` for these bytes, whose answer was lost before; undefined for nothing */
  async #compare(
    object: { readonly Bucket: string; readonly Key: string },
    key: string,
    bytes: Uint8Array,
  ): Promise<string | undefined> {
    return await this.#attempt('reading', key, bytes.length, async (options) => {
      try {
        const { Body, ContentLength, ETag } = await this.#client.send(new this.#sdk.GetObjectCommand(object), options);
        const body = Body as Readable | undefined;
        if (body === undefined) return ETag;
        if (ContentLength === bytes.length && (await holds(body, bytes))) return 'same';
        body.destroy();
        return ETag;
      } catch (e) {
        if (e instanceof this.#sdk.NoSuchKey) return undefined;
        throw e;
      }
    });
  }
}

async function holds(body: Readable, bytes: Uint8Array): Promise<boolean> {
  let at = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (!chunk.equals(bytes.subarray(at, at + chunk.length))) return false;
    at += chunk.length;
  }
  return at === bytes.length;
}

interface Answer {
  readonly name?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

function answerOf(error: unknown): Answer {
  return ((error as { readonly cause?: unknown }).cause ?? {}) as Answer;
}

/** 412; or 404 where an object was to be replaced that is gone. */
function isUnmet(error: unknown): boolean {
  const { name, $metadata } = answerOf(error);
  return $metadata?.httpStatusCode === 412 || name === 'NoSuchKey';
}

/** The server does not know conditions on what is stored. */
function isUnknown(error: unknown): boolean {
  const { name, $metadata } = answerOf(error);
  return $metadata?.httpStatusCode === 501 || name === 'NotImplemented';
}
