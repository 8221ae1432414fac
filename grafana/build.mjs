// Writes the dashboards: `node grafana/build.mjs`; with `--check` it says instead whether they are as it would
// write them. Every panel is one line here; places, units, thresholds and queries' shapes are the same for all.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = join(dirname(fileURLToPath(import.meta.url)), 'dashboards');
const source = { type: 'prometheus', uid: '${datasource}' };

// Okabe and Ito's palette: told apart with any colour vision, and never red against green.
const BLUE = '#0072B2';
const SKY = '#56B4E9';
const YELLOW = '#F0E442';
const ORANGE = '#E69F00';
const VERMILION = '#D55E00';
const GREY = '#999999';

const steps = (...pairs) => ({ mode: 'absolute', steps: pairs.map(([value, color]) => ({ value, color })) });
const PLAIN = steps([null, BLUE]);
const LEVEL = steps([null, GREY], [1, YELLOW], [2, ORANGE], [3, VERMILION]);
const BAD = steps([null, BLUE], [1e-9, VERMILION]);
const UP = steps([null, VERMILION], [1, BLUE]);
const LATE = steps([null, BLUE], [60, ORANGE], [300, VERMILION]);

const LEVELS = [{ type: 'value', options: {
  0: { text: '0 normal', index: 0 },
  1: { text: '1 atención · watch', index: 1 },
  2: { text: '2 alerta · alert', index: 2 },
  3: { text: '3 crisis', index: 3 },
} }];
const CONNECTED = [{ type: 'value', options: { 0: { text: 'caída · down', index: 0 }, 1: { text: 'conectada · up', index: 1 } } }];

/** A panel: `queries` are pairs of an expression and a legend. */
function panel(type, title, unit, queries, { w = 8, h = 8, thresholds = PLAIN, mappings = [], stack = false, description, min, max, decimals } = {}) {
  const custom = type === 'timeseries'
    ? { lineWidth: 1, fillOpacity: stack ? 60 : 10, showPoints: 'never', stacking: { mode: stack ? 'normal' : 'none', group: 'A' } }
    : type === 'state-timeline' ? { fillOpacity: 80, lineWidth: 0 } : {};
  const colour = type === 'timeseries' ? 'palette-classic' : 'thresholds';
  return {
    w, h,
    body: {
      type, title, description, datasource: source,
      targets: queries.map(([expr, legendFormat], i) => ({
        refId: String.fromCharCode(65 + i), datasource: source, editorMode: 'code', range: type !== 'bargauge' && type !== 'stat',
        instant: type === 'bargauge' || type === 'stat', expr, legendFormat,
      })),
      fieldConfig: { defaults: { unit, thresholds, mappings, color: { mode: colour }, custom, min, max, decimals }, overrides: [] },
      options: options(type),
    },
  };
}

function options(type) {
  const reduceOptions = { calcs: ['lastNotNull'], fields: '', values: false };
  switch (type) {
    case 'stat': return { reduceOptions, colorMode: 'background', graphMode: 'none', textMode: 'auto' };
    case 'bargauge': return { reduceOptions, orientation: 'horizontal', displayMode: 'basic', showUnfilled: true };
    case 'state-timeline': return { mergeValues: true, showValue: 'auto', rowHeight: 0.9, legend: { displayMode: 'list', placement: 'bottom', showLegend: true } };
    default: return { tooltip: { mode: 'multi', sort: 'desc' }, legend: { displayMode: 'list', placement: 'bottom', showLegend: true } };
  }
}

const row = (title) => ({ row: true, title });

/** From left to right and from the top down, 24 columns wide. */
function place(items) {
  let [x, y, high] = [0, 0, 0];
  return items.map((item, i) => {
    if (item.row) {
      const at = { x: 0, y: y + high, w: 24, h: 1 };
      [x, y, high] = [0, y + high + 1, 0];
      return { id: i + 1, type: 'row', title: item.title, collapsed: false, gridPos: at, panels: [] };
    }
    if (x + item.w > 24) [x, y, high] = [0, y + high, 0];
    const at = { x, y, w: item.w, h: item.h };
    [x, high] = [x + item.w, Math.max(high, item.h)];
    return { id: i + 1, gridPos: at, ...item.body };
  });
}

