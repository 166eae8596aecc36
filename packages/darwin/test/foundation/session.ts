// SPDX-License-Identifier: Apache-2.0
// NSURLSession, and the delegate that NativeScript makes.
import type { Clock } from "halyard";
import type {
  FoundationRequest,
  FoundationSession,
  FoundationSessionConfiguration,
  FoundationSessionDelegate,
  FoundationWebSocketTask,
} from "../../src/foundation.ts";
import { once, type ServerTrust, type Verdict } from "./dialing.ts";
import type { Head } from "./head.ts";
import { misuse, strict } from "./strict.ts";
import { Task } from "./task.ts";
import { copyRequest, type OperationQueue, responseOf, type World } from "./values.ts";

/** Of NSURLSessionWebSocketDelegate, and of those it extends. */
const selectors: readonly string[] = [
  "URLSessionWebSocketTaskDidOpenWithProtocol",
  "URLSessionWebSocketTaskDidCloseWithCodeReason",
  "URLSessionTaskDidCompleteWithError",
  "URLSessionTaskWillPerformHTTPRedirectionNewRequestCompletionHandler",
  "URLSessionTaskDidReceiveChallengeCompletionHandler",
];

export type Methods = Partial<FoundationSessionDelegate>;

const methodsOf = new WeakMap<object, Methods>();
const trusts = new WeakMap<object, object>();

export function objectClass(world: World, webSocketProtocol: object) {
  return strict(world, "NSObject", {
    extend(methods: Methods, { protocols }: { readonly protocols: readonly unknown[] }) {
      for (const name of Object.keys(methods)) {
        if (!selectors.includes(name)) misuse(world, `${name} is no selector of the delegate's`);
      }
      if (!protocols.includes(webSocketProtocol)) misuse(world, "the delegate is no WebSocket delegate");
      return strict(world, "a class of NSObject", {
        new() {
          const instance = strict(world, "a delegate", {});
          methodsOf.set(instance, methods);
          return instance;
        },
      });
    },
  });
}

export function credentialClass(world: World) {
  return strict(world, "NSURLCredential", {
    credentialForTrust(trust: object): object {
      const credential = strict(world, "NSURLCredential", {});
      trusts.set(credential, trust);
      return credential;
    },
  });
}

export interface SessionOptions {
  readonly world: World;
  /** For what the platform itself does by time. */
  readonly clock: Clock;
  /** The authorities that the system trusts, PEM. */
  readonly anchors: readonly string[];
  readonly delegate: object | null;
  readonly queue: OperationQueue;
  readonly configuration: FoundationSessionConfiguration;
}

export class Session {
  readonly facade: FoundationSession;
  readonly world: World;
  readonly clock: Clock;
  readonly anchors: readonly string[];
  readonly queue: OperationQueue;
  readonly #delegate: object;
  readonly #methods: Methods;
  readonly #tasks: Task[] = [];
  #isInvalid = false;

  constructor({ world, clock, anchors, delegate, queue, configuration }: SessionOptions) {
    const sendsCookies = configuration.HTTPCookieStorage !== null;
    const { timeoutIntervalForRequest, timeoutIntervalForResource } = configuration;
    this.world = world;
    this.clock = clock;
    this.anchors = anchors;
    this.queue = queue;
    this.#delegate = delegate ?? {};
    this.#methods = methodsOf.get(this.#delegate) ?? misuse(world, "the session has no delegate");
    this.facade = strict(world, "NSURLSession", {
      webSocketTaskWithRequest: (request: FoundationRequest): FoundationWebSocketTask => {
        if (this.#isInvalid) misuse(world, "a task of a session that was invalidated");
        const copy = copyRequest(world, request);
        const { url, headers } = copy;
        if (!url.protocol.startsWith("ws")) misuse(world, `a WebSocket task for ${url.protocol}`);
        if (sendsCookies) headers.set("Cookie", "of=the device");
        // Which of them holds is not documented for WebSockets: the shortest is the worst.
        const timeout = Math.min(copy.timeout, timeoutIntervalForRequest, timeoutIntervalForResource);
        const task = new Task(this, { ...copy, timeout }, this.#tasks.length + 1);
        this.#tasks.push(task);
        return task.facade;
      },
      invalidateAndCancel: () => {
        this.#isInvalid = true;
        for (const task of this.#tasks) task.cancel();
      },
    });
  }

  /** How many of its tasks are not over. */
  get activeTasks(): number {
    return this.#tasks.filter(({ isOver }) => !isOver).length;
  }

  get isInvalid(): boolean {
    return this.#isInvalid;
  }

  /** Calls the delegate, if it implements the selector, as an operation of the queue. */
  tell<S extends keyof FoundationSessionDelegate>(
    selector: S,
    ...args: Parameters<FoundationSessionDelegate[S]> extends [unknown, ...infer A] ? A : never
  ): void {
    const method = this.#methods[selector] as ((...all: unknown[]) => void) | undefined;
    if (method !== undefined) this.queue.run(() => method.call(this.#delegate, this.facade, ...args));
  }

  redirect(
    task: FoundationWebSocketTask,
    head: Head,
    request: FoundationRequest,
    decide: (request: FoundationRequest | null) => void,
  ): void {
    const selector = "URLSessionTaskWillPerformHTTPRedirectionNewRequestCompletionHandler";
    if (this.#methods[selector] === undefined) return decide(request);
    const response = responseOf(this.world, head.status, head.headers);
    const handler = once(this.world, "the completion handler of a redirect", decide);
    this.tell(selector, task, response, request, handler);
  }

  challenge(task: FoundationWebSocketTask, trust: ServerTrust, decide: (verdict: Verdict) => void): void {
    const selector = "URLSessionTaskDidReceiveChallengeCompletionHandler";
    if (this.#methods[selector] === undefined) return decide("default");
    const { world } = this;
    const { host, port } = trust;
    const serverTrust = strict(world, "SecTrust", { certificate: trust.socket.getPeerCertificate() });
    const protectionSpace = strict(world, "NSURLProtectionSpace", {
      authenticationMethod: "NSURLAuthenticationMethodServerTrust",
      host,
      port,
      serverTrust,
    });
    const challenge = strict(world, "NSURLAuthenticationChallenge", { protectionSpace });
    const answer = (disposition: number, credential: object | null) => {
      if (![0, 1, 2, 3].includes(disposition))
        misuse(world, `the disposition of a challenge is ${disposition}`);
      const isOfThis = credential !== null && trusts.get(credential) === serverTrust;
      decide(disposition === 0 && isOfThis ? "trust" : disposition === 1 ? "default" : "cancel");
    };
    this.tell(selector, task, challenge, once(world, "the completion handler of a challenge", answer));
  }
}
