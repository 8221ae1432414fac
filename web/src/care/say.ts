// What agents did, in a sentence.

import type { Lang } from '../lib/words.svelte.ts';
import type { Act, Coded } from './desk.svelte.ts';
import type { CareWords } from './words.ts';

export function deedOf(act: Act, w: CareWords, lang: Lang, scenarios: Coded[]): string {
  switch (act.do) {
    case 'assign': return w.deeds.assign(act.to ?? '');
    case 'tag': return w.deeds.tag(`${w.fields[act.field ?? ''] ?? ''} = ${act.value ?? '–'}`);
    case 'resolve': return w.deeds.resolve(scenarios.find((s) => s.code === act.scenario)?.text[lang] ?? act.scenario ?? '');
    case 'merge': return w.deeds.merge((act.into ?? '').slice(0, 6));
    default: return w.deeds[act.do]();
  }
}
