// SPDX-License-Identifier: Apache-2.0

export type RedisClients = Awaited<ReturnType<typeof connectRedis>>;

/**
 * Connects for commands, and once more for subscriptions. A connection that is lost later is made again.
 *
 * @param url - `redis://127.0.0.1:6379`, with user and password where it needs them
 * @throws the client's error when Redis cannot be reached
 */
export async function connectRedis(url: string) {
  // Here and not above, so that whoever has one process need not install it.
  const { createClient } = await import("@redis/client");
  let wasConnected = false;
  const commands = createClient({
    url,
    // What cannot be done now fails now: nobody waits for a Redis that may come back in an hour.
    disableOfflineQueue: true,
    pingInterval: 3_000,
    socket: {
      connectTimeout: 5_000,
      socketTimeout: 10_000,
      reconnectStrategy: (retries) => wasConnected && Math.min(50 * 2 ** retries, 2_000),
    },
  });
  const subscriber = commands.duplicate();
  for (const client of [commands, subscriber])
    client.on("error", (error: Error) => process.emitWarning(error));
  await Promise.all([commands.connect(), subscriber.connect()]);
  wasConnected = true;
  return { commands, subscriber };
}
