import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { tool } from '../../tools/servers/k8s-tools.mjs';
import { temporaryFolder } from '../support/servers/process.ts';

const K8S = fileURLToPath(new URL('../../k8s', import.meta.url));
const RULES = join(K8S, 'chart/files/alerts.yaml');

interface Rules {
  groups: { name: string; rules: { alert?: string; record?: string; expr: string }[] }[];
}
interface Tests {
  tests: { alert_rule_test: { alertname: string; exp_alerts?: unknown[] }[] }[];
}

function promtool(...args: string[]): { code: number | null; said: string } {
  const result = spawnSync(tool('promtool'), args, { encoding: 'utf8' });
  if (result.error !== undefined) throw result.error;
  return { code: result.status, said: result.stdout + result.stderr };
}

describe('alerts, with promtool', () => {
  test('the rules are ones that Prometheus loads', () => {
    const { code, said } = promtool('check', 'rules', '--lint=all', '--lint-fatal', RULES);
    assert.equal(code, 0, said);
  });

  test('they fire when they should, and are silent when nothing is wrong', () => {
    const { code, said } = promtool('test', 'rules', join(K8S, 'alerts/tests.yaml'));
    assert.equal(code, 0, said);
  });

  test('each alert is tested both ways', () => {
    const rules = (parse(readFileSync(RULES, 'utf8')) as Rules).groups.flatMap((g) => g.rules.map((r) => r.alert));
    const tested = (parse(readFileSync(join(K8S, 'alerts/tests.yaml'), 'utf8')) as Tests).tests.flatMap(
      (t) => t.alert_rule_test,
    );
    for (const name of rules) {
      assert.ok(
        tested.some((t) => t.alertname === name && (t.exp_alerts?.length ?? 0) > 0),
        `${name} never fires`,
      );
      assert.ok(
        tested.some((t) => t.alertname === name && t.exp_alerts === undefined),
        `${name} is never silent`,
      );
    }
  });

  test('a rule that is wrong fails the tests', () => {
    const folder = temporaryFolder('alerts');
    cpSync(K8S, folder, { recursive: true });
    const file = join(folder, 'chart/files/alerts.yaml');
    const text = readFileSync(file, 'utf8');
    const wrong = text.replace('watershard_exporter_connected == 0', 'watershard_exporter_connected == 1');
    assert.notEqual(wrong, text);
    writeFileSync(file, wrong);
    const { code, said } = promtool('test', 'rules', join(folder, 'alerts/tests.yaml'));
    assert.notEqual(code, 0, said);
    assert.match(said, /WatershardSinkAway/);
  });

  test('every query of the dashboard is PromQL', () => {
    const { panels } = JSON.parse(readFileSync(join(K8S, 'dashboard/watershard.json'), 'utf8')) as {
      panels: { targets?: { expr: string }[] }[];
    };
    const rules = panels
      .flatMap((p) => p.targets ?? [])
      .map((t, i) => ({
        record: `query:${i}`,
        expr: t.expr
          .replaceAll('$__rate_interval', '1m')
          .replaceAll('$__range', '3h')
          .replaceAll('"$cluster"', '"prod"'),
      }));
    assert.ok(rules.length > 40);
    const file = join(temporaryFolder('dashboard'), 'rules.yaml');
    writeFileSync(file, stringify({ groups: [{ name: 'dashboard', rules }] } satisfies Rules));
    const { code, said } = promtool('check', 'rules', '--lint=none', file);
    assert.equal(code, 0, said);
  });
});
