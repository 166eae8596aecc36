// SPDX-License-Identifier: Apache-2.0
// The server's side of RFC 8441 sections 4 and 5, without a connection.
import { expect, test } from "vitest";
import {
  acceptanceFields,
  type ConnectRequest,
  checkConnect,
} from "../../../src/protocol/handshake/connect-request.ts";
import { type Header, HeaderList } from "../../../src/protocol/handshake/header-list.ts";

const version: Header = ["sec-websocket-version", "13"];

function request(
  wrong: Partial<ConnectRequest> = {},
  headers: readonly Header[] = [version],
): ConnectRequest {
  return {
    method: "CONNECT",
    protocol: "websocket",
    authority: "example.test",
    path: "/",
    headers: new HeaderList(headers),
    ...wrong,
  };
}

test("a request is accepted with the subprotocol that this server prefers, and answered in lower case", () => {
  const offers: Header[] = [
    version,
    ["sec-websocket-protocol", "a, b"],
    ["sec-websocket-extensions", "x; p"],
  ];
  const accepted = checkConnect(request({}, offers), { subprotocols: ["b", "a"] });
  if (!accepted.accepted) throw new Error(accepted.message);
  expect(accepted).toMatchObject({ subprotocol: "b", extensionsOffered: [{ name: "x" }] });
  expect(acceptanceFields(accepted, [{ name: "x", params: [] }])).toEqual([
    ["sec-websocket-protocol", "b"],
    ["sec-websocket-extensions", "x"],
  ]);
  expect(acceptanceFields(accepted, [])).toEqual([["sec-websocket-protocol", "b"]]);
});

test.each<[what: string, request: ConnectRequest, status: number]>([
  ["a GET", request({ method: "GET", protocol: undefined }), 405],
  ["a CONNECT that is not extended", request({ protocol: undefined, path: undefined }), 501],
  ["another protocol", request({ protocol: "connect-udp" }), 501],
  ["no authority", request({ authority: undefined }), 400],
  ["an authority that is no host", request({ authority: "a b" }), 400],
  ["no path", request({ path: undefined }), 400],
  ["a path that is none", request({ path: "*" }), 400],
  ["no version", request({}, []), 400],
  ["another version", request({}, [["sec-websocket-version", "8"]]), 426],
  ["malformed subprotocols", request({}, [version, ["sec-websocket-protocol", "a b"]]), 400],
])("H2-10: %s is refused, without a header of HTTP/1.1", (_, wrong, status) => {
  const refused = checkConnect(wrong);
  expect(refused).toMatchObject({ accepted: false, status });
  expect(refused.headers.map(([name]) => name.toLowerCase())).not.toContain("connection");
});

test("a refusal names the method, or the version, that is spoken here, and no upgrade", () => {
  expect(checkConnect(request({ method: "GET" })).headers).toEqual([["Allow", "CONNECT"]]);
  expect(checkConnect(request({}, [["sec-websocket-version", "8"]])).headers).toEqual([
    ["Sec-WebSocket-Version", "13"],
  ]);
});
