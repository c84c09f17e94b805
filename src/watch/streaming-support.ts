const REMEMBERED_MS = 3_600_000;

/**
 * Where streaming lists were refused. By API group, since an aggregated API server may be older than the cluster's own;
 * for an hour, since servers are upgraded.
 */
export class StreamingSupport {
  readonly #refused = new Map<string, number>();

  refuse(group: string, now: number): void {
    this.#refused.set(group, now);
  }

  works(group: string, now: number): boolean {
    const at = this.#refused.get(group);
    if (at === undefined) return true;
    if (now - at < REMEMBERED_MS) return false;
    this.#refused.delete(group);
    return true;
  }
}
