// SPDX-License-Identifier: Apache-2.0
import { checkType, pickOptions } from "../../session/options.ts";
import { basicCredentials } from "../credentials.ts";
import { type AuthProvider, type AuthProviderOptions, checkOrigins, isFor } from "./auth.ts";

/** The options of {@link basicAuth}. Ktor: `BasicAuthConfig`. */
export interface BasicAuthOptions extends AuthProviderOptions {
  readonly username: string;
  readonly password: string;
  /** Whether they are sent before a 401 asks for them. @defaultValue false */
  readonly sendWithoutRequest?: boolean | undefined;
}

/** Name and password in the clear (RFC 7617): for TLS only. @throws {@link InvalidArgumentError} */
export function basicAuth(options: BasicAuthOptions): AuthProvider {
  const given = pickOptions<BasicAuthOptions>("basicAuth", options, [
    "username",
    "password",
    "realm",
    "origins",
    "sendWithoutRequest",
  ]);
  const { username, password, realm, origins, sendWithoutRequest = false } = given;
  checkType("sendWithoutRequest", sendWithoutRequest, "boolean");
  const credentials = basicCredentials(username as string, password as string);
  return {
    origins: checkOrigins(origins),
    unasked: () => Promise.resolve(sendWithoutRequest ? credentials : undefined),
    answer(challenges, { authorization }) {
      const isAsked = challenges.some((challenge) => isFor(challenge, "basic", realm));
      return Promise.resolve(isAsked && authorization !== credentials ? credentials : undefined);
    },
  };
}
