// SPDX-License-Identifier: Apache-2.0
package dev.halyard.okhttp;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/**
 * Finds out how much OkHttp has written, and tells. OkHttp tells nobody when it has written something, so it is asked, ever
 * less often while nothing goes on.
 */
final class Written {
  private static final long FIRST_PAUSE = 500_000;
  private static final long LONGEST_PAUSE = 2_000_000;

  private final Set<Session> waiting = ConcurrentHashMap.newKeySet();
  private final Thread thread;

  Written() {
    thread = new Thread(this::watch, "halyard written");
    thread.setDaemon(true);
    thread.start();
  }

  /** Looks after a session until all of what it was given is written, or it has ended. */
  void watch(Session session) {
    if (waiting.add(session)) LockSupport.unpark(thread);
  }

  void forget(Session session) {
    waiting.remove(session);
  }

  private void watch() {
    long pause = FIRST_PAUSE;
    for (;;) {
      boolean progress = false;
      for (Session session : waiting) progress |= session.tellWritten();
      pause = progress ? FIRST_PAUSE : Math.min(pause * 2, LONGEST_PAUSE);
      if (!waiting.isEmpty()) LockSupport.parkNanos(pause);
      else {
        LockSupport.park(this);
        pause = FIRST_PAUSE;
      }
    }
  }
}
