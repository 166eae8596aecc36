// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError } from "../../protocol/errors.ts";
import { pickOptions } from "../../session/options.ts";
import { headerOf, isRepeatable, originOf, withHeader } from "../http-send.ts";
import type { HttpClientPlugin, PluginInstance } from "../plugin.ts";
import { type Challenge, parseChallenges } from "./challenges.ts";

/** A request that needs credentials, as a provider sees it. */
export interface AuthRequest {
  readonly url: URL;
  readonly method: string;
  /** The credentials that were sent and refused; undefined for none. */
  readonly authorization: string | undefined;
  /** Aborts when the call is over. */
  readonly signal: AbortSignal;
}

/** Knows credentials, and how to show them in one scheme. Ktor: `AuthProvider`. */
export interface AuthProvider {
  /** The origins that its credentials are for; without them, the one that the call itself names. */
  readonly origins: ReadonlySet<string> | undefined;
  /** @returns what is sent before anybody asks, or undefined */
  unasked(request: AuthRequest): Promise<string | undefined>;
  /**
   * @param challenges - those of the answer 401; perhaps none
   * @returns what to send now; undefined when none is for this provider, or there is nothing but what was refused
   */
  answer(challenges: readonly Challenge[], request: AuthRequest): Promise<string | undefined>;
}

/** What all providers can be given. */
export interface AuthProviderOptions {
  /** The realm that the credentials are for. @defaultValue any */
  readonly realm?: string | undefined;
  /**
   * The origins that the credentials are for, such as `https://example.org`; `wss` is the same as `https` there.
   * @defaultValue the origin that a call names, and none that a redirect leads to
   */
  readonly origins?: readonly string[] | undefined;
}

/**
 * Shows credentials: unasked where a provider does that, and in answer to a 401, once a request. One that has an
 * `Authorization` of its own is left alone. Each redirect and each retry asks the providers again. Ktor: `Auth`.
 *
 * @example
 * ```ts
 * import { Auth, bearerAuth, HttpClient, WebSockets } from "halyard";
 *
 * const client = new HttpClient()
 *   .install(WebSockets)
 *   .install(Auth, { providers: [bearerAuth({ loadTokens: () => ({ accessToken: "..." }) })] });
 * ```
 */
export const Auth: HttpClientPlugin<"Auth", Auth.Config, PluginInstance> = {
  name: "Auth",
  prepare(config) {
    const providers = checkProviders(config);
    return {
      stage: "authorize",
      async intercept(request, send, { origin, signal }) {
        if (headerOf(request, "authorization") !== undefined) return await send(request);
        const { url, method = "GET" } = request;
        const own = originOf(url);
        const able = providers.filter(({ origins }) => origins?.has(own) ?? own === origin);
        const asked = (authorization: string | undefined) => ({ url, method, authorization, signal });

        let first: string | undefined;
        for (const provider of able) first ??= await provider.unasked(asked(undefined));
        const answer = await send(
          first === undefined ? request : withHeader(request, "Authorization", first),
        );
        if (answer.status !== 401 || !isRepeatable(request)) return answer;

        const challenges = parseChallenges(answer.headers.get("www-authenticate") ?? "");
        for (const provider of able) {
          const better = await provider.answer(challenges, asked(first));
          if (better !== undefined) return await send(withHeader(request, "Authorization", better));
        }
        return answer;
      },
    };
  },
};

export declare namespace Auth {
  /** What `install(Auth, config)` takes. */
  export interface Config {
    /** The first that can answer a challenge does: the safest first. */
    readonly providers: readonly AuthProvider[];
  }
}

function checkProviders(config: Auth.Config): readonly AuthProvider[] {
  const { providers = [] } = pickOptions<Auth.Config>("Auth", config, ["providers"]);
  if (Array.isArray(providers) && providers.length > 0) return [...providers];
  throw new InvalidArgumentError("Auth needs providers: an array of basicAuth(), digestAuth(), bearerAuth()");
}

/** @throws {@link InvalidArgumentError} */
export function checkOrigins(origins: readonly string[] | undefined): ReadonlySet<string> | undefined {
  if (origins === undefined) return undefined;
  if (!Array.isArray(origins)) throw new InvalidArgumentError("origins is an array of URLs");
  return new Set(
    Array.from(origins as readonly string[], (text) => {
      try {
        return originOf(new URL(text));
      } catch {
        throw new InvalidArgumentError("one of origins is no URL, such as https://example.org");
      }
    }),
  );
}

/** Whether a challenge is in a scheme and, if one is wanted, of a realm. */
export function isFor(challenge: Challenge, scheme: string, realm: string | undefined): boolean {
  return challenge.scheme === scheme && (realm === undefined || challenge.parameters.get("realm") === realm);
}
