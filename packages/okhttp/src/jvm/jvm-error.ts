// SPDX-License-Identifier: Apache-2.0
import { type ErrorContext, HalyardError } from "halyard";

/**
 * The JVM in which OkHttp runs could not be started, or has ended while it was needed. The next connection starts another.
 */
export class JvmError extends HalyardError {
  override readonly name: string = "JvmError";
  readonly code = "ERR_HALYARD_JVM";

  /** @param message - what happened, and what to do about it */
  constructor(message: string, context?: ErrorContext) {
    super(message, context);
  }
}