const variable = (name, label, query) => ({
  type: 'query', name, label, datasource: source, query: { query, refId: name }, definition: query,
  refresh: 2, sort: 1, multi: true, includeAll: true, allValue: '.*', current: { text: 'All', value: '$__all' },
});
const JOB = variable('instance', 'Motor · Engine', 'label_values(escucha_build_info, instance)');
const TOPIC = variable('topic', 'Tema · Topic', 'label_values(escucha_topic_mentions_total{instance=~"$instance"}, topic)');
const SOURCE = variable('source', 'Fuente · Source', 'label_values(escucha_posts_received_total{instance=~"$instance"}, source)');

const annotation = (name, expr, iconColor, titleFormat) => ({ name, enable: true, datasource: source, iconColor, expr, titleFormat, step: '15s' });
const FIRED = annotation('Alertas · Alerts', 'sum by (rule, severity) (increase(escucha_alerts_total{instance=~"$instance"}[1m])) > 0', VERMILION, '{{rule}} ({{severity}})');
const OPERATIONS = annotation('Operación · Operations', 'sum by (alertname) (ALERTS{alertname=~"Escucha.+", alertstate="firing"})', ORANGE, '{{alertname}}');

function dashboard(uid, title, description, variables, panels) {
  return {
    uid, title, description, tags: ['escucha'], schemaVersion: 39, version: 1, editable: true, graphTooltip: 1,
    timezone: 'browser', refresh: '10s', time: { from: 'now-1h', to: 'now' },
    links: [{ type: 'dashboards', title: 'escucha', tags: ['escucha'], asDropdown: false, includeVars: true, keepTime: true }],
    templating: { list: [
      { type: 'datasource', name: 'datasource', label: 'Prometheus', query: 'prometheus', current: {}, hide: 0 },
      ...variables,
    ] },
    annotations: { list: [FIRED, OPERATIONS] },
    panels: place(panels),
  };
}

const T = 'instance=~"$instance", topic=~"$topic"';
const S = 'instance=~"$instance", source=~"$source"';
const I = 'instance=~"$instance"';
const quantile = (q, metric, by = '', where = I) => `histogram_quantile(${q}, sum by (${by ? `${by}, ` : ''}le) (rate(${metric}_bucket{${where}}[$__rate_interval])))`;

const crisis = dashboard('escucha-crisis', 'escucha: Crisis', 'Qué pasa ahora y cómo de grave es · What is going on, and how bad it is', [JOB, TOPIC], [
  row('Ahora · Now'),
  panel('stat', 'Nivel por marca · Level by brand', 'none', [[`max by (brand) (escucha_brand_crisis_level{${I}})`, '{{brand}}']],
    { w: 6, h: 6, thresholds: LEVEL, mappings: LEVELS, description: '0 normal, 1 más de lo habitual, 2 de mucha gente, 3 mucho más o duradero y en mal tono · 0 as usual, 1 more than usual, 2 from many people, 3 far more or lasting, in a bad tone' }),
  panel('bargauge', 'Nivel por tema · Level by topic', 'none', [[`max by (topic) (escucha_crisis_level{${T}})`, '{{topic}}']],
    { w: 9, h: 6, thresholds: LEVEL, mappings: LEVELS, min: 0, max: 3 }),
  panel('stat', 'Alertas en 1 h · Alerts in 1 h', 'short', [[`sum by (severity) (increase(escucha_alerts_total{${I}}[1h]))`, '{{severity}}']],
    { w: 9, h: 6, decimals: 0 }),
  row('Qué se sale de lo habitual · What is out of the usual'),
  panel('state-timeline', 'Nivel de crisis · Level of crisis', 'none', [[`max by (topic) (escucha_crisis_level{${T}})`, '{{topic}}']],
    { w: 24, h: 6, thresholds: LEVEL, mappings: LEVELS }),
  panel('timeseries', 'Menciones en 5 min y lo habitual · Mentions in 5 min and what is usual', 'short', [
    [`sum by (topic) (escucha_topic_window_mentions{${T}, window="5m"})`, '{{topic}}'],
    [`sum by (topic) (escucha_topic_expected_mentions{${T}})`, '{{topic}} habitual · usual'],
  ], { w: 12, h: 9, description: 'En tiempo de los mensajes · In the time of the posts' }),
  panel('timeseries', 'Sorpresa · Surprise', 'short', [[`max by (topic) (escucha_topic_surprise{${T}})`, '{{topic}}']],
    { w: 12, h: 9, description: 'Cuántas veces su dispersión habitual se aparta el tema · How many of its usual spreads the topic is off' }),
  row('Alertas y avisos · Alerts and notifications'),
  panel('timeseries', 'Alertas por regla · Alerts by rule', 'short', [[`sum by (rule, severity) (increase(escucha_alerts_total{${I}}[5m]))`, '{{rule}} ({{severity}})']], { w: 8 }),
  panel('timeseries', 'Del mensaje a la alerta · From post to alert', 's', [
    [quantile(0.5, 'escucha_post_to_alert_seconds'), 'p50'], [quantile(0.99, 'escucha_post_to_alert_seconds'), 'p99'],
    [quantile(0.99, 'escucha_post_to_published_seconds'), 'firme · durable p99'],
  ], { w: 8 }),
  panel('timeseries', 'Avisos por resultado · Notifications by outcome', 'short', [[`sum by (notifier, outcome) (increase(escucha_notifications_total{${I}}[5m]))`, '{{notifier}} {{outcome}}']],
    { w: 8, description: 'dead: nadie se enteró · dead: nobody was told' }),
]);

