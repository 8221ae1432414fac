// A day of a wall, hour by hour, on top of `lab.js`: everything that the stream can tell, people at the keyboard, an
// engine that restarts, loses its memory, is away. What comes is new every hour, and every hour ends alike.

(() => {
  const { engine, pass, say, beat, alarm, row, iso, now } = window.lab;
  const TOPICS = 40;
  let count = 0;
  let life = 0;
  const topic = (i) => `tema ${i} de ${life}`;

  const post = (i) => ({ id: `p${i}`, network: ['x', 'bluesky', 'mastodon'][i % 3], created_at: iso(), text: `mensaje número ${i} ${'de alguien que dice algo '.repeat(i % 7)}`, kind: 'create', author: { id: `a${i}`, handle: `persona${i}`, name: null, followers: i, verified: false } });
  const mention = (i) => ({ type: 'mention', key: String(i).padStart(16, '0'), post: post(i), topics: [{ topic: topic(i % TOPICS), origin: 'active', priority: i % 100, reasons: [{ code: 'topic', value: 20 }] }], priority: i % 100, reasons: [{ code: 'severity', value: i % 40 }], cluster: { id: `c${i}`, posts: 2 + (i % 9), authors: 2 }, source: 's', late: false });
  const steps = () => Array.from({ length: 72 }, (_, i) => ({ at: iso(now() - (73 - i) * 300_000), mentions: (i * 7) % 23, expected: 10, expected_range: [4, 17] }));
  const grid = (n) => Array.from({ length: 7 }, (_, d) => Array.from({ length: 24 }, (_, h) => n + ((d + h) % 12)));
  const list = (n) => Array.from({ length: n }, () => mention(++count));
  const brands = () => ['Banco', 'Otro', 'Tercero'].map((brand, i) => ({ rank: i + 1, brand, own: i === 0, mentions: 100 + i, share_of_voice: { share: { value: 0.3, numerator: 3, denominator: 9 } }, change: { difference: 0.1, interval: [0.05, 0.15] }, engagement: { engagement: { value: 2.5, numerator: 5, denominator: 2 } } }));
  Object.assign(engine.answers, {
    '/v1/topics/': (path) => (path.endsWith('/week') ? { mentions: grid(1), hours_listened: grid(1), expected: grid(2), latest: Array.from({ length: 24 }, (_, hour) => ({ day: 2, hour, minutes: 60, mentions: hour, expected: 10, expected_range: [4, 17] })) } : { steps: steps() }),
    '/v1/topics': () => ({ topics: Array.from({ length: TOPICS }, (_, i) => ({ ...row(topic(i), 0, 10), name: topic(i), brand: null })), brands: [] }),
    '/v1/alerts': () => ({ epoch: engine.epoch, alerts: [...new Map(engine.told.map((a) => [a.id, a])).values()].slice(-50) }),
    '/v1/mentions': () => ({ mentions: list(40) }),
    '/v1/share-of-voice': () => ({ brands: brands(), complete: true, posts: 300 }),
  });

  const alarms = {
    5: (h) => alarm({ id: `s${h}`, on: 'spike', status: 'firing', level: 1, topic: topic(0), topics: [0, 1].map((i) => ({ topic: topic(i), status: 'firing', level: 1, recovering: false, observed: 30, expected: 10 })), first_post: post(++count), top_posts: [post(++count)], terms: [`palabra${h}`, 'otra'], networks: { x: 5, bluesky: 3 } }),
    8: (h) => alarm({ id: `s${h}`, on: 'spike', status: 'firing', level: 3, topic: topic(0), first_post: post(++count) }),
    10: (h) => alarm({ id: `d${h}`, on: 'drop', status: 'firing', topic: topic(3), severity: 'warning' }),
    12: (h) => alarm({ id: `s${h}`, on: 'spike', status: 'resolved', level: 0, topic: topic(0) }),
    15: (h) => alarm({ id: `v${h}`, on: 'volume', status: 'firing', topic: topic(2), started_at: iso(now() - 3_600_000) }),
    18: (h) => alarm({ id: `v${h}`, on: 'volume', status: 'resolved', topic: topic(2) }),
    20: (h) => alarm({ id: `p${h}`, on: 'priority', status: 'firing', topic: topic(4), severity: 'warning', top_posts: [post(++count)] }),
    22: (h) => alarm({ id: `q${h}`, on: 'source', status: 'firing', source: 's' }),
    24: (h) => alarm({ id: `q${h}`, on: 'source', status: 'resolved', source: 's' }),
    25: (h) => alarm({ id: `h${h}`, on: 'share', status: 'firing', brand: 'Banco', severity: 'info' }),
    27: (h) => ['d', 'p', 'h'].forEach((kind, i) => alarm({ id: `${kind}${h}`, on: ['drop', 'priority', 'share'][i], status: 'resolved', topic: topic(3 + i) })),
  };
  const press = (...keys) => keys.forEach((key) => dispatchEvent(new KeyboardEvent('keydown', { key })));
  const down = (connected) => engine.sources.forEach((s) => (s.connected = connected));
  const events = {
    22: () => down(false),
    24: () => down(true),
    30: () => lab.close(1012, 'restart; after_ms=300'),
    33: (h) => h % 2 && lab.leave(),
    36: () => lab.back(),
    40: () => say({ type: 'gap', channel: 'alerts', from: 1, to: 3, reason: 'evicted' }),
    45: (h) => h % 6 === 5 && (life++, lab.reborn(), lab.close(1006)),
    52: () => press('t', 'l', '?', 'Escape', 'ArrowRight', 'ArrowLeft', ' ', ' ', '4'),
    54: () => press('t', 'l'),
  };

  /** Five seconds: the engine beats, and every third time people talk. */
  function talk(n) {
    beat();
    if (n % 3) return;
    for (let i = 0; i < 4; i++) say({ type: 'windows', ...row(topic((n * 4 + i) % TOPICS), (n + i) % 37 ? 0 : 1, (n * 13 + i) % 40) });
    for (let i = 0; i < 3; i++) say(mention(++count));
    say({ ...mention(count), post: { ...post(count), text: 'en otra versión' } }, { type: 'deleted', key: String(count - 40).padStart(16, '0'), network: 'x', id: `p${count - 40}` });
  }

  /** Hour number `h`. `aside` is called once a minute. */
  window.day = async (h, aside = () => {}) => {
    for (let minute = 0; minute < 60; minute++) {
      alarms[minute]?.(h);
      events[minute]?.(h);
      aside(minute);
      for (let n = 0; n < 12; n++) {
        // The stream falls silent, and the page notices.
        if (minute !== 50 || n > 5) talk(12 * minute + n);
        await pass(5000);
      }
      if (minute % 4 === 0) await lab.draw();
    }
    // Every hour ends alike: all is quiet, and one scene is on the wall.
    for (let i = 0; i < TOPICS; i++) say({ type: 'windows', ...row(topic(i), 0, 10) });
    press('1');
    for (let n = 0; n < 3; n++) {
      beat();
      await pass(4000);
      await lab.draw();
    }
    return { elements: document.querySelectorAll('*').length, stale: document.querySelector('.wall.stale') !== null };
  };
})();
