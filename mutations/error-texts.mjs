// SPDX-License-Identifier: Apache-2.0
import { declareValuePlugin, PluginKind } from "@stryker-mutator/api/plugin";

/** What makes an error, or a refusal, of a text. */
const makers = /Error$|^(?:violation|refuse|failure)$/;

/** A text for people that an error carries: a literal with a space in it, among the arguments of what makes one. */
const texts = {
  /** @param {any} path of Babel */
  shouldIgnore(path) {
    if (!path.isStringLiteral() && !path.isTemplateLiteral()) return undefined;
    if (!path.toString().includes(" ")) return undefined;
    const call = path.findParent(
      (/** @type {any} */ each) => each.isNewExpression() || each.isCallExpression(),
    );
    const callee = call?.node.callee;
    const name = callee?.name ?? callee?.property?.id?.name ?? callee?.property?.name;
    return makers.test(name) ? "the text of an error" : undefined;
  },
};

export const strykerPlugins = [declareValuePlugin(PluginKind.Ignore, "error-texts", texts)];
