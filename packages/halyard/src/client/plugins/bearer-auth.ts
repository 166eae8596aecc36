// SPDX-License-Identifier: Apache-2.0
import { checkType, pickOptions } from "../../session/options.ts";
import { bearerCredentials } from "../credentials.ts";
import {
  type AuthProvider,
  type AuthProviderOptions,
  type AuthRequest,
  checkOrigins,
  isFor,
} from "./auth.ts";
import type { Challenge } from "./challenges.ts";
import { SharedTask } from "./shared-task.ts";

/** Ktor: `BearerTokens`. */
export interface BearerTokens {
  readonly accessToken: string;
  readonly refreshToken?: string | undefined;
}

/** Tokens, or null where there are none. */
type Loaded = BearerTokens | null;

/** The options of {@link bearerAuth}. Ktor: `BearerAuthConfig`. */
export interface BearerAuthOptions extends AuthProviderOptions {
  /**
   * Gives the tokens, when they are first needed and after `clearTokens()`.
   * @param signal - aborts when nobody waits for them any more
   */
  readonly loadTokens: (signal: AbortSignal) => Loaded | Promise<Loaded>;
  /**
   * Gives new tokens for those that were refused with 401, once for all calls that are refused meanwhile. What it throws
   * fails those calls. @defaultValue the 401 stands
   */
  readonly refreshTokens?: ((refused: Loaded, signal: AbortSignal) => Loaded | Promise<Loaded>) | undefined;
  /** Whether the token is sent before a 401 asks for it. @defaultValue true */
  readonly sendWithoutRequest?: boolean | undefined;
}

/** A provider whose tokens can be forgotten, as behind a log-out. */
export interface BearerAuthProvider extends AuthProvider {
  /** Lets the next request load them anew. */
  clearTokens(): void;
}

/** Tokens (RFC 6750), which are loaded once, and refreshed once for all calls that find them expired. */
export function bearerAuth(options: BearerAuthOptions): BearerAuthProvider {
  const given = pickOptions<BearerAuthOptions>("bearerAuth", options, [
    "loadTokens",
    "refreshTokens",
    "sendWithoutRequest",
    "realm",
    "origins",
  ]);
  checkType("loadTokens", given.loadTokens, "function");
  if (given.refreshTokens !== undefined) checkType("refreshTokens", given.refreshTokens, "function");
  if (given.sendWithoutRequest !== undefined)
    checkType("sendWithoutRequest", given.sendWithoutRequest, "boolean");
  return new Bearer(given as BearerAuthOptions);
}

/** The tokens of one log-in. */
class Login {
  /** Undefined until they are loaded. */
  #tokens: Loaded | undefined;
  readonly #loading = new SharedTask<Loaded>();
  readonly #refreshing = new SharedTask<Loaded>();

  async load({ loadTokens }: BearerAuthOptions, signal: AbortSignal): Promise<Loaded> {
    if (this.#tokens !== undefined) return this.#tokens;
    return await this.#loading.run((lost) => this.#keep(async () => loadTokens(lost)), signal);
  }

  async refresh({ refreshTokens }: BearerAuthOptions, refused: Loaded, signal: AbortSignal): Promise<Loaded> {
    if (refreshTokens === undefined) return null;
    return await this.#refreshing.run((lost) => this.#keep(async () => refreshTokens(refused, lost)), signal);
  }

  async #keep(give: () => Promise<Loaded>): Promise<Loaded> {
    this.#tokens = (await give()) ?? null;
    return this.#tokens;
  }
}

class Bearer implements BearerAuthProvider {
  readonly origins: ReadonlySet<string> | undefined;
  readonly #options: BearerAuthOptions;
  #login = new Login();

  constructor(options: BearerAuthOptions) {
    this.#options = options;
    this.origins = checkOrigins(options.origins);
  }

  clearTokens(): void {
    // What is on its way belongs to who asked for it, and is not kept for who comes now.
    this.#login = new Login();
  }

  async unasked({ signal }: AuthRequest): Promise<string | undefined> {
    const { sendWithoutRequest = true } = this.#options;
    return sendWithoutRequest ? credentials(await this.#login.load(this.#options, signal)) : undefined;
  }

  async answer(
    challenges: readonly Challenge[],
    { authorization, signal }: AuthRequest,
  ): Promise<string | undefined> {
    const { realm } = this.#options;
    // Servers of this scheme often ask for nothing by name.
    if (challenges.length > 0 && !challenges.some((challenge) => isFor(challenge, "bearer", realm)))
      return undefined;
    const login = this.#login;
    const tokens = await login.load(this.#options, signal);
    const known = credentials(tokens);
    // Another call may have refreshed them since this one was sent.
    if (known !== undefined && known !== authorization) return known;
    return credentials(await login.refresh(this.#options, tokens, signal));
  }
}

function credentials(tokens: Loaded): string | undefined {
  return tokens === null ? undefined : bearerCredentials(tokens.accessToken);
}
