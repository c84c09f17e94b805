/** How the image starts Node, as the Dockerfile says it. */
export const NODE_OPTIONS = '--max-semi-space-size=4';
/** Beside those that change nothing here. */
export const ENVIRONMENT: Readonly<Record<string, string>> = { MALLOC_ARENA_MAX: '2' };
