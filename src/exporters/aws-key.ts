interface Key {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** The part of a client of the SDK that has its credentials. */
interface KeyHolder {
  /** Answers from memory what has no end, unless it is told not to. */
  readonly credentials: (options?: { readonly forceRefresh?: boolean }) => Promise<Key>;
}

/**
 * To be among the settings of a client: its chain of credentials then reads the shared files as they are, and not as this
 * process found them first.
 */
export const UNCACHED_FILES = { ignoreCache: true } as const;

/** What AWS and servers that speak its protocols answer to a key that they do not know (any more), or to a wrong signature. */
const NOT_TAKEN =
  /^(InvalidClientTokenId|UnrecognizedClient|InvalidAccessKeyId|XAdminUserNotFound|SignatureDoesNotMatch|InvalidSignature|ExpiredToken|InvalidToken)(Exception)?$/;

/**
 * A middleware for the step `initialize`. The SDK keeps for good what has no end, such as a key in a file. A server that does
 * not take the key makes this look for another one, and the request is made once more where there is one.
 */
export function withRenewedKey(
  holder: KeyHolder,
): <Args, Result>(next: (args: Args) => Promise<Result>) => (args: Args) => Promise<Result> {
  return (next) => async (args) => {
    const used = await holder.credentials();
    try {
      return await next(args);
    } catch (e) {
      if (!NOT_TAKEN.test((e as { readonly name?: string }).name ?? '')) throw e;
      // Of those under way at once, one looks.
      if (!differs(await holder.credentials(), used)) await holder.credentials({ forceRefresh: true });
      if (!differs(await holder.credentials(), used)) throw e;
      return await next(args);
    }
  };
}

function differs(a: Key, b: Key): boolean {
  return (
    a.accessKeyId !== b.accessKeyId || a.secretAccessKey !== b.secretAccessKey || a.sessionToken !== b.sessionToken
  );
}
