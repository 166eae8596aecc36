// SPDX-License-Identifier: Apache-2.0
import type {
  ChallengeCompletionHandler,
  DarwinFoundation,
  FoundationChallenge,
  FoundationData,
  FoundationError,
  FoundationMutableRequest,
  FoundationSession,
  FoundationSessionDelegate,
  FoundationTask,
  FoundationWebSocketTask,
} from "./foundation.ts";
import type { ResolvedDarwinOptions } from "./options.ts";

/** Seconds. Time-outs are the session's to keep: what Apple takes for one ends an idle connection after a minute. */
const never = 10 * 365 * 24 * 60 * 60;

const performDefaultHandling = 1;
const cancelChallenge = 2;

/** Who is told what becomes of a task. */
export interface TaskEvents {
  opened(protocol: string | null): void;
  /** The peer's Close frame has come; or what the platform takes for one. */
  closed(code: number, reason: FoundationData | null): void;
  /** The last call. */
  completed(error: FoundationError | null): void;
  /** The handler of a challenge has thrown. */
  challengeFailed?(error: unknown): void;
}

/** An NSURLSession with its delegate, which tells each task's events to who watches it. */
export class TaskSession {
  readonly #session: FoundationSession;
  readonly #foundation: DarwinFoundation;
  readonly #options: ResolvedDarwinOptions;
  readonly #watched = new Map<number, TaskEvents>();

  constructor(options: ResolvedDarwinOptions) {
    this.#foundation = options.foundation;
    this.#options = options;
    const { NSURLSessionConfiguration, NSURLSession, NSOperationQueue } = this.#foundation;
    const configuration = NSURLSessionConfiguration.defaultSessionConfiguration;
    // Cookies of the app's other connections are not ours to send.
    configuration.HTTPCookieStorage = null;
    configuration.timeoutIntervalForRequest = never;
    configuration.timeoutIntervalForResource = never;
    options.configureSession?.(configuration);
    this.#session = NSURLSession.sessionWithConfigurationDelegateDelegateQueue(
      configuration,
      newDelegate(this.#foundation, this),
      // JavaScript is entered on the thread that calls, and it has but one.
      NSOperationQueue.mainQueue,
    );
  }

  /** A task that is not begun. @returns null for a URL that Foundation does not take */
  newTask(url: string, headers: Iterable<readonly [string, string]>): FoundationWebSocketTask | null {
    const { NSURL, NSMutableURLRequest } = this.#foundation;
    const nsUrl = NSURL.URLWithString(url);
    if (nsUrl === null) return null;
    const request: FoundationMutableRequest = NSMutableURLRequest.requestWithURL(nsUrl);
    request.timeoutInterval = never;
    for (const [name, value] of headers) request.setValueForHTTPHeaderField(value, name);
    this.#options.configureRequest?.(request);
    const task = this.#session.webSocketTaskWithRequest(request);
    const { maximumMessageSize } = this.#options;
    task.maximumMessageSize = maximumMessageSize === Infinity ? 0 : maximumMessageSize;
    return task;
  }

  /** Who is told from now on, in the place of who was. */
  watch({ taskIdentifier }: FoundationTask, events: TaskEvents): void {
    this.#watched.set(taskIdentifier, events);
  }

  /** Nobody is told any more. */
  forget({ taskIdentifier }: FoundationTask): void {
    this.#watched.delete(taskIdentifier);
  }

  eventsOf({ taskIdentifier }: FoundationTask): TaskEvents | undefined {
    return this.#watched.get(taskIdentifier);
  }

  async answerChallenge(
    session: FoundationSession,
    task: FoundationTask,
    challenge: FoundationChallenge,
    completionHandler: ChallengeCompletionHandler,
  ): Promise<void> {
    const { handleChallenge } = this.#options;
    let isAnswered = false;
    // A second answer would end the process.
    const answer: ChallengeCompletionHandler = (disposition, credential) => {
      if (isAnswered) return;
      isAnswered = true;
      completionHandler(disposition, credential);
    };
    if (handleChallenge === undefined) return answer(performDefaultHandling, null);
    try {
      await handleChallenge(session, task, challenge, answer);
    } catch (error) {
      this.eventsOf(task)?.challengeFailed?.(error);
      answer(cancelChallenge, null);
    }
  }

  /** Cancels its tasks and lets go of all. */
  invalidate(): void {
    this.#session.invalidateAndCancel();
  }
}

/** A class of Objective-C can be made and not unmade: one for all sessions. */
const classes = new WeakMap<DarwinFoundation["NSObject"], { new: () => object }>();
const owners = new WeakMap<object, TaskSession>();

function newDelegate(
  { NSObject, NSURLSessionWebSocketDelegate }: DarwinFoundation,
  owner: TaskSession,
): object {
  let delegateClass = classes.get(NSObject);
  if (delegateClass === undefined) {
    delegateClass = NSObject.extend(delegateMethods, { protocols: [NSURLSessionWebSocketDelegate] });
    classes.set(NSObject, delegateClass);
  }
  const delegate = delegateClass.new();
  owners.set(delegate, owner);
  return delegate;
}

const delegateMethods: FoundationSessionDelegate & ThisType<object> = {
  URLSessionWebSocketTaskDidOpenWithProtocol(_session, task, protocol) {
    owners.get(this)?.eventsOf(task)?.opened(protocol);
  },
  URLSessionWebSocketTaskDidCloseWithCodeReason(_session, task, code, reason) {
    owners.get(this)?.eventsOf(task)?.closed(code, reason);
  },
  URLSessionTaskDidCompleteWithError(_session, task, error) {
    owners.get(this)?.eventsOf(task)?.completed(error);
  },
  URLSessionTaskWillPerformHTTPRedirectionNewRequestCompletionHandler(
    _session,
    _task,
    _response,
    _next,
    handler,
  ) {
    // Followed, a redirect would take the headers, and whatever secret is in them, to where the server likes.
    handler(null);
  },
  URLSessionTaskDidReceiveChallengeCompletionHandler(session, task, challenge, handler) {
    const owner = owners.get(this);
    if (owner === undefined) handler(cancelChallenge, null);
    else void owner.answerChallenge(session, task, challenge, handler);
  },
};
