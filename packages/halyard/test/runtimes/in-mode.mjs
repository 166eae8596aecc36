// SPDX-License-Identifier: Apache-2.0
// Runs a program of its folder in a mode, which is entered before the library is loaded: node in-mode.mjs MODE PROGRAM ARGS...
import { enter, leave } from "./modes.mjs";

const [, , mode, program] = process.argv;
process.argv.splice(1, 2);
process.once("exit", () => leave(mode));
await enter(mode);
await import(`./${program}`);
