import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  checkSubject,
  compileSubject,
  DEFAULT_SUBJECT,
  escapeToken,
  unescapeToken,
} from '../../src/transform/subject.ts';
import { anyCharacter, fuzz } from '../support/fuzz.ts';
import { PODS } from './sample-record.ts';

describe('subject', () => {
  const subjectOf = compileSubject(DEFAULT_SUBJECT, PODS);

  test('names cluster, group, resource, namespace and name', () => {
    assert.equal(
      subjectOf({ namespace: 'team-a', name: 'web-0', operation: 'CREATED' }),
      'k8s.demo.core.pods.team-a.web-0',
    );
  });

  test('dots of groups and names are escaped, so that there are always six tokens', () => {
    const subject = compileSubject(DEFAULT_SUBJECT, {
      ...PODS,
      cluster: 'eu.prod',
      group: 'rbac.authorization.k8s.io',
      resource: 'clusterroles',
    });
    assert.equal(
      subject({ namespace: '', name: 'system:a.b *>%', operation: 'CREATED' }),
      'k8s.eu%2Eprod.rbac%2Eauthorization%2Ek8s%2Eio.clusterroles._.system:a%2Eb%20%2A%3E%25',
    );
  });

  test('a gap has neither namespace nor name', () => {
    assert.equal(subjectOf({ namespace: '', name: '', operation: 'GAP' }), 'k8s.demo.core.pods._._');
  });

  test('a template may have every placeholder, in any place', () => {
    const subject = compileSubject('{operation}.x-{kind}-{group}.{name}', PODS);
    assert.equal(subject({ namespace: 'n', name: '_', operation: 'DELETED' }), 'deleted.x-Pod-core.%5F');
  });

  test('a token is safe and can be taken apart again, whatever the name', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), (text) => {
        fc.pre(text.isWellFormed());
        const token = escapeToken(text);
        assert.doesNotMatch(token, /[.*>\s\p{Cc}]/u);
        assert.notEqual(token, '');
        assert.equal(unescapeToken(token), text);
      }),
      fuzz(1000),
    );
  });

  test('a template that is none is refused with what is wrong', () => {
    const refused: [string, RegExp][] = [
      ['k8s.{nam}', /unknown placeholder \{nam\}; there are \{cluster\}/],
      ['k8s.{name', /brace/],
      ['k8s..{name}', /empty token/],
      ['', /empty/],
      ['k8s.>', /wildcard/],
      ['k8s. {name}', /white space/],
      ['$JS.{name}', /reserved/],
    ];
    for (const [template, message] of refused) {
      assert.throws(() => checkSubject(template), { code: 'CONFIG_INVALID', message });
    }
  });
});
