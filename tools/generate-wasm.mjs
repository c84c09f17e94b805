// Compiles assembly/ (AssemblyScript), as base64 that needs no file beside it. `--check` writes nothing and fails where what is
// committed is not what would be generated.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const OPTIONS = ['-O3', '--noAssert', '--enable', 'simd', '--runtime', 'stub'];
const MODULES = [
  { from: 'assembly/index.ts', to: 'src/model/gen/assembly.ts', memory: ['--initialMemory', '4'] },
  {
    from: 'assembly/simulator/index.ts',
    to: 'src/simulator/gen/assembly.ts',
    // Shared, so that it can grow while parts of it are on their way to a socket.
    memory: ['--enable', 'threads', '--sharedMemory', '--initialMemory', '4', '--maximumMemory', '32768'],
  },
];

for (const { from, to, memory } of MODULES) {
  const binary = join(root, 'node_modules', '.cache', 'assembly.wasm');
  mkdirSync(dirname(binary), { recursive: true });
  const { error, stderr } = await asc.main([join(root, from), '-o', binary, ...OPTIONS, ...memory]);
  if (error) throw new Error(`${from}: ${stderr.toString()}`, { cause: error });
  const base64 = readFileSync(binary).toString('base64');
  const text = `// Generated from ${dirname(from)}/ by tools/generate-wasm.mjs. Do not edit.\nexport const ASSEMBLY =\n  '${base64}';\n`;
  const path = join(root, to);
  if (!process.argv.includes('--check')) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  } else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
    console.error(`${to} is not what ${from} compiles to: run node tools/generate-wasm.mjs`);
    process.exitCode = 1;
  }
}
