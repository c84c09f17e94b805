import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FOREIGN, ROOTFS } from '../../tools/servers/k8s-tools.mjs';
import { temporaryFolder } from './servers/process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Why no image can be built here for an architecture; undefined where one can. */
export function noBuildah(arch: string): string | undefined {
  if (process.getuid?.() !== 0) return 'building an image without a daemon needs root';
  if (spawnSync('buildah', ['--version']).error !== undefined) return 'buildah is not installed';
  for (const file of [ROOTFS, ...(FOREIGN?.arch === arch ? [FOREIGN.rootfs, FOREIGN.emulator] : [])])
    if (!existsSync(file)) return `${file} is missing; node tools/servers/k8s-tools.mjs gets it`;
  return undefined;
}

/** Platforms that images are built for here, and how one of their programs is run. */
export const PLATFORMS: readonly { readonly arch: string; readonly emulator?: string }[] = [
  { arch: process.arch === 'x64' ? 'amd64' : process.arch },
  ...(FOREIGN === undefined ? [] : [FOREIGN]),
];

/** What an image says of how it is to be run. */
export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly WorkingDir: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Healthcheck: { readonly Test: readonly string[] };
  readonly architecture: string;
}

/**
 * Builds the Dockerfile with buildah for one architecture, on a Debian of our own in the place of the base images, in a
 * store of its own.
 */
export class ImageBuild {
  readonly folder = temporaryFolder('image');
  readonly #arch: string;
  readonly #env = {
    ...process.env,
    BUILDAH_ISOLATION: 'chroot',
    STORAGE_DRIVER: readFileSync('/proc/filesystems', 'utf8').includes('\toverlay\n') ? 'overlay' : 'vfs',
  };

  constructor(arch: string) {
    this.#arch = arch;
  }

  /** @returns what buildah has printed */
  buildah(...args: string[]): string {
    const store = ['--root', join(this.folder, 'store'), '--runroot', join(this.folder, 'run')];
    const result = spawnSync('buildah', [...store, ...args], {
      cwd: ROOT,
      encoding: 'utf8',
      env: this.#env,
      maxBuffer: 2 ** 26,
    });
    if (result.error !== undefined) throw result.error;
    if (result.status !== 0)
      throw new Error(`buildah ${args.join(' ')}: ${(result.stderr + result.stdout).slice(-3000)}`);
    return result.stdout.trim();
  }

  /**
   * `localhost/build` with Node.js and npm for this machine, `localhost/library` with libatomic and `localhost/runtime` for
   * the image, as official images have them.
   */
  bases(): void {
    const foreign = FOREIGN?.arch === this.#arch ? FOREIGN.rootfs : undefined;
    const libraries = readdirSync('/usr/lib').find((name) => existsSync(`/usr/lib/${name}/libatomic.so.1`));
    if (libraries === undefined) throw new Error('this machine has no libatomic.so.1');
    const library = `/usr/lib/${libraries}/libatomic.so.1`;
    const runtime = this.#from(foreign ?? ROOTFS);
    this.buildah('commit', '--quiet', runtime, 'localhost/runtime');
    if (foreign === undefined) this.buildah('add', '--quiet', runtime, realpathSync(library), library);
    this.buildah('commit', '--quiet', '--rm', runtime, 'localhost/library');

    const build = this.#from(ROOTFS);
    const cli = execFileSync('sh', ['-c', 'readlink -f "$(command -v npm)"'], { encoding: 'utf8' }).trim();
    this.buildah('add', '--quiet', build, realpathSync(process.execPath), '/usr/local/bin/node');
    this.buildah('add', '--quiet', build, realpathSync(library), library);
    this.buildah('add', '--quiet', build, join(dirname(cli), '..'), '/usr/local/lib/node_modules/npm');
    this.buildah('run', build, 'ln', '-s', '../lib/node_modules/npm/bin/npm-cli.js', '/usr/local/bin/npm');
    this.buildah('commit', '--quiet', '--rm', build, 'localhost/build');
  }

  /** A container of these files, said to be of the architecture of the image: buildah 1.28 takes no other one as a base. */
  #from(archive: string): string {
    const container = this.buildah('from', 'scratch');
    this.buildah('config', '--arch', this.#arch, container);
    this.buildah('add', '--quiet', container, archive, '/');
    return container;
  }

  /** Builds the image, with packages from npm's cache where they are in it. */
  build(tag: string, args: Readonly<Record<string, string>>): void {
    const npm = (key: string): string => execFileSync('npm', ['config', 'get', key], { encoding: 'utf8' }).trim();
    const own = npm('userconfig');
    const npmrc = join(this.folder, 'npmrc');
    writeFileSync(npmrc, `${existsSync(own) ? readFileSync(own, 'utf8') : ''}\nprefer-offline=true\n`);
    const bases = { BUILD_BASE: 'build', LIBRARY_BASE: 'library', RUNTIME_BASE: 'runtime' };
    const local = Object.fromEntries(Object.entries(bases).map(([name, base]) => [name, `localhost/${base}`]));
    const all = { ...local, ...args };
    const given = Object.entries(all).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
    const npmGiven = ['--secret', `id=npmrc,src=${npmrc}`, '--volume', `${npm('cache')}:/root/.npm`];
    // The format of Docker, since that of OCI has no health check.
    const how = ['--format', 'docker', '--layers=false', '--pull-never', '--platform', `linux/${this.#arch}`];
    this.buildah('build', ...how, ...given, ...npmGiven, '--tag', tag, '.');
  }

  config(tag: string): ImageConfig {
    const { config, architecture } = JSON.parse(this.buildah('inspect', '--type', 'image', tag)).Docker;
    return { ...config, architecture };
  }

  /** Folder with the files of a new container. */
  mount(tag: string): string {
    return this.buildah('mount', this.buildah('from', '--pull-never', '--arch', this.#arch, tag));
  }

  remove(): void {
    this.buildah('rm', '--all');
    this.buildah('rmi', '--all', '--force');
  }
}

/**
 * A command line that runs a program of a container as Kubernetes does with a restricted pod: as this user, without
 * capabilities, on a read-only root, with these folders mounted and a /tmp. The network is that of the machine.
 */
export function contained(
  root: string,
  user: string,
  mounts: Readonly<Record<string, string>>,
  command: readonly string[],
): { readonly command: string; readonly args: readonly string[] } {
  const script = [
    'set -e',
    'root=$1; user=$2; shift 2',
    'mount --bind "$root" "$root"; cd "$root"',
    'mount -t proc proc proc; mount --rbind /dev dev; mount -t tmpfs tmpfs tmp',
    ...Object.entries(mounts).map(([to, from]) => `mount --bind '${from}' '.${to}'`),
    'mount -o remount,bind,ro "$root"',
    'exec setpriv --no-new-privs chroot --userspec="$user" --groups= "$root" "$@"',
  ].join('\n');
  const isolate = ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', root, user];
  return { command: 'unshare', args: [...isolate, ...command] };
}

const MACHINES: Readonly<Record<number, string>> = { 62: 'amd64', 183: 'arm64' };

/** Native files below a folder, by path, with the architecture that the head of each names. */
export function nativeFiles(folder: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const head = Buffer.alloc(20);
    const file = openSync(path, 'r');
    readSync(file, head);
    closeSync(file);
    if (head.toString('latin1', 0, 4) !== '\x7fELF') continue;
    const machine = head.readUInt16LE(18);
    found.set(path.slice(folder.length), MACHINES[machine] ?? `machine ${machine}`);
  }
  return found;
}