const listening = dashboard('escucha-listening', 'escucha: Escucha · Listening', 'Qué entra, qué se encuentra y cuánto · What comes in, what is found, and how much', [JOB, TOPIC, SOURCE], [
  row('Fuentes · Sources'),
  panel('stat', 'Conexión · Connection', 'none', [[`min by (source) (escucha_source_connected{${S}})`, '{{source}}']],
    { w: 6, h: 6, thresholds: UP, mappings: CONNECTED }),
  panel('timeseries', 'Retraso de la fuente · Lag of the source', 's', [[`max by (source) (escucha_source_lag_seconds{${S}})`, '{{source}}']],
    { w: 9, h: 6, thresholds: LATE }),
  panel('timeseries', 'Recibidos por segundo · Received per second', 'cps', [[`sum by (source) (rate(escucha_posts_received_total{${S}}[$__rate_interval]))`, '{{source}}']],
    { w: 9, h: 6 }),
  panel('timeseries', 'Reconexiones por clase · Reconnects by class', 'short', [[`sum by (source, class) (increase(escucha_source_reconnects_total{${S}}[5m]))`, '{{source}} {{class}}']], { w: 8 }),
  panel('timeseries', 'Fin de conexiones TCP · Ends of TCP connections', 'short', [[`sum by (source, end) (increase(escucha_source_connections_total{${S}}[5m]))`, '{{source}} {{end}}']], { w: 8 }),
  panel('timeseries', 'Huecos y solapes · Gaps and overlaps', 'short', [
    [`sum by (source) (increase(escucha_source_gaps_total{${S}}[5m]))`, '{{source}} huecos · gaps'],
    [`sum by (source) (increase(escucha_source_overlap_total{${S}}[5m]))`, '{{source}} solapes · overlaps'],
  ], { w: 8 }),
  row('Qué fue de cada mensaje · What became of every post'),
  panel('timeseries', 'Con tema y sin él · With a topic and without', 'cps', [
    [`sum(rate(escucha_posts_matched_total{${S}}[$__rate_interval]))`, 'con tema · matched'],
    [`sum(rate(escucha_posts_unmatched_total{${S}}[$__rate_interval]))`, 'sin tema · unmatched'],
    [`sum(rate(escucha_posts_late_total{${S}}[$__rate_interval]))`, 'tarde · late'],
    [`sum(rate(escucha_posts_decoded_total{${S}}[$__rate_interval]))`, 'leídos · decoded'],
  ], { w: 8 }),
  panel('timeseries', 'Rechazados por motivo · Refused by reason', 'cps', [[`sum by (reason) (rate(escucha_posts_refused_total{${S}}[$__rate_interval]))`, '{{reason}}']], { w: 8, stack: true }),
  panel('timeseries', 'No contados por motivo · Skipped by reason', 'cps', [[`sum by (reason) (rate(escucha_posts_skipped_total{${S}}[$__rate_interval]))`, '{{reason}}']], { w: 8, stack: true }),
  row('Temas · Topics'),
  panel('timeseries', 'Menciones por tema · Mentions by topic', 'cpm', [[`60 * sum by (topic) (rate(escucha_topic_mentions_total{${T}}[$__rate_interval]))`, '{{topic}}']], { w: 12, stack: true }),
  panel('timeseries', 'Hablan a la marca o de ella · To the brand or about it', 'cpm', [[`60 * sum by (origin) (rate(escucha_topic_mentions_total{${T}}[$__rate_interval]))`, '{{origin}}']], { w: 6, stack: true }),
  panel('bargauge', 'Últimas 24 h · Last 24 h', 'short', [[`sum by (topic) (escucha_topic_window_mentions{${T}, window="24h"})`, '{{topic}}']], { w: 6 }),
  panel('timeseries', 'Cuota de voz · Share of voice', 'percentunit', [[`max by (group, brand) (escucha_share_of_voice{${I}})`, '{{group}}: {{brand}}']], { w: 24, h: 7, min: 0, max: 1 }),
]);

