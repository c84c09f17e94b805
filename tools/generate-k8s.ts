// Generates what of k8s/ follows from the program: the schema of the chart's values, the dashboard, and the plain manifests.
// `--check` writes nothing and fails where what is committed is not what would be generated.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dashboard } from './k8s/dashboard.ts';
import { valuesSchema } from './k8s/values-schema.ts';
import { VERSIONS } from './servers/build.mjs';
import { tool } from './servers/k8s-tools.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const HELM = tool('helm');
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Every generated file by its path from the repository's root; the manifests only where Helm is there to render them. */
function files(): Readonly<Record<string, string>> {
  const grafana = json(dashboard());
  const made: Record<string, string> = {
    'k8s/chart/values.schema.json': json(valuesSchema()),
    // Helm reads nothing outside of the chart's folder.
    'k8s/chart/files/dashboard.json': grafana,
    'k8s/dashboard/watershard.json': grafana,
  };
  if (existsSync(HELM)) made['k8s/manifests/watershard.yaml'] = manifests();
  else
    console.error(
      `${HELM} is missing, so k8s/manifests are left as they are; node tools/servers/k8s-tools.mjs builds it`,
    );
  return made;
}

function manifests(): string {
  const args = [
    'template',
    'watershard',
    'k8s/chart',
    '--namespace',
    'watershard',
    '--values',
    'k8s/manifests/values.yaml',
    // The schema that is there may be the one from before.
    '--skip-schema-validation',
  ];
  const text = execFileSync(HELM, [...args, '--kube-version', VERSIONS.kubernetes], { cwd: ROOT, encoding: 'utf8' });
  // These two lines would say of every object that Helm looks after it.
  const plain = text.replaceAll(/^ *(helm\.sh\/chart|app\.kubernetes\.io\/managed-by): .*\n/gm, '');
  return `# Rendered from k8s/chart with k8s/manifests/values.yaml by tools/generate-k8s.ts; do not edit.\n${plain}`;
}

const check = process.argv.includes('--check');
for (const [path, text] of Object.entries(files())) {
  const file = join(ROOT, path);
  if (!check) writeFileSync(file, text);
  else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
    console.error(`${path} is out of date; run: node tools/generate-k8s.ts`);
    process.exitCode = 1;
  }
}
