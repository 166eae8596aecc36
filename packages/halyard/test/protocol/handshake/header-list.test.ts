// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { announcesContent, HeaderList, toHeaders } from "../../../src/protocol/handshake/header-list.ts";

describe("HeaderList", () => {
  const list = new HeaderList([
    ["Set-Cookie", "a=1"],
    ["__proto__", "x"],
    ["set-cookie", "b=2"],
  ]);

  test("finds all values of a name without regard to case, in order", () => {
    expect(list.get("SET-COOKIE")).toEqual(["a=1", "b=2"]);
  });

  test("finds nothing by a name that is only as long", () => {
    expect(list.get("Set-Tokens")).toEqual([]);
  });

  test("knows names of Object.prototype only when they were received (OP-02)", () => {
    expect(list.get("__proto__")).toEqual(["x"]);
    expect(list.get("constructor")).toEqual([]);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });

  test("keeps every field as it was written", () => {
    expect(list.size).toBe(3);
    expect([...list]).toEqual([
      ["Set-Cookie", "a=1"],
      ["__proto__", "x"],
      ["set-cookie", "b=2"],
    ]);
  });

  test("becomes the platform's headers, which join what was repeated", () => {
    const headers = toHeaders([...list, ["X-A", "1"], ["x-a", "2"]]);
    expect(headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(headers.get("__proto__")).toBe("x");
    expect(headers.get("X-a")).toBe("1, 2");
  });
});

describe("announcesContent", () => {
  test.each([
    [false, []],
    [false, [["Content-Length", "0"]]],
    [true, [["content-length", "1"]]],
    [true, [["Content-Length", ""]]],
    [true, [["Transfer-Encoding", "chunked"]]],
    [
      true,
      [
        ["Content-Length", "0"],
        ["Content-Length", "5"],
      ],
    ],
  ] as const)("is %s for %j", (expected, headers) => {
    expect(announcesContent(new HeaderList(headers))).toBe(expected);
  });
});