const engine = dashboard('escucha-engine', 'escucha: Motor · Engine', 'Cómo está el motor · How the engine is', [JOB, SOURCE], [
  row('Salud · Health'),
  panel('stat', 'Versión · Version', 'none', [[`max by (instance, version) (escucha_build_info{${I}})`, '{{instance}} {{version}}']], { w: 6, h: 5 }),
  panel('stat', 'Mensajes perdidos entre etapas · Posts lost between stages', 'short', [
    ['max by (source) (abs(escucha:lost_at_intake:count{' + S + '}))', '{{source}} entrada · intake'],
    ['max by (source) (abs(escucha:lost_in_engine:count{' + S + '}))', '{{source}} motor · engine'],
  ], { w: 9, h: 5, thresholds: steps([null, BLUE], [1, SKY], [1000, VERMILION]), description: 'Recibidos menos leídos y rechazados; leídos menos contados. En reposo, 0 · Received less decoded and refused; decoded less counted. 0 when idle' }),
  panel('stat', 'El almacén retiene · The store holds back', 'none', [[`max by (instance) (escucha_store_holding{${I}})`, '{{instance}}']],
    { w: 3, h: 5, thresholds: BAD, mappings: [{ type: 'value', options: { 0: { text: 'no', index: 0 }, 1: { text: 'sí · yes', index: 1 } } }] }),
  panel('stat', 'Recarga · Reload', 'none', [[`min by (instance) (escucha_config_last_reload_success{${I}})`, '{{instance}}']],
    { w: 3, h: 5, thresholds: UP, mappings: [{ type: 'value', options: { 0: { text: 'rechazada · refused', index: 0 }, 1: { text: 'bien · fine', index: 1 } } }] }),
  panel('stat', 'Clientes del flujo · Stream clients', 'short', [[`sum by (instance) (escucha_stream_clients{${I}})`, '{{instance}}']], { w: 3, h: 5 }),
  row('Etapas · Stages'),
  panel('timeseries', 'Tiempo por etapa (p50, p99) · Time in a stage', 's', [
    [quantile(0.5, 'escucha_stage_seconds', 'stage'), '{{stage}} p50'], [quantile(0.99, 'escucha_stage_seconds', 'stage'), '{{stage}} p99'],
  ]),
  panel('timeseries', 'Ocupación por etapa · Busy share of a stage', 'percentunit', [[`sum by (instance, stage) (rate(escucha_stage_seconds_sum{${I}}[$__rate_interval]))`, '{{instance}} {{stage}}']],
    { description: '100% es un hilo entero · 100% is one whole thread' }),
  panel('timeseries', 'Colas · Queues', 'short', [[`max by (queue) (escucha_queue_depth{${I}})`, '{{queue}}']]),
  row('Almacén · Store'),
  panel('timeseries', 'Escritura (p50, p99) · Commit', 's', [[quantile(0.5, 'escucha_store_commit_seconds'), 'p50'], [quantile(0.99, 'escucha_store_commit_seconds'), 'p99']]),
  panel('timeseries', 'Contenido · Content', 'bytes', [[`max by (instance) (escucha_store_bytes{${I}})`, '{{instance}}']]),
  panel('timeseries', 'Errores por clase · Errors by class', 'short', [[`sum by (class) (increase(escucha_store_errors_total{${I}}[5m]))`, '{{class}}']], { stack: true }),
  row('Avisos · Notifications'),
  panel('timeseries', 'De la decisión a la entrega (p50, p99) · From decision to delivery', 's', [
    [quantile(0.5, 'escucha_notification_seconds', 'notifier'), '{{notifier}} p50'], [quantile(0.99, 'escucha_notification_seconds', 'notifier'), '{{notifier}} p99'],
  ]),
  panel('timeseries', 'El que más espera · The longest wait', 's', [[`max by (notifier) (escucha_notification_oldest_seconds{${I}})`, '{{notifier}}']], { thresholds: LATE }),
  panel('timeseries', 'No entregados · Not delivered', 'short', [[`sum by (notifier, outcome) (increase(escucha_notifications_total{${I}, outcome!="delivered"}[5m]))`, '{{notifier}} {{outcome}}']], { stack: true }),
  row('Flujos en vivo · Live streams'),
  panel('timeseries', 'Tramas y escrituras · Frames and writes', 'cps', [
    [`sum(rate(escucha_stream_frames_total{${I}}[$__rate_interval]))`, 'tramas · frames'], [`sum(rate(escucha_stream_writes_total{${I}}[$__rate_interval]))`, 'escrituras · writes'],
  ]),
  panel('timeseries', 'Huecos avisados · Gaps told', 'short', [[`sum by (instance) (increase(escucha_stream_gaps_total{${I}}[5m]))`, '{{instance}}']]),
  panel('timeseries', 'Clientes cerrados o aplazados · Clients closed or put off', 'short', [
    [`sum by (transport) (increase(escucha_slow_clients_total{${I}}[5m]))`, '{{transport}} lentos · slow'],
    [`sum by (transport) (increase(escucha_stream_turned_away_total{${I}}[5m]))`, '{{transport}} aplazados · put off'],
  ]),
]);

