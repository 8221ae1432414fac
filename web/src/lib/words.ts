// Every word of the page, in both languages. `?lang=es|en` wins over the browser's choice.

const es = {
  calm: 'Sin alertas',
  alerts: (n: number) => (n === 1 ? '1 alerta activa' : `${n} alertas activas`),
  age: (s: number) => `datos de hace ${span(s)}`,
  noData: 'todavía sin datos',
  lost: (at: string) => `Sin conexión desde las ${at}: lo que se ve es antiguo`,
  connecting: 'Conectando…',
  denied: 'Hace falta un código de acceso. Ábrela con #token=… una vez.',
  topics: 'Temas',
  topic: 'Tema',
  people: 'Personas, 1 h',
  minute: '1 min',
  five: '5 min',
  hour: '1 h',
  day: '24 h',
  alertsTitle: 'Alertas',
  none: 'Ninguna por ahora',
  firing: 'activa',
  resolved: 'resuelta',
  mentions: 'Menciones',
  noMentions: 'Aún no se ha encontrado nada',
  direct: 'directa',
  active: 'escucha activa',
  priority: 'prioridad',
  sources: 'Fuentes',
  up: 'conectada',
  down: 'sin conexión',
  ended: 'terminada',
  levels: ['normal', 'vigilancia', 'alerta', 'crisis'],
  recovering: 'en recuperación',
  terms: 'Se habla de',
  together: 'Temas a la vez',
  taken: (by: string) => `la atiende ${by}`,
  missed: (n: number) => `${n} menciones no mostradas`,
  hidden: '(borrada)',
  same: (posts: number, people: number) => `${posts} mensajes dicen lo mismo, de ${people === 1 ? '1 persona' : `${people} personas`}`,
};

const en: typeof es = {
  calm: 'No alerts',
  alerts: (n) => (n === 1 ? '1 active alert' : `${n} active alerts`),
  age: (s) => `data ${span(s)} old`,
  noData: 'no data yet',
  lost: (at) => `Disconnected since ${at}: what you see is old`,
  connecting: 'Connecting…',
  denied: 'An access token is needed. Open the page once with #token=….',
  topics: 'Topics',
  topic: 'Topic',
  people: 'People, 1 h',
  minute: '1 min',
  five: '5 min',
  hour: '1 h',
  day: '24 h',
  alertsTitle: 'Alerts',
  none: 'None for now',
  firing: 'active',
  resolved: 'resolved',
  mentions: 'Mentions',
  noMentions: 'Nothing found yet',
  direct: 'direct',
  active: 'active listening',
  priority: 'priority',
  sources: 'Sources',
  up: 'connected',
  down: 'disconnected',
  ended: 'finished',
  levels: ['normal', 'watch', 'alert', 'crisis'],
  recovering: 'recovering',
  terms: 'People say',
  together: 'Topics at once',
  taken: (by) => `${by} is on it`,
  missed: (n) => `${n} mentions not shown`,
  hidden: '(deleted)',
  same: (posts, people) => `${posts} posts say the same, by ${people === 1 ? '1 person' : `${people} people`}`,
};

function span(seconds: number): string {
  if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

const asked = new URLSearchParams(location.search).get('lang') ?? navigator.language;
export const lang: 'es' | 'en' = asked.toLowerCase().startsWith('es') ? 'es' : 'en';
export const words = lang === 'es' ? es : en;
export const number = new Intl.NumberFormat(lang);
export const clock = new Intl.DateTimeFormat(lang, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
