// SPDX-License-Identifier: Apache-2.0
// Serves the page: `PORT` says where, 8080 by default.
import { serve } from "./server.js";

const { url, close } = await serve(Number(process.env["PORT"] ?? 8080));
process.stdout.write(`${url} without a bundler, ${url}bundled with one\n`);
process.once("SIGINT", () => void close());
