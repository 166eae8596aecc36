// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError } from "halyard";
import type { DarwinFoundation } from "./foundation.ts";

const names: readonly (keyof DarwinFoundation)[] = [
  "NSObject",
  "NSURLSessionWebSocketDelegate",
  "NSOperationQueue",
  "NSURL",
  "NSMutableURLRequest",
  "NSURLSessionConfiguration",
  "NSURLSession",
  "NSURLSessionWebSocketMessage",
  "NSData",
  "interop",
];

/** The globals of NativeScript on Apple's platforms. @throws {@link InvalidArgumentError} where they are not */
export function nativeScript(): DarwinFoundation {
  const globals = globalThis as unknown as DarwinFoundation;
  for (const name of names) {
    if (globals[name] === undefined) {
      throw new InvalidArgumentError(
        `Darwin needs the global ${name}, which is not here: it runs in NativeScript for iOS 13, visionOS or newer; elsewhere use Js or Cio`,
      );
    }
  }
  return globals;
}
