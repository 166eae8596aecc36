// SPDX-License-Identifier: Apache-2.0
// OkHttp in a JVM against the scripted peers of the library's own tests. It needs what `npm run okhttp` makes.
import { fileURLToPath } from "node:url";
import { OkHttp } from "@halyard/okhttp";
import { HttpClient, WebSockets } from "halyard";
import { afterAll, beforeAll, expect } from "vitest";
import { answers } from "../../../halyard/test/hostile/cases/answers.ts";
import { closings } from "../../../halyard/test/hostile/cases/closing.ts";
import { compressed } from "../../../halyard/test/hostile/cases/deflate.ts";
import { excess } from "../../../halyard/test/hostile/cases/floods.ts";
import { framing } from "../../../halyard/test/hostile/cases/framing.ts";
import { texts } from "../../../halyard/test/hostile/cases/text.ts";
import { runAnswers } from "../../../halyard/test/hostile/run-answers.ts";
import { runCases } from "../../../halyard/test/hostile/run-cases.ts";
import { rejection } from "../../../halyard/test/support/clients.ts";
import { unusedPort } from "../../../halyard/test/support/hostile-server.ts";
import { checkLeaks } from "../../../halyard/test/support/leaks.ts";
import { classPathOf, newest } from "../../scripts/jars.mjs";

const classes = fileURLToPath(new URL("../../dist/java/", import.meta.url));
const client = (config: WebSockets.Config) =>
  new HttpClient(OkHttp, { classPath: [classes, classPathOf(newest)] }).install(WebSockets, config);

/** While it is open the cases share a JVM. */
const keeper = client({ handshakeTimeout: 60_000 });

beforeAll(async () => {
  const error = await rejection(keeper.webSocketSession(`ws://127.0.0.1:${await unusedPort()}/`));
  expect(error).toHaveProperty("code", "ERR_HALYARD_CONNECTION");
}, 60_000);

afterAll(() => keeper.close());

checkLeaks();

const side = { name: "OkHttp", way: "okhttp", client } as const;
runCases([...framing, ...texts, ...closings, ...compressed, ...excess], [{ ...side, role: "client" }]);
runAnswers(answers, [side]);