const care = dashboard('escucha-care', 'escucha: Atención · Care', 'Quién espera, cuánto, y qué tan pronto se responde · Who waits, for how long, and how soon is answered', [JOB], [
  row('Quién nos espera ahora · Who waits for us now'),
  panel('stat', 'Esperan · Waiting', 'short', [[`sum(escucha_incidents_open{${I}})`, 'esperan · waiting']], { w: 6, h: 8 }),
  panel('bargauge', 'Por antigüedad · By age', 'short', [[`sum by (age) (escucha_incidents_open{${I}})`, '{{age}}']],
    { w: 9, h: 8, description: 'Desde el primer mensaje del turno sin respuesta · Since the first post of the turn without an answer' }),
  panel('bargauge', 'Por sección · By section', 'short', [[`sum by (section) (escucha_incidents_open{${I}})`, '{{section}}']], { w: 9, h: 8 }),
  row('Cómo cambia · How it changes'),
  panel('timeseries', 'Esperan por antigüedad · Waiting by age', 'short', [[`sum by (age) (escucha_incidents_open{${I}})`, '{{age}}']], { w: 12, h: 9, stack: true }),
  panel('timeseries', 'Esperan por sección · Waiting by section', 'short', [[`sum by (section) (escucha_incidents_open{${I}})`, '{{section}}']], { w: 12, h: 9, stack: true }),
  row('Primera respuesta · First answer'),
  panel('timeseries', 'Primera respuesta (p50, p90) · First answer', 's', [
    [quantile(0.5, 'escucha_first_answer_seconds'), 'p50'], [quantile(0.9, 'escucha_first_answer_seconds'), 'p90'],
  ], { w: 12, description: 'Por la hora de los mensajes, de lo que se respondió en el intervalo; la mediana dice más que la media · By the posts\' own time, of what was answered in the interval' }),
  panel('timeseries', 'Primeras respuestas por hora · First answers an hour', 'short', [[`3600 * sum(rate(escucha_first_answer_seconds_count{${I}}[$__rate_interval]))`, 'respuestas · answers']], { w: 6 }),
  panel('stat', 'En 60 min desde el arranque · Within 60 min since the start', 'percentunit', [[`sum(escucha_first_answer_seconds_bucket{${I}, le="3600"}) / sum(escucha_first_answer_seconds_count{${I}})`, 'en 60 min · within 60 min']],
    { w: 3, description: 'De lo respondido; lo que nadie respondió no está aquí: el informe lo cuenta · Of what was answered; what nobody answered is not in it: the report counts it' }),
  panel('stat', 'Sin lugar · No room', 'short', [[`sum(escucha_care_dropped_posts_total{${I}})`, 'mensajes · posts']],
    { w: 3, thresholds: BAD, description: 'Mensajes que [care] max_posts no dejó guardar · Posts that [care] max_posts let nobody keep' }),
]);

const wrong = [];
for (const [name, made] of Object.entries({ crisis, listening, engine, care })) {
  const [file, text] = [join(folder, `${name}.json`), `${JSON.stringify(made, null, 2)}\n`];
  if (!process.argv.includes('--check')) writeFileSync(file, text);
  else if (readFileSync(file, 'utf8') !== text) wrong.push(file);
}
if (wrong.length > 0) {
  console.error(`not as grafana/build.mjs writes them: ${wrong.join(', ')}`);
  process.exit(1);
}
