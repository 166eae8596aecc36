// SPDX-License-Identifier: Apache-2.0
// How a connection ends; the rest of it is in connection.test.ts.
import { describe, expect, test } from "vitest";
import { CloseReason } from "../../src/protocol/close-reason.ts";
import type { Connection } from "../../src/protocol/connection.ts";
import { FrameTooBigError, ProtocolViolationError } from "../../src/protocol/errors.ts";
import { Frame } from "../../src/protocol/frame.ts";
import {
  type Bytes,
  bytesOf,
  closeCodesIn,
  concat,
  connect,
  deliver,
  failureOf,
  frame,
  hex,
  ROLES,
  show,
  toHex,
  toRole,
  written,
} from "./support.ts";

const text = (content: string) => new Frame.Text(content);
const normal = "88 02 03 e8";

describe.each(ROLES)("the closing handshake of a %s", (role) => {
  const closed = (connection: Connection) => {
    const { initiator, isComplete, peerReason, failure } = connection.closing;
    return { initiator, isComplete, reason: peerReason?.code ?? null, failure };
  };

  test.each<[string, Bytes, number | null]>([
    ["a code", normal, 1000],
    ["a code and a reason", "88 05 0f a0 62 79 65", 4000],
    ["nothing", "88 00", null],
    ["a reason of 123 bytes (CL-02)", frame(0x88, new Uint8Array(125).fill(0x0d)), 0x0d0d],
  ])("answers a Close frame with its like: %s (RFC 6455 section 5.5.1)", (_, bytes, reason) => {
    const connection = connect(role);
    const received = deliver(connection, toRole(role, bytes));
    expect(received.map(({ type }) => type)).toEqual(["close"]);
    expect(connection.closing.received).toBe(received[0]);
    expect(written(connection)).toEqual([toHex(bytesOf(bytes))]);
    expect(closed(connection)).toEqual({ initiator: "peer", isComplete: true, reason, failure: null });
  });

  test("that we begin ends with the peer's answer, which is not answered (CL-05)", () => {
    const connection = connect(role);
    const close = new Frame.Close(new CloseReason(1001));
    expect(connection.send(close)).toBe(true);
    expect(connection.closing).toMatchObject({ sent: close, canSend: false, canReceive: true });
    expect(connection.endsAfterOutput).toBe(false);
    expect(written(connection)).toEqual(["88 02 03 e9"]);
    deliver(connection, toRole(role, normal));
    expect(connection.hasOutput).toBe(false);
    expect(closed(connection)).toEqual({ initiator: "local", isComplete: true, reason: 1000, failure: null });
  });

  test("is ended by the server, which closes first (RFC 6455 section 7.1.1)", () => {
    const connection = connect(role);
    expect(connection.endsAfterOutput).toBe(false);
    deliver(connection, toRole(role, normal));
    expect(connection.endsAfterOutput).toBe(role === "server");
  });

  test("lets nothing out behind our Close frame, above all no second one (CL-05, CL-08)", () => {
    const connection = connect(role);
    connection.send(new Frame.Close());
    const { sent } = connection.closing;
    for (const each of [text("a"), new Frame.Ping(), new Frame.Close(), new Frame.Text("", { rsv1: true })]) {
      expect(connection.send(each)).toBe(false);
    }
    expect(connection.closing.sent).toBe(sent);
    expect(written(connection)).toEqual(["88 00"]);
  });

  test("hands on what comes before the peer's answer (CL-04, CL-09)", () => {
    const connection = connect(role);
    connection.send(new Frame.Close());
    expect(show(deliver(connection, toRole(role, "81 01 61", "02 01 62", normal)))).toEqual([
      "text 61",
      "close 03 e8",
    ]);
  });

  test.each(["81 01 61", "89 00", "88 00", "ff ff ff"])(
    "ignores what comes behind the peer's Close frame: %s (FR-11, RFC 6455 section 1.4)",
    (late) => {
      const connection = connect(role);
      deliver(connection, concat([toRole(role, normal), hex(late)]));
      written(connection);
      expect(deliver(connection, hex(late))).toEqual([]);
      expect(connection).toMatchObject({ hasInput: false, hasOutput: false });
      expect(closed(connection)).toEqual({
        initiator: "peer",
        isComplete: true,
        reason: 1000,
        failure: null,
      });
    },
  );
});

