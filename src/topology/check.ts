import type { Config } from '../config/schema.ts';
import { WatershardError } from '../model/errors.ts';
import { checkRules } from '../transform/rules.ts';
import { checkSubject } from '../transform/subject.ts';
import { exporterType } from './outlets.ts';

/** What a configuration can be checked for beyond its form, without a server. @throws WatershardError of class `configuration` */
export function checkConfig(config: Config): void {
  checkRules(config.rules);
  for (const [i, e] of config.exporters.entries()) {
    const { subject } = exporterType(e).lane(e);
    if (subject !== undefined) checkSubject(subject);
    // Files begin at committed positions, and an exporter that is not waited for has no part in those.
    if (!e.required && exporterType(e).capabilities.cuts) {
      const message = `exporters[${i}].required: an exporter of type ${e.type} has to be required (${e.name}); leave the key out`;
      throw new WatershardError('CONFIG_INVALID', message);
    }
  }
}
