// SPDX-License-Identifier: Apache-2.0
import { delimiter, join } from "node:path";
import { env } from "node:process";
import { type Clock, InvalidArgumentError } from "halyard";
import { checkType, pickOptions, systemClock } from "halyard/engine";
import {
  type ClientSettings,
  clientOptionNames,
  clientSettings,
  type OkHttpClientOptions,
} from "../client-options.ts";

/** Whom to trust. */
export interface JvmTlsOptions {
  /** Authorities to trust instead of those of Java, PEM. */
  readonly ca?: string | readonly string[] | undefined;
}

/** The options of OkHttp on the JVM: `new HttpClient(OkHttp, { classPath })`. Ktor: `OkHttpConfig`. */
export interface OkHttpOptions extends OkHttpClientOptions {
  /**
   * Where OkHttp is, 3.14 or newer, with all that it needs: jars, folders of classes, and `folder/*` for all jars of one. In
   * one string they are separated as the system separates paths.
   */
  readonly classPath: string | readonly string[];
  /** The program that runs Java 8 or newer. @defaultValue that of `JAVA_HOME`, else `java` */
  readonly java?: string | undefined;
  /** More arguments of `java`: `-Xmx512m`, `-Dname=value`. @defaultValue none */
  readonly jvmArgs?: readonly string[] | undefined;
  /**
   * The name of a public class on the class path, a `java.util.function.Supplier<okhttp3.OkHttpClient>` with a constructor
   * without parameters: the client to begin with, for whatever has no option here. Ktor: `preconfigured`.
   */
  readonly preconfigured?: string | undefined;
  /** For wss. */
  readonly tls?: JvmTlsOptions | undefined;
}

/** How a JVM is started. */
export interface JvmCommand {
  readonly java: string;
  readonly classPath: string;
  readonly jvmArgs: readonly string[];
}

/** The options, checked. */
export interface ResolvedOkHttpOptions {
  readonly command: JvmCommand;
  /** What the JVM is told of the client. */
  readonly settings: Readonly<Record<string, string>>;
  readonly pingInterval: number | undefined;
  readonly clock: Clock;
}

/** @throws {@link InvalidArgumentError} */
export function resolveOptions(options: OkHttpOptions): ResolvedOkHttpOptions {
  const given = pickOptions<OkHttpOptions>("OkHttp", options, [
    "classPath",
    "java",
    "jvmArgs",
    "preconfigured",
    "tls",
    ...clientOptionNames,
  ]);
  const { java = defaultJava(), jvmArgs = [], preconfigured } = given;
  checkType("java", java, "string");
  if (preconfigured !== undefined) checkType("preconfigured", preconfigured, "string");
  const { ca } = pickOptions<JvmTlsOptions>("OkHttp.tls", given.tls ?? {}, ["ca"]);
  const client = clientSettings(given);
  return {
    command: { java, classPath: joined(given.classPath), jvmArgs: strings("jvmArgs", jvmArgs) },
    settings: {
      ...flat(client),
      ...(preconfigured !== undefined && { preconfigured }),
      ...(ca !== undefined && { ca: strings("tls.ca", typeof ca === "string" ? [ca] : ca).join("\n") }),
    },
    pingInterval: client.pingInterval,
    clock: given.clock ?? systemClock,
  };
}

function defaultJava(): string {
  const { JAVA_HOME = "" } = env;
  return JAVA_HOME === "" ? "java" : join(JAVA_HOME, "bin", "java");
}

function joined(classPath: string | readonly string[] | undefined): string {
  const entries = typeof classPath === "string" ? [classPath] : strings("classPath", classPath ?? []);
  const path = entries.filter((entry) => entry !== "").join(delimiter);
  if (path !== "") return path;
  throw new InvalidArgumentError(
    'OkHttp needs the option classPath: the jars of OkHttp and what it needs, for example "jars/*"',
  );
}

/** A copy, checked. */
function strings(name: string, values: readonly string[]): readonly string[] {
  if (Array.isArray(values) && values.every((value) => typeof value === "string")) return [...values];
  throw new InvalidArgumentError(`${name} must be an array of strings`);
}

function flat({ proxy, ...numbers }: ClientSettings): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const [name, value] of Object.entries(numbers)) settings[name] = String(value);
  for (const [name, value] of Object.entries(proxy ?? {})) {
    settings[`proxy${name.charAt(0).toUpperCase()}${name.slice(1)}`] = String(value);
  }
  return settings;
}
