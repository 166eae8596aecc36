// SPDX-License-Identifier: Apache-2.0

/**
 * How much zlib work of a process runs at once: as much as libuv has threads. More would not be faster, and each engine
 * holds up to 300 KiB: one message to 10,000 sessions would take 3 GB while it is compressed.
 */
const capacity = 4;
let running = 0;
/** Who waits for a place, in order. */
const waiting = new Set<() => void>();

/** Does `work` when a place is free. @throws the signal's reason, if that comes first */
export async function onThread<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  if (running < capacity) running++;
  else await placeHandedOver(signal);
  try {
    signal.throwIfAborted();
    return await work();
  } finally {
    leave();
  }
}

function placeHandedOver(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const enter = (): void => {
      signal.removeEventListener("abort", giveUp);
      resolve();
    };
    const giveUp = (): void => {
      waiting.delete(enter);
      reject(signal.reason as Error);
    };
    waiting.add(enter);
    signal.addEventListener("abort", giveUp, { once: true });
  });
}

function leave(): void {
  const [next] = waiting;
  if (next === undefined) {
    running--;
    return;
  }
  waiting.delete(next);
  next();
}
