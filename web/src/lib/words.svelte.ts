// Every word of the page, in both languages, and how numbers and times are written in them.

export type Lang = 'es' | 'en';

const es = {
  scenes: { now: 'Ahora', pulse: 'Pulso', week: 'Semana', voice: 'Voz', feed: 'Mensajes', incidents: 'Casos' } as Record<string, string>,
  levels: ['Normal', 'Vigilancia', 'Alerta', 'Crisis'],
  unwatched: 'Sin referencia',
  waiting: 'Aún no se ha encontrado nada. En cuanto llegue una mención se verá aquí.',
  recovering: 'en recuperación',
  since: (at: string, span: string, sure: boolean) => `${sure ? 'desde' : 'al menos desde'} las ${at}, hace ${span}`,
  usualNow: 'como es habitual a esta hora',
  observed: 'menciones en 5 min',
  expected: 'lo habitual',
  noUsual: 'aún no se sabe qué es lo habitual',
  times: (x: string) => `×${x}`,
  people: (n: string) => `${n} personas en una hora`,
  chart: 'Menciones cada 5 minutos, últimas 6 horas',
  chartSeen: 'observado',
  chartUsual: 'habitual',
  first: 'Primer mensaje',
  urgent: 'Lo más urgente',
  same: 'Lo que más se repite',
  /** How soon there are twice as many. */
  doubles: (span: string) => `×2 en ${span}`,
  nothingSame: 'Nadie repite lo mismo',
  terms: 'Se habla de',
  networks: 'Redes',
  taken: (by: string) => `la atiende ${by}`,
  others: (n: number, all: boolean, on: string) => `${all ? '' : 'y '}${n} ${n === 1 ? 'alerta' : 'alertas'} ${all ? (n === 1 ? 'activa' : 'activas') : 'más'}${on && `: ${on}`}`,
  alertOf: { priority: 'Mensaje urgente', source: 'Fuente' } as Record<string, string>,
  alertOn: 'Alerta',
  topic: 'Tema',
  six: '6 horas',
  five: '5 min',
  usual: 'habitual',
  ratio: 'veces lo habitual',
  more: (n: string) => `y ${n} temas más con menos que contar`,
  week: (topic: string) => `Cuándo se habla de ${topic}`,
  weekHint: 'Menciones habituales por hora. ▲ más y ▼ menos de lo habitual en las últimas 24 horas.',
  weekCounted: 'Menciones contadas por hora; aún no se sabe qué es lo habitual.',
  days: ['lun', 'mar', 'mié', 'jue', 'vie', 'sáb', 'dom'],
  thisHour: 'en esta hora',
  upToNow: 'lo habitual hasta este minuto',
  busiest: (day: string, hour: string) => `La hora más activa: ${day} a las ${hour}`,
  few: 'pocas',
  many: 'muchas',
  voice: (group: string) => `De quién se habla en ${group}`,
  voiceHint: (span: string) => `Menciones de las últimas ${span}`,
  noGroup: 'Para ver la voz de cada marca hace falta un [[group]] en la configuración.',
  noVoice: 'Aún no hay menciones que repartir.',
  own: 'nuestra',
  change: 'cambio',
  points: (x: string) => `${x} pts`,
  engagement: 'interacción',
  perPost: '/ mensaje',
  partial: 'Aún no se ha escuchado una ventana completa.',
  mentions: 'menciones',
  feed: 'Lo que hay que leer primero',
  feedHint: 'Prioridad de 0 a 100 y lo que la forma, en la última hora',
  reasons: {
    topic: 'tema',
    origin: 'nos habla',
    severity: 'gravedad',
    negativity: 'tono negativo',
    influence: 'alcance',
    question: 'pregunta',
    repeat_author: 'insiste',
  } as Record<string, string>,
  noOwn: 'Ninguna marca es nuestra: para ver los casos hace falta una [[brand]] con own = true y sus cuentas.',
  casesWaiting: 'Nos esperan ahora',
  longest: 'la espera más larga',
  nobodyWaits: 'nadie espera',
  unanswered: 'sin ninguna respuesta',
  cameBack: 'han vuelto a escribir',
  forCustomer: 'esperan al cliente',
  closedToday: 'cerrados hoy',
  quick: 'respondidos en 60 min',
  ofOpened: (n: string, part: boolean) => `de ${n} abiertos hoy${part ? ', entre los últimos' : ''}`,
  bySection: 'Por área, y desde cuándo espera el primero',
  noSection: 'sin área',
  longestOnes: 'Quién espera desde hace más',
  stuck: 'operación bloqueada',
  deleted: '(borrado)',
  masked: (kinds: string) => `Oculto: ${kinds} → seguir por privado`,
  pii: { card: 'tarjeta', iban: 'IBAN', clabe: 'CLABE', dni: 'DNI/NIE', curp: 'CURP', rfc: 'RFC', phone: 'teléfono', email: 'correo' } as Record<string, string>,
  missed: (n: string) => `${n} menciones sin mostrar`,
  gap: 'Faltan alertas: se han vuelto a pedir',
  age: (span: string) => `datos de hace ${span}`,
  noData: 'todavía sin datos',
  lost: (at: string) => `Sin conexión desde las ${at}: lo que se ve es antiguo`,
  silent: (span: string) => `Sin noticias desde hace ${span}: lo que se ve es antiguo`,
  behind: (at: string) => `Poniéndose al día: va por las ${at}`,
  deaf: 'Ninguna fuente conectada: lo que se ve es antiguo',
  connecting: 'Conectando…',
  denied: 'Hace falta un código de acceso. Abre una vez la página con #token=…',
  withdrawn: 'Acceso retirado: esta pantalla ya no recibe nada',
  sources: 'Fuentes',
  noSources: 'ninguna',
  up: 'conectada',
  down: 'sin conexión',
  ended: 'terminada',
  pinned: 'Fijada',
  takeover: 'Alerta en curso',
  keys: 'Teclas',
  keyList: [
    ['← →', 'escena anterior, siguiente'],
    ['1…9', 'ir a una escena'],
    ['espacio', 'fijar o seguir rotando'],
    ['F', 'pantalla completa'],
    ['T', 'claro u oscuro'],
    ['L', 'español o inglés'],
    ['?', 'esta ayuda'],
  ],
};

