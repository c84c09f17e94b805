// Compiles assembly/ (AssemblyScript) into src/model/gen/, as base64 that needs no file beside it. `--check` writes nothing
// and fails where what is committed is not what would be generated.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const TARGET = 'src/model/gen/assembly.ts';
const OPTIONS = ['-O3', '--noAssert', '--enable', 'simd', '--runtime', 'stub', '--initialMemory', '4'];

const binary = join(root, 'node_modules', '.cache', 'assembly.wasm');
mkdirSync(dirname(binary), { recursive: true });
const { error, stderr } = await asc.main([join(root, 'assembly', 'index.ts'), '-o', binary, ...OPTIONS]);
if (error) throw new Error(`assembly/: ${stderr.toString()}`, { cause: error });
const base64 = readFileSync(binary).toString('base64');
const text = `// Generated from assembly/ by tools/generate-wasm.mjs. Do not edit.\nexport const ASSEMBLY =\n  '${base64}';\n`;
const path = join(root, TARGET);
if (!process.argv.includes('--check')) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
} else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
  console.error(`${TARGET} is not what assembly/ compiles to: run node tools/generate-wasm.mjs`);
  process.exitCode = 1;
}
