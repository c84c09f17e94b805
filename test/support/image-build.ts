import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOTFS } from '../../tools/servers/k8s-tools.mjs';
import { temporaryFolder } from './servers/process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Why no image can be built here; undefined where one can. */
export function noBuildah(): string | undefined {
  if (process.getuid?.() !== 0) return 'building an image without a daemon needs root';
  if (spawnSync('buildah', ['--version']).error !== undefined) return 'buildah is not installed';
  if (!existsSync(ROOTFS)) return `${ROOTFS} is missing; node tools/servers/k8s-tools.mjs makes it`;
  return undefined;
}

/** What an image says of how it is to be run. */
export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly WorkingDir: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Healthcheck: { readonly Test: readonly string[] };
}

/** Builds the Dockerfile with buildah, on a Debian of our own in the place of the base images, in a store of its own. */
export class ImageBuild {
  readonly folder = temporaryFolder('image');
  readonly #env = {
    ...process.env,
    BUILDAH_ISOLATION: 'chroot',
    STORAGE_DRIVER: readFileSync('/proc/filesystems', 'utf8').includes('\toverlay\n') ? 'overlay' : 'vfs',
  };

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

  /** `localhost/runtime`, and with Node.js, npm and libatomic `localhost/build`, as official images have them. */
  bases(): void {
    const base = this.buildah('from', 'scratch');
    this.buildah('add', '--quiet', base, ROOTFS, '/');
    this.buildah('commit', '--quiet', base, 'localhost/runtime');
    const cli = execFileSync('sh', ['-c', 'readlink -f "$(command -v npm)"'], { encoding: 'utf8' }).trim();
    const npm = join(dirname(cli), '..');
    const libraries = readdirSync('/usr/lib').find((name) => existsSync(`/usr/lib/${name}/libatomic.so.1`));
    if (libraries === undefined) throw new Error('this machine has no libatomic.so.1');
    const library = `/usr/lib/${libraries}/libatomic.so.1`;
    this.buildah('add', '--quiet', base, realpathSync(process.execPath), '/usr/local/bin/node');
    this.buildah('add', '--quiet', base, npm, '/usr/local/lib/node_modules/npm');
    this.buildah('add', '--quiet', base, realpathSync(library), library);
    this.buildah('run', base, 'ln', '-s', '../lib/node_modules/npm/bin/npm-cli.js', '/usr/local/bin/npm');
    this.buildah('commit', '--quiet', base, 'localhost/build');
    this.buildah('rm', base);
  }

  /** Builds the image, with packages from npm's cache where they are in it. */
  build(tag: string, args: Readonly<Record<string, string>>): void {
    const npm = (key: string): string => execFileSync('npm', ['config', 'get', key], { encoding: 'utf8' }).trim();
    const own = npm('userconfig');
    const npmrc = join(this.folder, 'npmrc');
    writeFileSync(npmrc, `${existsSync(own) ? readFileSync(own, 'utf8') : ''}\nprefer-offline=true\n`);
    const all = { BUILD_BASE: 'localhost/build', RUNTIME_BASE: 'localhost/runtime', ...args };
    const given = Object.entries(all).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
    const npmGiven = ['--secret', `id=npmrc,src=${npmrc}`, '--volume', `${npm('cache')}:/root/.npm`];
    // The format of Docker, since that of OCI has no health check.
    const how = ['--format', 'docker', '--layers=false', '--pull-never'];
    this.buildah('build', ...how, ...given, ...npmGiven, '--tag', tag, '.');
  }

  config(tag: string): ImageConfig {
    return JSON.parse(this.buildah('inspect', '--type', 'image', tag)).Docker.config;
  }

  /** Folder with the files of a new container. */
  mount(tag: string): string {
    return this.buildah('mount', this.buildah('from', '--pull-never', tag));
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
