// SPDX-License-Identifier: Apache-2.0
import { encodeUtf8 } from "../protocol/bytes.ts";
import { InvalidArgumentError } from "../protocol/errors.ts";
import { isToken } from "../protocol/handshake/header-grammar.ts";
import type { Header } from "../protocol/handshake/header-list.ts";
import { checkType, pickOptions } from "../session/options.ts";
import type { RequestParts } from "./request-parts.ts";

/** Credentials of one request, sent unasked: a name and a password, or a bearer token. Ktor: `basicAuth`, `bearerAuth`. */
export type RequestAuth =
  | { readonly username: string; readonly password: string }
  | { readonly token: string };

/** Who asks. What is given here is for the request's own origin: a redirect to another one loses it. */
export interface RequestCredentials {
  /** Names and values of cookies, besides those of `HttpCookies`. Ktor: `cookie(name, value)`. */
  readonly cookies?: Readonly<Record<string, string>> | undefined;
  readonly auth?: RequestAuth | undefined;
}

/** The headers that are for one host: they say who asks, or whom. In lower case. */
export const headersOfHost: readonly string[] = ["authorization", "cookie", "proxy-authorization", "host"];

/** Writes them into the headers. @throws {@link InvalidArgumentError}, never with a value in its text */
export function applyCredentials({ headers }: RequestParts, { cookies, auth }: RequestCredentials): void {
  if (cookies !== undefined) addCookies(headers, cookieHeader(cookies));
  if (auth === undefined) return;
  checkType("auth", auth, "object");
  if (headers.some(([name]) => name.toLowerCase() === "authorization")) {
    throw new InvalidArgumentError("auth and the header Authorization are both given");
  }
  headers.push(["Authorization", authorizationOf(auth)]);
}

/** A request has one such header at most (RFC 6265 section 5.4). */
function addCookies(headers: Header[], cookies: string): void {
  if (cookies === "") return;
  const at = headers.findIndex(([name]) => name.toLowerCase() === "cookie");
  const own = headers[at];
  if (own === undefined) headers.push(["Cookie", cookies]);
  else headers[at] = [own[0], `${own[1]}; ${cookies}`];
}

function authorizationOf(auth: RequestAuth): string {
  const names = "token" in auth ? ["token"] : ["username", "password"];
  const given: Readonly<Record<string, unknown>> = pickOptions<Record<string, unknown>>("auth", auth, names);
  if ("token" in auth) return bearerCredentials(given["token"] as string);
  return basicCredentials(given["username"] as string, given["password"] as string);
}

/** RFC 7617. @throws {@link InvalidArgumentError} for a name with a colon */
export function basicCredentials(username: string, password: string): string {
  checkType("username", username, "string");
  checkType("password", password, "string");
  if (username.includes(":")) throw new InvalidArgumentError("the user name contains a colon");
  const bytes = Array.from(encodeUtf8(`${username}:${password}`), (byte) => String.fromCharCode(byte));
  return `Basic ${btoa(bytes.join(""))}`;
}

/** RFC 6750 section 2.1. @throws {@link InvalidArgumentError} */
export function bearerCredentials(token: string): string {
  checkType("a bearer token", token, "string");
  if (!/^[!-~]+$/.test(token))
    throw new InvalidArgumentError(
      "a bearer token is empty, or has a space or a character that is not ASCII",
    );
  return `Bearer ${token}`;
}

/** RFC 6265 section 4.2.1. @throws {@link InvalidArgumentError} */
export function cookieHeader(cookies: Readonly<Record<string, string>>): string {
  checkType("cookies", cookies, "object");
  return Object.entries(cookies)
    .map(([name, value]) => {
      if (!isToken(name)) throw new InvalidArgumentError("the name of a cookie is not a token");
      if (typeof value === "string" && /^[!#-+\--:<-[\]-~]*$/.test(value)) return `${name}=${value}`;
      throw new InvalidArgumentError(
        `the value of the cookie ${JSON.stringify(name)} is no string without spaces, quotes, commas, semicolons and backslashes: encode it`,
      );
    })
    .join("; ");
}

/** RFC 7617: the user information of a URL as a header. @throws {@link InvalidArgumentError} */
export function basicAuthorization(userInfo: {
  readonly username: string;
  readonly password: string;
}): Header {
  const { username, password } = userInfo;
  return ["Authorization", basicCredentials(decodeUserInfo(username), decodeUserInfo(password))];
}

/** @throws {@link InvalidArgumentError} */
export function decodeUserInfo(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new InvalidArgumentError("the user information of the url is not percent-encoded UTF-8");
  }
}