/** What is wrong in either mode. */
const faults: [string, Bytes[], number][] = [
  ["a reserved bit (FR-02)", ["c1 00"], 1002],
  ["a reserved opcode (FR-03)", ["83 00"], 1002],
  ["a fragmented ping (FR-04)", ["09 00"], 1002],
  ["a ping of 126 bytes (FR-04)", ["89 7e 00 7e"], 1002],
  ["a continuation of nothing (FR-05)", ["80 00"], 1002],
  ["a message inside a message (FR-05)", ["01 00", "81 00"], 1002],
  ["a length that is not the shortest (FR-06)", ["82 7e 00 01 61"], 1002],
  ["a length of 2^63 (FR-07)", ["82 7f 80 00 00 00 00 00 00 00"], 1002],
  ["a frame over the limit (FR-08)", ["82 7f 00 00 00 00 00 02 00 01"], 1009],
  ["a text that is not UTF-8 (U8-01)", ["81 01 ff"], 1007],
  ["a Close frame of one byte (CL-01)", ["88 01 03"], 1002],
  ["a Close frame with 1005 (CL-01)", ["88 02 03 ed"], 1002],
  ["a close reason that is not UTF-8 (U8-04)", ["88 03 03 e8 ff"], 1007],
];

describe.each(ROLES)("a %s fails the connection (RFC 6455 section 7.1.7)", (role) => {
  function expectFailure(connection: Connection, frames: readonly Bytes[], code: number): void {
    const received = deliver(connection, toRole(role, ...frames, "81 01 61"));
    expect(received.some(({ type }) => type === "close")).toBe(false);
    expect(failureOf(connection)).toBeInstanceOf(code === 1009 ? FrameTooBigError : ProtocolViolationError);
    expect(failureOf(connection)?.closeCode).toBe(code);
    expect(closeCodesIn(written(connection))).toEqual([code]);
    expect(connection.closing).toMatchObject({ initiator: "local", canSend: false, canReceive: false });
    expect(connection.endsAfterOutput).toBe(true);
  }

  test.each(faults)("for %s, in either mode", (_, frames, code) => {
    for (const mode of ["default", "raw"] as const) expectFailure(connect(role, { mode }), frames, code);
  });

  test.each([
    ["a message over the limit (FR-08)", ["02 01 61", "80 7f 00 00 00 00 00 02 00 00"]],
    ["too many fragments (MM-01)", ["02 00", ...Array.from({ length: 1000 }, () => "00 00")]],
  ])("for %s", (_, frames) => {
    expectFailure(connect(role), frames, 1009);
  });

  test("with a Close frame that says why", () => {
    const connection = connect(role);
    deliver(connection, toRole(role, "83 00"));
    expect(connection.closing.sent?.readReason()).toEqual(new CloseReason(1002, "opcode 3 is reserved"));
  });

  test("without a second Close frame when ours is out already (CL-05)", () => {
    const connection = connect(role);
    connection.send(new Frame.Close());
    deliver(connection, toRole(role, "83 00"));
    expect(written(connection)).toEqual(["88 00"]);
    expect(failureOf(connection)?.closeCode).toBe(1002);
    expect(connection.endsAfterOutput).toBe(true);
  });

  test("behind the data that was sent, without the pongs that waited", () => {
    const connection = connect(role);
    connection.send(text("a"));
    deliver(connection, toRole(role, "89 00", "83 00"));
    const output = written(connection);
    expect(output[0]).toBe("81 01 61");
    expect(closeCodesIn(output.slice(1))).toEqual([1002]);
    expect(output).toHaveLength(2);
  });

  test("and ignores all that comes then (FR-11)", () => {
    const connection = connect(role);
    deliver(connection, toRole(role, "83 00"));
    const { failure } = connection.closing;
    written(connection);
    expect(deliver(connection, toRole(role, "81 01 61", "89 00", normal, "84 00"))).toEqual([]);
    expect(connection).toMatchObject({ hasInput: false, hasOutput: false });
    expect(connection.closing).toMatchObject({ failure, received: null });
    expect(connection.send(text("a"))).toBe(false);
  });

  test("but passes on an error that is not the peer's", () => {
    const connection = connect(role);
    const broken = new Proxy(toRole(role, "81 01 61"), {
      get(target, name) {
        if (name === "length") throw new RangeError("out of memory");
        return Reflect.get(target, name) as unknown;
      },
    });
    connection.receive(broken);
    expect(() => connection.take()).toThrow(RangeError);
    expect(connection.closing.failure).toBeNull();
  });
});

