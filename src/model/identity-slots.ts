/** Slots of a record's identity in stencils (stencil.ts). */
export const IDENTITY_SLOT = {
  namespace: 0,
  name: 1,
  uid: 2,
  resourceVersion: 3,
  /** As a token of a subject. */
  namespaceToken: 4,
  nameToken: 5,
  /** RFC 3339. */
  observedAt: 6,
} as const;

/**
 * Bytes of the texts in the slots; the namespace has 0 where there is none. The id is `<uid>:<resourceVersion>`, of a delete
 * `<uid>:deleted`.
 */
export interface PlainTexts {
  readonly namespaceLength: number;
  readonly nameLength: number;
  readonly uidLength: number;
  readonly versionLength: number;
}
