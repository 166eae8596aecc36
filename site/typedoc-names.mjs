// SPDX-License-Identifier: Apache-2.0
// A plugin of TypeDoc: modules are called as they are imported, and `{@link Name}` finds what any entry exports by that name, also where
// the source does not import it.
import path from "node:path";
import { allEntries, root } from "../scripts/workspace.mjs";

const specifiers = new Map(
  allEntries().map(({ source, specifier }) => [
    path.relative(root, source).replace(/(?:\/index)?\.ts$/, ""),
    specifier,
  ]),
);

/** @param {import("typedoc").Application} app */
export function load(app) {
  app.converter.on("resolveBegin", ({ project }) => {
    for (const module of project.children ?? []) {
      module.name = specifiers.get(module.name.replace(/\/index$/, "")) ?? module.name;
    }
  });
  app.converter.addUnknownSymbolResolver((reference, { project }) => {
    const name = reference.symbolReference?.path?.at(-1)?.path;
    const exported = (project.children ?? []).flatMap(({ children = [] }) => children);
    const target = exported.find((reflection) => reflection.name === name);
    return target && { target };
  });
}
