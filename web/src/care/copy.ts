// Puts a text where it can be pasted, and only when a person asks for it.

/** Whether it is there; where not, what is `shown` of it stands selected, to be copied by hand. */
export async function copy(text: string, shown: HTMLElement | null): Promise<boolean> {
  try {
    // Only pages over TLS and of this machine have a clipboard.
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    if (shown) getSelection()?.selectAllChildren(shown);
    return false;
  }
}
