// SPDX-License-Identifier: Apache-2.0
// What Apple does not document of NSURLSessionWebSocketTask, or what was seen to differ: a switch each.

/** All off is what Ktor's engine and Dart's tests, which run on Apple's systems, take for granted. */
export interface Dialect {
  /** A pending receive is never told of a lost connection, nor of a local close. */
  readonly receiveStays: boolean;
  /** A lost connection completes the task with a POSIX error instead of one of NSURLErrorDomain. */
  readonly lossIsPosix: boolean;
  /** A lost connection completes the task without an error. */
  readonly lossIsNoError: boolean;
  /** Nobody is told by the delegate of a lost connection. */
  readonly lossIsUntold: boolean;
  /** POSIX errors come in the domain of the Network framework. */
  readonly networkDomain: boolean;
  /** The delegate is told of the peer's Close frame before the pending receive fails. */
  readonly closeComesFirst: boolean;
  /** The peer's Close frame is told only by the property `closeCode`. */
  readonly closeIsUntold: boolean;
  /** The peer's Close frame is told only to the delegate. */
  readonly closeIsNoProperty: boolean;
  /** A lost connection is told to the delegate as a Close frame with 1006. */
  readonly lossCloses: boolean;
  /** The end is told while messages before it wait to be received, and they still can be. */
  readonly endOvertakes: boolean;
  /** After a local close the task completes at once, as cancelled, and the peer's answer is not told. */
  readonly cancelCompletes: boolean;
  /** After a local close the task completes at once, without an error. */
  readonly cancelCompletesClean: boolean;
  /** After a local close nothing is told any more. */
  readonly cancelIsUntold: boolean;
  /** A local close loses the messages that are not written yet. */
  readonly cancelLosesUnsent: boolean;
  /** When the peer broke the protocol, `didClose` tells the code with which the platform closed. */
  readonly faultCloses: boolean;
  /** The handler of a pong is called twice. */
  readonly pongTwice: boolean;
  /** Nothing is read, pongs neither, while nobody receives. */
  readonly readsOnDemand: boolean;
  /** A handshake that was refused is told as open first. */
  readonly refusedOpens: boolean;
  /** The subprotocol is in the answer only. */
  readonly protocolIsNil: boolean;
  /** Memory of no bytes is no memory: `bufferFromData` throws, an empty reason is nil. */
  readonly emptyIsNil: boolean;
  /** The time-out of the request goes on when the connection is open, and begins anew with what is received. */
  readonly timesOut: boolean;
}

export const plain: Dialect = {
  receiveStays: false,
  lossIsPosix: false,
  lossIsNoError: false,
  lossIsUntold: false,
  networkDomain: false,
  closeComesFirst: false,
  closeIsUntold: false,
  closeIsNoProperty: false,
  lossCloses: false,
  endOvertakes: false,
  cancelCompletes: false,
  cancelCompletesClean: false,
  cancelIsUntold: false,
  cancelLosesUnsent: false,
  faultCloses: false,
  pongTwice: false,
  readsOnDemand: false,
  refusedOpens: false,
  protocolIsNil: false,
  emptyIsNil: false,
  timesOut: false,
};

/**
 * Each switch alone, and two mixtures of those that go together. Not `cancelIsUntold`: of a platform that tells nothing
 * more nobody can know that a close was clean.
 */
export const dialects: readonly (readonly [name: string, dialect: Dialect])[] = [
  ["plain", plain],
  ...Object.keys(plain)
    .filter((name) => name !== "cancelIsUntold")
    .map((name) => [name, { ...plain, [name]: true }] as const),
  [
    "a mixture",
    {
      ...plain,
      receiveStays: true,
      lossIsPosix: true,
      networkDomain: true,
      closeComesFirst: true,
      closeIsNoProperty: true,
      lossCloses: true,
      endOvertakes: true,
      cancelCompletes: true,
      cancelLosesUnsent: true,
      pongTwice: true,
      refusedOpens: true,
      emptyIsNil: true,
    },
  ],
  [
    "another mixture",
    {
      ...plain,
      lossIsNoError: true,
      closeIsUntold: true,
      cancelCompletesClean: true,
      faultCloses: true,
      readsOnDemand: true,
      protocolIsNil: true,
      timesOut: true,
    },
  ],
];
