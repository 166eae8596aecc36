// SPDX-License-Identifier: Apache-2.0
// A double of Apple's Foundation as NativeScript shows it: NSURLSession over real sockets, asynchronous where Apple's is,
// strict where Apple's is not. It is never shipped, and it is no evidence of what Apple does.
import type { Clock } from "halyard";
import { systemClock } from "halyard/engine";
import type { DarwinFoundation, FoundationSessionConfiguration } from "../../src/foundation.ts";
import { type Dialect, plain } from "./dialect.ts";
import { credentialClass, objectClass, Session } from "./session.ts";
import { misuse, strict } from "./strict.ts";
import {
  configurationClass,
  dataClass,
  interopModule,
  messageClass,
  OperationQueue,
  requestClass,
  urlClass,
  type World,
} from "./values.ts";

export interface FoundationOptions {
  /** What of the undocumented it does. @defaultValue {@link plain} */
  readonly dialect?: Dialect;
  /** The authorities that the system trusts, PEM. */
  readonly anchors?: readonly string[];
  /** For what the platform itself does by time. @defaultValue the system's */
  readonly clock?: Clock;
}

/** A double, and what a test may ask about it. */
export interface FoundationDouble {
  readonly foundation: DarwinFoundation;
  /** For those who answer challenges. */
  readonly NSURLCredential: { credentialForTrust(trust: object): object };
  /** What was done that must not be. */
  readonly misuses: readonly string[];
  /** The sessions that were made. */
  readonly sessions: readonly Session[];
  /** How many tasks are not over. */
  readonly activeTasks: number;
}

export function foundationDouble(options: FoundationOptions = {}): FoundationDouble {
  const { dialect = plain, anchors = [], clock = systemClock } = options;
  const world: World = { dialect, misuses: [] };
  const sessions: Session[] = [];
  const mainQueue = new OperationQueue();
  const mainQueueFacade = strict(world, "NSOperationQueue", {});
  const NSURLSessionWebSocketDelegate = strict(world, "NSURLSessionWebSocketDelegate", {});
  const foundation: DarwinFoundation = {
    NSURLSessionWebSocketDelegate,
    NSObject: objectClass(world, NSURLSessionWebSocketDelegate),
    NSOperationQueue: strict(world, "NSOperationQueue", { mainQueue: mainQueueFacade }),
    NSURL: urlClass(world),
    NSMutableURLRequest: requestClass(world),
    NSURLSessionConfiguration: configurationClass(world),
    NSURLSession: strict(world, "NSURLSession", {
      sessionWithConfigurationDelegateDelegateQueue(
        configuration: FoundationSessionConfiguration,
        delegate: object | null,
        given: object | null,
      ) {
        // NativeScript enters JavaScript on the thread that calls.
        if (given !== mainQueueFacade) misuse(world, "the delegate is not called on the main queue");
        const session = new Session({ world, clock, anchors, delegate, queue: mainQueue, configuration });
        sessions.push(session);
        return session.facade;
      },
    }),
    NSURLSessionWebSocketMessage: messageClass(world),
    NSData: dataClass(world),
    interop: interopModule(world),
  };
  return {
    foundation,
    NSURLCredential: credentialClass(world),
    misuses: world.misuses,
    sessions,
    get activeTasks() {
      return sessions.reduce((sum, { activeTasks }) => sum + activeTasks, 0);
    },
  };
}
