// SPDX-License-Identifier: Apache-2.0
// The double itself: asynchronous where Apple's is, and strict about what Apple forbids.
import { describe, expect, test } from "vitest";
import { hostileServer, serverFrame } from "../../../halyard/test/support/hostile-server.ts";
import { until } from "../../../halyard/test/support/leaks.ts";
import type { FoundationSessionDelegate } from "../../src/index.ts";
import { foundationDouble } from "./foundation.ts";
import { Misuse } from "./strict.ts";

const silent: FoundationSessionDelegate = {
  URLSessionWebSocketTaskDidOpenWithProtocol: () => undefined,
  URLSessionWebSocketTaskDidCloseWithCodeReason: () => undefined,
  URLSessionTaskDidCompleteWithError: () => undefined,
  URLSessionTaskWillPerformHTTPRedirectionNewRequestCompletionHandler: () => undefined,
  URLSessionTaskDidReceiveChallengeCompletionHandler: (_session, _task, _challenge, answer) =>
    answer(1, null),
};

/** A task as a program makes it by hand. */
function taskOf(url: string, delegate: Partial<FoundationSessionDelegate> = {}) {
  const double = foundationDouble();
  const { foundation } = double;
  const delegateClass = foundation.NSObject.extend(
    { ...silent, ...delegate },
    { protocols: [foundation.NSURLSessionWebSocketDelegate] },
  );
  const session = foundation.NSURLSession.sessionWithConfigurationDelegateDelegateQueue(
    foundation.NSURLSessionConfiguration.defaultSessionConfiguration,
    delegateClass.new(),
    foundation.NSOperationQueue.mainQueue,
  );
  const nsUrl = foundation.NSURL.URLWithString(url) ?? {};
  const request = foundation.NSMutableURLRequest.requestWithURL(nsUrl);
  return { double, foundation, session, request, task: session.webSocketTaskWithRequest(request) };
}

describe("the double of Foundation", () => {
  test("throws for a selector that there is not, and for a delegate's", () => {
    const { foundation, task, double } = taskOf("ws://127.0.0.1:1/");
    expect(() => (task as unknown as { receiveMessage(): void }).receiveMessage()).toThrow(Misuse);
    expect(() => {
      (task as unknown as { maxMessageSize: number }).maxMessageSize = 1;
    }).toThrow(Misuse);
    const misspelt = {
      URLSessionWebSocketTaskDidOpen: () => undefined,
    } as unknown as FoundationSessionDelegate;
    expect(() =>
      foundation.NSObject.extend(misspelt, { protocols: [foundation.NSURLSessionWebSocketDelegate] }),
    ).toThrow(Misuse);
    expect(() => foundation.NSObject.extend(silent, { protocols: [] })).toThrow(Misuse);
    expect(double.misuses).toHaveLength(4);
  });

  test("throws for what is done too early, twice, or too late", async () => {
    await using server = await hostileServer((peer) => peer.accept());
    let isOpen = false;
    const { foundation, session, request, task } = taskOf(server.url, {
      URLSessionWebSocketTaskDidOpenWithProtocol: () => {
        isOpen = true;
      },
    });
    const hello = foundation.NSURLSessionWebSocketMessage.alloc().initWithString("hello");
    const ignore = () => undefined;
    expect(() => task.sendMessageCompletionHandler(hello, ignore)).toThrow("before resume");
    task.resume();
    expect(() => task.resume()).toThrow("twice");
    expect(() => {
      task.maximumMessageSize = 1;
    }).toThrow("after resume");
    await until(() => isOpen, "didOpen");
    task.receiveMessageWithCompletionHandler(ignore);
    expect(() => task.receiveMessageWithCompletionHandler(ignore)).toThrow("another one is pending");
    task.sendPingWithPongReceiveHandler(ignore);
    expect(() => task.sendPingWithPongReceiveHandler(ignore)).toThrow("another one is pending");
    expect(() => task.cancelWithCloseCodeReason(0, null)).toThrow("the close code is 0");
    task.cancelWithCloseCodeReason(1000, null);
    expect(() => task.sendMessageCompletionHandler(hello, ignore)).toThrow("after cancelWithCloseCode");
    expect(() => task.receiveMessageWithCompletionHandler(ignore)).toThrow("after cancelWithCloseCode");
    session.invalidateAndCancel();
    expect(() => session.webSocketTaskWithRequest(request)).toThrow("invalidated");
  });

  test("throws for headers of the handshake, and for views of memory", () => {
    const { foundation, request } = taskOf("ws://127.0.0.1:1/");
    expect(() => request.setValueForHTTPHeaderField("x", "Sec-WebSocket-Key")).toThrow(Misuse);
    const view = new Uint8Array(1) as unknown as Parameters<typeof foundation.NSData.dataWithData>[0];
    expect(() => foundation.NSData.dataWithData(view)).toThrow(Misuse);
    expect(foundation.NSURL.URLWithString("no URL")).toBe(null);
  });

  test("calls back in a later turn, one call at a time", async () => {
    await using server = await hostileServer((peer) => peer.accept(serverFrame(1, "early")));
    const calls: string[] = [];
    const { task, session } = taskOf(server.url, {
      URLSessionWebSocketTaskDidOpenWithProtocol() {
        task.receiveMessageWithCompletionHandler((message) => calls.push(message?.string ?? "none"));
        calls.push("open");
      },
    });
    task.resume();
    await until(() => calls.length === 2, "the message");
    expect(calls).toEqual(["open", "early"]);
    session.invalidateAndCancel();
  });

  test("has a limit of 1 MiB unless another one is set", async () => {
    const header = Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 0x10, 0, 1]);
    await using server = await hostileServer((peer) =>
      peer.accept(Buffer.concat([header, Buffer.alloc(2 ** 20 + 1)])),
    );
    let code: number | undefined;
    const { task, session } = taskOf(server.url);
    task.resume();
    task.receiveMessageWithCompletionHandler((_message, error) => {
      code = error?.code;
    });
    await until(() => code !== undefined, "the error");
    expect(code).toBe(40);
    session.invalidateAndCancel();
  });
});
