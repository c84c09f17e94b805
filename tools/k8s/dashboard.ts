import { type Panel, ROWS } from './dashboard-rows.ts';

type Json = { [key: string]: unknown };

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };
/** Columns of Grafana's grid. */
const WIDTH = 24;

/** The dashboard in the JSON model of Grafana (schema 39, Grafana 10.4 or newer). */
export function dashboard(): Json {
  const panels: Json[] = [];
  let y = 0;
  for (const row of ROWS) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title: row.title,
      collapsed: false,
      panels: [],
      gridPos: { h: 1, w: WIDTH, x: 0, y: y++ },
    });
    let x = 0;
    let height = 0;
    for (const panel of row.panels) {
      const w = panel.width ?? 12;
      const h = panel.height ?? 8;
      if (x + w > WIDTH) {
        x = 0;
        y += height;
      }
      height = h;
      panels.push(panelModel(panel, panels.length + 1, { h, w, x, y }));
      x += w;
    }
    y += height;
  }
  return {
    uid: 'watershard',
    title: 'Watershard',
    tags: ['kubernetes', 'watershard'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    timezone: 'browser',
    templating: { list: [datasourceVariable(), clusterVariable()] },
    annotations: { list: [] },
    links: [],
    panels,
  };
}

function panelModel(panel: Panel, id: number, gridPos: Json): Json {
  const kind = panel.kind ?? 'timeseries';
  const steps = [
    { color: kind === 'stat' ? 'green' : 'text', value: null },
    ...(panel.bad === undefined ? [] : [{ color: 'red', value: panel.bad }]),
  ];
  const states = [
    { type: 'value', options: { 0: { text: 'away', color: 'red' }, 1: { text: 'connected', color: 'green' } } },
  ];
  return {
    id,
    type: kind,
    title: panel.title,
    description: panel.description,
    datasource: DATASOURCE,
    gridPos,
    fieldConfig: {
      defaults: {
        unit: panel.unit,
        min: 0,
        thresholds: { mode: 'absolute', steps },
        ...(kind === 'state-timeline' ? { mappings: states } : {}),
        ...(kind === 'timeseries'
          ? {
              custom: {
                fillOpacity: panel.stacked ? 30 : 8,
                showPoints: 'never',
                stacking: { mode: panel.stacked ? 'normal' : 'none' },
              },
            }
          : {}),
      },
      overrides: [],
    },
    options:
      kind === 'stat'
        ? {
            reduceOptions: { calcs: ['lastNotNull'] },
            colorMode: panel.bad === undefined ? 'none' : 'value',
            graphMode: 'area',
          }
        : {
            legend: { displayMode: 'list', placement: 'bottom' },
            ...(kind === 'timeseries' ? { tooltip: { mode: 'multi', sort: 'desc' } } : {}),
          },
    targets: panel.queries.map((query, i) => ({
      refId: String.fromCharCode(65 + i),
      datasource: DATASOURCE,
      expr: query.expr,
      legendFormat: query.legend,
      ...(kind === 'stat' ? { instant: true } : {}),
    })),
  };
}

function datasourceVariable(): Json {
  return { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus', hide: 0, current: {} };
}

function clusterVariable(): Json {
  return {
    name: 'cluster',
    label: 'Cluster',
    type: 'query',
    datasource: DATASOURCE,
    query: { query: 'label_values(watershard_streams, cluster)', refId: 'cluster' },
    refresh: 2,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { text: 'All', value: '$__all' },
    sort: 1,
  };
}
