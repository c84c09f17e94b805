import { type Dispatcher, request } from 'undici';
import { errorMessage, WatershardError } from '../model/errors.ts';
import type { JsonResponse } from './api-client.ts';
import { parseStatus } from './api-status.ts';
import type { Access } from './credentials.ts';

export interface Review {
  readonly dispatcher: Dispatcher;
  readonly access: Access;
  readonly path: string;
  readonly review: unknown;
  readonly signal: AbortSignal;
}

/** Any HTTP status is an answer. @throws WatershardError API_UNREACHABLE */
export async function postReview({ dispatcher, access, path, review, signal }: Review): Promise<JsonResponse> {
  const json = { Accept: 'application/json', 'Content-Type': 'application/json', 'User-Agent': 'watershard' };
  try {
    const { statusCode, headers, body } = await request(access.server + path, {
      method: 'POST',
      dispatcher,
      headers: { ...json, ...access.headers },
      body: JSON.stringify(review),
      signal,
    });
    const text = await body.text();
    if (statusCode === 200 || statusCode === 201)
      return { status: statusCode, headers, value: JSON.parse(text) as unknown, failure: undefined };
    return { status: statusCode, headers, value: undefined, failure: parseStatus(statusCode, text, undefined) };
  } catch (cause) {
    throw new WatershardError('API_UNREACHABLE', `asking ${access.server}${path}: ${errorMessage(cause)}`, { cause });
  }
}
