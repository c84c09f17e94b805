#!/usr/bin/env node
// Checks the version of Node before anything else is loaded: older ones fail inside of dependencies with errors that say
// nothing. Keep this file to syntax that every Node with ES modules reads.
import { existsSync } from 'node:fs';

const NEEDED = [22, 19];
const found = process.versions.node.split('.').map(Number);

if (found[0] < NEEDED[0] || (found[0] === NEEDED[0] && found[1] < NEEDED[1])) {
  console.error(
    [
      `watershard needs Node.js ${NEEDED.join('.')} or newer, and this is ${process.versions.node} (${process.execPath}).`,
      'Run it with a newer one:',
      '  in a checkout:  npm start -- ARGUMENTS           (uses the Node.js that npm ci has installed)',
      '  installed:      npx --package node@24 --package watershard watershard ARGUMENTS',
      '  or install Node.js 24 or newer and try again.',
    ].join('\n'),
  );
  process.exit(1);
}

const built = new URL('../dist/src/cli/main.js', import.meta.url);
const source = new URL('../src/cli/main.ts', import.meta.url);
// In a checkout the sources are what counts; the package is published without them.
import((existsSync(source) ? source : built).href).then((cli) => cli.main(process.argv.slice(2)));
