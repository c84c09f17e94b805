// Compiles assembly/*.ts (AssemblyScript) into src/model/gen/*.ts, as base64 that needs no file beside it. `--check` writes
// nothing and fails where what is committed is not what would be generated.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const MODULES = [{ source: 'assembly/json-bytes.ts', target: 'src/model/gen/json-bytes.ts', name: 'JSON_BYTES' }];
const OPTIONS = ['-O3', '--noAssert', '--enable', 'simd', '--runtime', 'stub', '--initialMemory', '1'];

let stale = false;
for (const { source, target, name } of MODULES) {
  const binary = join(root, 'node_modules', '.cache', `${name}.wasm`);
  mkdirSync(dirname(binary), { recursive: true });
  const { error, stderr } = await asc.main([join(root, source), '-o', binary, ...OPTIONS]);
  if (error) throw new Error(`${source}: ${stderr.toString()}`, { cause: error });
  const base64 = readFileSync(binary).toString('base64');
  const text = `// Generated from ${source} by tools/generate-wasm.mjs. Do not edit.\nexport const ${name} =\n  '${base64}';\n`;
  const path = join(root, target);
  if (!process.argv.includes('--check')) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  } else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
    stale = true;
    console.error(`${target} is not what ${source} compiles to: run node tools/generate-wasm.mjs`);
  }
}
process.exitCode = stale ? 1 : 0;
