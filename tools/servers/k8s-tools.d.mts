/** File of the binary, which may be missing. */
export function tool(name: 'helm' | 'promtool' | 'hadolint'): string;
/** An archive of a minimal Debian. */
export const ROOTFS: string;
export function getK8sTools(): Promise<void>;
