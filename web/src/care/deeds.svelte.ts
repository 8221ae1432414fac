// What agents do, and the forms in which they say how. What somebody is typing outlives any answer of the engine.

import type { Matter } from '../../client/frames.ts';
import { desk, type Told } from './desk.svelte.ts';
import { setup } from '../lib/setup.svelte.ts';

export const KINDS = ['assign', 'give', 'release', 'note', 'tag', 'resolve', 'reopen', 'merge', 'part'] as const;
export type Kind = (typeof KINDS)[number];
/** The tags: what they say are words of each house. */
export const FIELDS = ['typology', 'category', 'subcategory', 'section'] as const;

/** What can be done with a matter as it stands. */
export function possible(m: Matter, me: string): Kind[] {
  if (m.state === 'merged') return ['note', 'part'];
  const all: Kind[] = m.assignee === me ? [] : ['assign'];
  if (m.assignee !== null) all.push('release');
  all.push('give', 'note', 'tag', 'merge');
  all.push(m.open ? 'resolve' : 'reopen');
  return KINDS.filter((kind) => all.includes(kind));
}

/** What was typed, by matter and form: it is there again when the form is. */
const drafts = new Map<string, Record<string, string>>();

class Forms {
  kind = $state<Kind | null>(null);
  /** Of which matter the form is, and how it was when it was opened. */
  id = $state('');
  version = $state(0);
  values = $state<Record<string, string>>({});
  busy = $state(false);
  told = $state.raw<Told | null>(null);

  /** Keeps what was typed. */
  keep(): void {
    if (this.kind) drafts.set(`${this.id} ${this.kind}`, { ...this.values });
  }
  drop(): void {
    drafts.delete(`${this.id} ${this.kind}`);
  }
}
export const forms = new Forms();

/** What is told of a deed that needs no form. */
class Deeds {
  told = $state.raw<Told | null>(null);
  /** Of which matter. */
  id = $state('');
  #focus: HTMLElement | null = null;

  async begin(kind: Kind): Promise<void> {
    const matter = desk.open?.incident;
    if (!matter || !desk.mayAct || forms.busy) return;
    this.told = null;
    const isOthers = matter.assignee !== null && matter.assignee !== setup.wall?.name;
    // What anybody can take back at once needs no question.
    if (kind === 'release' || (kind === 'assign' && !isOthers)) return this.#do(kind, matter.id, matter.version);
    this.#focus = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    const tags = Object.fromEntries(FIELDS.map((field) => [field, matter.said[field] ?? '']));
    [forms.kind, forms.id, forms.version, forms.told] = [kind, matter.id, matter.version, null];
    forms.values = { ...(kind === 'tag' ? tags : {}), ...drafts.get(`${matter.id} ${kind}`) };
  }

  /** Closes the form; what was typed waits for its next time. */
  cancel(): void {
    forms.keep();
    this.#close();
  }

  async save(): Promise<void> {
    const { kind, id, values } = forms;
    if (!kind || forms.busy) return;
    forms.busy = true;
    const said = desk.open?.incident.said;
    const steps: Record<string, string>[] =
      kind === 'assign' ? [{ do: 'assign' }]
      : kind === 'give' ? [{ do: 'assign', to: values.to ?? '' }]
      : kind === 'note' ? [{ do: 'note', text: values.text ?? '' }]
      : kind === 'resolve' ? [{ do: 'resolve', scenario: values.scenario ?? '' }]
      : kind === 'merge' ? [{ do: 'merge', into: values.into ?? '' }]
      : kind === 'tag' ? FIELDS.filter((f) => (values[f] ?? '').trim() !== (said?.[f] ?? '')).map((field) => ({ do: 'tag', field, ...(values[field]?.trim() ? { value: values[field] } : {}) }))
      : [{ do: kind }];
    let told: Told = { kind: 'done', version: forms.version };
    for (const deed of steps) {
      told = await desk.act(id, forms.version, deed);
      // The next one is done to what this one made of it; after a refusal, to what is seen now.
      const seen = desk.open?.incident;
      if (told.kind === 'done') forms.version = told.version;
      else if (seen?.id === id) forms.version = seen.version;
      if (told.kind !== 'done') break;
    }
    forms.busy = false;
    forms.told = told;
    if (told.kind !== 'done') return forms.keep();
    forms.drop();
    this.#tell(id, told);
    this.#close();
  }

  async #do(kind: Kind, id: string, version: number): Promise<void> {
    forms.busy = true;
    const told = await desk.act(id, version, { do: kind });
    forms.busy = false;
    this.#tell(id, told);
  }

  #tell(id: string, told: Told): void {
    [this.id, this.told] = [id, told];
  }

  #close(): void {
    forms.kind = null;
    // Back to where the hands were.
    this.#focus?.focus();
  }
}
export const deeds = new Deeds();
