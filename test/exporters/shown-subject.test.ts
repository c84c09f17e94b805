import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shownSubject } from '../../src/exporters/shown-subject.ts';

const TEMPLATE = 'k8s.{cluster}.{group}.{resource}.{namespace}.{name}';

test('of a subject that is shown, what the object is called is left out', () => {
  const shown = [
    ['k8s.demo.core.pods.team-a.web-0', TEMPLATE, 'k8s.demo.core.pods.*.*'],
    ['k8s.demo.core.secrets.team%2Ea._', TEMPLATE, 'k8s.demo.core.secrets.*.*'],
    ['pods.team-a-web-0', '{resource}.{namespace}-{name}', 'pods.*'],
    ['k8s.UPDATED', 'k8s.{operation}', 'k8s.UPDATED'],
    ['fixed', 'fixed', 'fixed'],
    ['', '', ''],
    // what is not of the template says nothing
    ['other.team-a.web-0', TEMPLATE, TEMPLATE],
  ] as const;
  for (const [subject, template, expected] of shown) assert.equal(shownSubject(subject, template), expected);
});