const en: typeof es = {
  scenes: { now: 'Now', pulse: 'Pulse', week: 'Week', voice: 'Voice', feed: 'Feed', incidents: 'Incidents' },
  levels: ['Normal', 'Watch', 'Alert', 'Crisis'],
  unwatched: 'No reference',
  waiting: 'Nothing found yet. The first mention will show up here.',
  recovering: 'recovering',
  since: (at, span, sure) => `${sure ? 'since' : 'at least since'} ${at}, for ${span}`,
  usualNow: 'as usual at this hour',
  observed: 'mentions in 5 min',
  expected: 'usual',
  noUsual: 'what is usual is not known yet',
  times: (x) => `×${x}`,
  people: (n) => `${n} people in an hour`,
  chart: 'Mentions per 5 minutes, last 6 hours',
  chartSeen: 'observed',
  chartUsual: 'usual',
  first: 'First post',
  urgent: 'Most pressing',
  same: 'Repeated most',
  doubles: (span) => `×2 in ${span}`,
  nothingSame: 'Nobody says the same',
  terms: 'People say',
  networks: 'Networks',
  taken: (by) => `${by} is on it`,
  others: (n, all, on) => `${all ? '' : 'and '}${n} ${all ? 'active' : 'more'} ${n === 1 ? 'alert' : 'alerts'}${on && `: ${on}`}`,
  alertOf: { priority: 'Pressing post', source: 'Source' },
  alertOn: 'Alert',
  topic: 'Topic',
  six: '6 hours',
  five: '5 min',
  usual: 'usual',
  ratio: 'times the usual',
  more: (n) => `and ${n} more topics with less to tell`,
  week: (topic) => `When people talk about ${topic}`,
  weekHint: 'Usual mentions an hour. ▲ more and ▼ fewer than usual in the last 24 hours.',
  weekCounted: 'Mentions counted an hour; what is usual is not known yet.',
  days: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'],
  thisHour: 'in this hour',
  upToNow: 'usual up to this minute',
  busiest: (day, hour) => `Busiest hour: ${day} at ${hour}`,
  few: 'few',
  many: 'many',
  voice: (group) => `Who is talked about in ${group}`,
  voiceHint: (span) => `Mentions of the last ${span}`,
  noGroup: 'To see the voice of each brand, the configuration needs a [[group]].',
  noVoice: 'No mentions to share out yet.',
  own: 'ours',
  change: 'change',
  points: (x) => `${x} pts`,
  engagement: 'engagement',
  perPost: '/ post',
  partial: 'A whole window has not been listened to yet.',
  mentions: 'mentions',
  feed: 'What to read first',
  feedHint: 'Priority from 0 to 100 and what makes it, in the last hour',
  reasons: {
    topic: 'topic',
    origin: 'speaks to us',
    severity: 'severity',
    negativity: 'negative tone',
    influence: 'reach',
    question: 'question',
    repeat_author: 'writes again',
  },
  noOwn: 'No brand is ours: to see incidents, a [[brand]] with own = true and its accounts is needed.',
  casesWaiting: 'Waiting for us now',
  longest: 'the longest wait',
  nobodyWaits: 'nobody waits',
  unanswered: 'without any answer',
  cameBack: 'have written again',
  forCustomer: 'waiting for customer',
  closedToday: 'closed today',
  quick: 'answered within 60 min',
  ofOpened: (n, part) => `of ${n} opened today${part ? ', among the latest' : ''}`,
  bySection: 'By section, and since when the first one waits',
  noSection: 'no section',
  longestOnes: 'Who has waited longest',
  stuck: 'blocked operation',
  deleted: '(deleted)',
  masked: (kinds) => `Hidden: ${kinds} → go on in private`,
  pii: { card: 'card', iban: 'IBAN', clabe: 'CLABE', dni: 'DNI/NIE', curp: 'CURP', rfc: 'RFC', phone: 'telephone', email: 'e-mail' },
  missed: (n) => `${n} mentions not shown`,
  gap: 'Alerts are missing: they were asked for again',
  age: (span) => `data ${span} old`,
  noData: 'no data yet',
  lost: (at) => `Disconnected since ${at}: what you see is old`,
  silent: (span) => `Nothing heard for ${span}: what you see is old`,
  behind: (at) => `Catching up: now at ${at}`,
  deaf: 'No source is connected: what you see is old',
  connecting: 'Connecting…',
  denied: 'An access token is needed. Open the page once with #token=…',
  withdrawn: 'Access withdrawn: this screen receives nothing any more',
  sources: 'Sources',
  noSources: 'none',
  up: 'connected',
  down: 'disconnected',
  ended: 'finished',
  pinned: 'Pinned',
  takeover: 'Alert under way',
  keys: 'Keys',
  keyList: [
    ['← →', 'previous, next scene'],
    ['1…9', 'go to a scene'],
    ['space', 'pin or rotate again'],
    ['F', 'full screen'],
    ['T', 'light or dark'],
    ['L', 'Spanish or English'],
    ['?', 'this help'],
  ],
};

