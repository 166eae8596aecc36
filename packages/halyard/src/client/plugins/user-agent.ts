// SPDX-License-Identifier: Apache-2.0
import { checkType, pickOptions } from "../../session/options.ts";
import type { HttpClientPlugin, PluginInstance } from "../plugin.ts";

/** Says in the header `User-Agent` who asks, unless a request says so itself. Ktor: `UserAgent`. */
export const UserAgent: HttpClientPlugin<"UserAgent", UserAgent.Config, PluginInstance> = {
  name: "UserAgent",
  prepare(config) {
    const { agent = "halyard" } = pickOptions<UserAgent.Config>("UserAgent", config, ["agent"]);
    checkType("agent", agent, "string");
    return {
      onRequest({ headers }) {
        if (!headers.some(([name]) => name.toLowerCase() === "user-agent"))
          headers.push(["User-Agent", agent]);
      },
    };
  },
};

export declare namespace UserAgent {
  /** What `install(UserAgent, config)` takes. */
  export interface Config {
    /** @defaultValue "halyard" */
    readonly agent?: string | undefined;
  }
}
