// SPDX-License-Identifier: Apache-2.0
// The public names of the entry. A change here is a change of the API: say it in a changeset.
import * as main from "@halyard/darwin";
import { expect, test } from "vitest";

test("@halyard/darwin", () => {
  expect(Object.keys(main).toSorted()).toMatchInlineSnapshot(`
    [
      "Darwin",
      "DarwinRequestError",
    ]
  `);
});
