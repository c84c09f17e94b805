/** File of the binary, which may be missing. */
export function tool(name: 'helm' | 'promtool' | 'hadolint'): string;
/** An archive of a minimal Debian. */
export const ROOTFS: string;
/** The architecture of the other image, and what runs it here; undefined on machines that are of it. */
export const FOREIGN: { readonly arch: string; readonly rootfs: string; readonly emulator: string } | undefined;
export function getK8sTools(): Promise<void>;
