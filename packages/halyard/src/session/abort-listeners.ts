// SPDX-License-Identifier: Apache-2.0

/** Whoever listens to one signal. */
interface Listeners {
  readonly callbacks: Set<() => void>;
  readonly tell: () => void;
}

const listenersOf = new WeakMap<AbortSignal, Listeners>();

/**
 * Calls back once when the signal aborts, which it has not done yet. A program may give one signal to a thousand sessions, and
 * platforms warn of a leak from eleven listeners on: this is one for all.
 *
 * @returns what ends the listening; it may be called at any time, and more than once
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const listeners = listenersOf.get(signal) ?? listenTo(signal);
  const { callbacks, tell } = listeners;
  // The same function may be given twice.
  const own = () => callback();
  callbacks.add(own);
  return () => {
    if (!callbacks.delete(own) || callbacks.size > 0) return;
    signal.removeEventListener("abort", tell);
    listenersOf.delete(signal);
  };
}

function listenTo(signal: AbortSignal): Listeners {
  const callbacks = new Set<() => void>();
  const tell = () => {
    listenersOf.delete(signal);
    for (const callback of callbacks) callback();
    callbacks.clear();
  };
  signal.addEventListener("abort", tell, { once: true });
  const listeners = { callbacks, tell };
  listenersOf.set(signal, listeners);
  return listeners;
}