export type Words = typeof es;

/** `?lang=es|en` wins over the configuration, which wins over the browser's choice. */
const asked = new URLSearchParams(location.search).get('lang');
const known = (lang: string): Lang => (lang.toLowerCase().startsWith('es') ? 'es' : 'en');

function clock(lang: Lang, timeZone: string | undefined, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat(lang, { ...options, timeZone });
  } catch {
    // A browser may know fewer zones than the engine.
    return new Intl.DateTimeFormat(lang, options);
  }
}

class Tongue {
  lang = $state<Lang>(known(asked ?? navigator.language));
  words = $derived<Words>(this.lang === 'es' ? es : en);
  #number = $derived(new Intl.NumberFormat(this.lang, { maximumFractionDigits: 0, useGrouping: 'always' }));
  #short = $derived(new Intl.NumberFormat(this.lang, { maximumSignificantDigits: 2 }));
  #percent = $derived(new Intl.NumberFormat(this.lang, { style: 'percent', maximumFractionDigits: 0 }));
  /** IANA name of the zone in which times are told: the engine's, whatever the display believes. */
  zone = $state<string>();
  #clock = $derived(clock(this.lang, this.zone, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }));
  #day = $derived(clock(this.lang, this.zone, { day: 'numeric', month: 'short' }));
  #zoneName = $derived(clock(this.lang, this.zone, { timeZoneName: 'shortGeneric' }));

  /** As the configuration has it, unless the address says otherwise. */
  configure(lang: Lang | null, zone: string | null): void {
    if (!asked && lang) this.lang = lang;
    this.zone = zone ?? undefined;
  }

  swap(): void {
    this.lang = this.lang === 'es' ? 'en' : 'es';
  }

  number = (n: number): string => this.#number.format(n);
  /** Two digits that mean something. */
  short = (n: number): string => (n >= 100 ? this.#number.format(n) : this.#short.format(n));
  /** Times something, to a tenth. */
  ratio = (n: number): string => (n >= 10 ? this.#number.format(n) : n.toLocaleString(this.lang, { maximumFractionDigits: 1 }));
  percent = (share: number): string => this.#percent.format(share);
  time = (at: number | string): string => this.#clock.format(new Date(at));
  day = (at: number | string): string => this.#day.format(new Date(at));
  /** The zone that times are in, as people call it. */
  zoneName = (at: number): string => this.#zoneName.formatToParts(new Date(at)).find((part) => part.type === 'timeZoneName')?.value ?? '';
  decimal = (n: number): string => n.toLocaleString(this.lang, { maximumFractionDigits: 1, signDisplay: 'exceptZero' });
  signed = (n: number): string => Math.round(n).toLocaleString(this.lang, { signDisplay: 'exceptZero' });
  span = (seconds: number): string => {
    if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s`;
    if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
    return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
  };
}

export const tongue = new Tongue();
