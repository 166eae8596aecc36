// SPDX-License-Identifier: Apache-2.0
// What only bench/node_modules has, so that types can be checked without it.
declare module "esbuild";
declare module "undici";
