// When a page says that what it shows is old: the same for the wall and for the care page.

/** `status` beats every 5 s: after two beats that did not come, what is seen is old. */
export const SILENCE_MS = 9000;
/** An engine that counts what is older than this has not caught up yet, as after hours in which it was away. */
export const BEHIND_MS = 600_000;
/** A clock that leaps by more than this was not slow: the display slept. */
export const SLEPT_MS = 5000;

/** Milliseconds that no setting of the display's clock moves; in some browsers they stand still while a display sleeps. */
export const steady = () => performance.now();