describe.each(ROLES)("what ends the connection of a %s", (role) => {
  test("behind messages of one read waits for the next take, so that they can be answered (FR-11, CL-09)", () => {
    const connection = connect(role);
    connection.receive(toRole(role, "81 01 61", "89 00", normal, "81 01 62"));
    expect(show(connection.take())).toEqual(["text 61", "ping"]);
    expect(connection).toMatchObject({ endsNext: true, hasInput: true });
    expect(connection.closing, "it has come, and waits for its answer").toMatchObject({
      received: { type: "close" },
      initiator: "peer",
      sent: null,
      canSend: true,
      canReceive: false,
      isComplete: false,
    });
    expect(connection.endsAfterOutput).toBe(false);
    expect(connection.send(text("b"))).toBe(true);
    expect(written(connection)).toEqual(["8a 00", "81 01 62"]);
    expect(show(connection.take())).toEqual(["close 03 e8"]);
    expect(connection).toMatchObject({ endsNext: false, hasInput: false });
    expect(written(connection)).toEqual([normal]);
    expect(connection.take()).toEqual([]);
  });

  test("waits as well when it is a fault", () => {
    const connection = connect(role);
    connection.receive(toRole(role, "81 01 61", "83 00", "81 01 62"));
    expect(show(connection.take())).toEqual(["text 61"]);
    expect(connection).toMatchObject({ endsNext: true, hasInput: true });
    expect(connection.closing.failure).toBeNull();
    expect(connection.send(text("b"))).toBe(true);
    expect(connection.take()).toEqual([]);
    expect(connection).toMatchObject({ endsNext: false, hasInput: false });
    const output = written(connection);
    expect(output[0]).toBe("81 01 62");
    expect(closeCodesIn(output)).toEqual([1002]);
  });

  test("is the last that is heard, though bytes come before it counts", () => {
    const connection = connect(role);
    connection.receive(toRole(role, "81 01 61", "83 00"));
    expect(show(connection.take())).toEqual(["text 61"]);
    connection.receive(toRole(role, "81 01 62"));
    expect(connection.take()).toEqual([]);
    expect(connection.hasInput).toBe(false);
  });

  test.each([normal, "83 00"])("comes at once when nothing is before it: %s", (end) => {
    const connection = connect(role);
    connection.receive(toRole(role, end));
    connection.take();
    expect(connection).toMatchObject({ endsNext: false, hasInput: false });
    expect(connection.closing.canReceive).toBe(false);
  });

  test("meets no answer any more when we closed meanwhile", () => {
    const connection = connect(role);
    connection.receive(toRole(role, "81 01 61", normal));
    connection.take();
    connection.send(new Frame.Close());
    connection.retain();
    expect(show(connection.take())).toEqual(["close 03 e8"]);
    expect(written(connection)).toEqual(["88 00"]);
    expect(connection.closing, "it came before ours").toMatchObject({ initiator: "peer", isComplete: true });
    expect(connection).toMatchObject({
      endsNext: false,
      hasInput: false,
      endsAfterOutput: role === "server",
    });
  });
});
