import type { Config } from '../config/schema.ts';
import { WatershardError } from '../model/errors.ts';
import { checkRules } from '../transform/rules.ts';
import { checkSubject } from '../transform/subject.ts';
import { exporterType } from './outlets.ts';

/** What is wrong with the dead-letter exporter of this one, or undefined. */
function deadLetterFault(config: Config, name: string): string | undefined {
  const path = [name];
  for (;;) {
    const next = config.exporters.find((e) => e.name === path.at(-1))?.deadLetter;
    if (next === undefined) break;
    if (path.includes(next)) return `a dead letter would go round (${[...path, next].join(' to ')})`;
    path.push(next);
  }
  const target = config.exporters.find((e) => e.name === path[1]);
  // A dead letter is no row of a table, and no position is waited for at which a file of them could end.
  if (target !== undefined && exporterType(target).capabilities.cuts)
    return `an exporter of type ${target.type} cannot take dead letters`;
  return undefined;
}

/** What a configuration can be checked for beyond its form, without a server. @throws WatershardError of class `configuration` */
export function checkConfig(config: Config): void {
  checkRules(config.rules);
  for (const [i, e] of config.exporters.entries()) {
    const { subject } = exporterType(e).lane(e);
    if (subject !== undefined) checkSubject(subject);
    const fault = deadLetterFault(config, e.name);
    if (fault !== undefined)
      throw new WatershardError('CONFIG_INVALID', `exporters[${i}].deadLetter: ${fault}; name another exporter`);
    // Files begin at committed positions, and an exporter that is not waited for has no part in those.
    if (!e.required && exporterType(e).capabilities.cuts) {
      const message = `exporters[${i}].required: an exporter of type ${e.type} has to be required (${e.name}); leave the key out`;
      throw new WatershardError('CONFIG_INVALID', message);
    }
  }
}
