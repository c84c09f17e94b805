import { WatershardError } from '../model/errors.ts';

/**
 * Flags as Go's package `flag` reads them: `-name value`, `-name=value`, with one dash or two; a boolean takes its value
 * behind `=` alone. The first argument that is no flag ends them.
 * @param known by name: whether the flag is boolean
 * @throws WatershardError CONFIG_INVALID
 */
export function goFlags(
  args: readonly string[],
  known: Readonly<Record<string, 'boolean' | 'text'>>,
): ReadonlyMap<string, string> {
  const flags = new Map<string, string>();
  for (let i = 0; i < args.length; i++) {
    const found = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(args[i]!);
    if (found === null) break;
    const [, name = '', value] = found;
    if (!Object.hasOwn(known, name))
      throw invalid(
        `-${name} is not known; there are ${Object.keys(known)
          .map((n) => `-${n}`)
          .join(', ')}`,
      );
    if (known[name] === 'boolean') flags.set(name, value ?? 'true');
    else if (value !== undefined) flags.set(name, value);
    else if (i + 1 < args.length) flags.set(name, args[++i]!);
    else throw invalid(`-${name} needs a value`);
  }
  return flags;
}

function invalid(reason: string): WatershardError {
  return new WatershardError('CONFIG_INVALID', `the command line: ${reason}`);
}
