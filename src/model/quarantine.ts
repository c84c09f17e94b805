/** Objects that have ended a worker thread, and are set aside unread from then on. Structured-cloneable. */
export interface Quarantine {
  readonly objects: readonly QuarantinedObject[];
  /** Texts (a watch event, an item of a list) whose key could not be read, by `textId` of their hash. */
  readonly texts: readonly string[];
  /** A thread has ended while a text was read whose key is not known: texts have to be told apart by their hash. */
  readonly careful: boolean;
}

export interface QuarantinedObject {
  /** `<namespace>/<name>` */
  readonly key: string;
  /** The versions that are set aside; a delete is not processed either, but told from what is known. */
  readonly resourceVersions: readonly string[];
  /** Whatever was observed before this is set aside in every version. Unix time, microseconds. */
  readonly until: number;
}
