// SPDX-License-Identifier: Apache-2.0
import { type ErrorContext, HalyardError } from "../protocol/errors.ts";
import type { EngineCapability } from "./engine.ts";

/** Something was asked for that the engine cannot do on this platform. Nothing was connected. */
export class UnsupportedCapabilityError extends HalyardError {
  override readonly name: string = "UnsupportedCapabilityError";
  readonly code = "ERR_HALYARD_UNSUPPORTED_CAPABILITY";
  readonly engine: string;
  readonly capability: EngineCapability;

  /** @param wanted - the option that asked for it, and what to do instead */
  constructor(engine: string, capability: EngineCapability, wanted: string, context?: ErrorContext) {
    super(`the ${engine} engine lacks the capability ${capability}: ${wanted}`, context);
    this.engine = engine;
    this.capability = capability;
  }
}

/** A plugin was used that the client does not have. In TypeScript this does not compile. */
export class PluginNotInstalledError extends HalyardError {
  override readonly name: string = "PluginNotInstalledError";
  readonly code = "ERR_HALYARD_PLUGIN_NOT_INSTALLED";
  readonly plugin: string;

  constructor(plugin: string) {
    super(`the plugin ${plugin} is not installed: use client.install(${plugin})`);
    this.plugin = plugin;
  }
}

/** The client was closed before, or while, a session was opened. */
export class ClientClosedError extends HalyardError {
  override readonly name: string = "ClientClosedError";
  readonly code = "ERR_HALYARD_CLIENT_CLOSED";
}
