import { DOM } from './script/dom.ts';
import { PLOTS } from './script/plots.ts';
import { START } from './script/start.ts';
import { STATE } from './script/state.ts';
import { TABLES } from './script/tables.ts';
import { TOPOLOGY } from './script/topology.ts';
import { VIEWS } from './script/views.ts';

/**
 * The live page's script, in parts that follow each other. It listens to /events, and everything it shows goes in as text, never
 * as markup. What is shown already stays the same element, so that focus and selection survive an
 * update. Nothing is animated: lines that flow took a third of a core to paint.
 */
export const PAGE_SCRIPT = `'use strict';\n${[DOM, STATE, PLOTS, TOPOLOGY, TABLES, VIEWS, START].join('')}`;
