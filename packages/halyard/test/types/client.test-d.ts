// SPDX-License-Identifier: Apache-2.0
// What the types promise. Checked by `tsc`, never run.
import {
  type AnyHalyardError,
  Auth,
  basicAuth,
  bounded,
  CloseReason,
  type CloseReasonInit,
  type DefaultClientWebSocketSession,
  DefaultRequest,
  type DefaultWebSocketSession,
  Frame,
  type HalyardErrorCode,
  HttpClient,
  HttpCookies,
  HttpMethod,
  HttpRedirect,
  type QueryInput,
  type ReceiveChannel,
  type RequestTarget,
  type SendChannel,
  type StandardSchema,
  toughCookies,
  type WebSocketSession,
  WebSockets,
} from "halyard";
import { Cio } from "halyard/cio";
import { CookieJar } from "tough-cookie";

declare const expectType: <T>(value: T) => void;

// A client without the plugin cannot open a session; with it, and with more, it can.
const bare = new HttpClient(Cio);
// @ts-expect-error: WebSockets is not installed
void bare.webSocket("ws://h/", () => undefined);
// @ts-expect-error: another plugin does not help
void bare.install(DefaultRequest, { host: "h" }).webSocketSession("ws://h/");
const client = bare.install(WebSockets, { pingInterval: 1_000 });
const both = client.install(DefaultRequest, { host: "h" });
expectType<Promise<DefaultClientWebSocketSession>>(both.webSocketSession("/feed"));
// A client with more plugins serves where fewer are asked for, and not the other way round.
expectType<HttpClient<"WebSockets">>(both);
// @ts-expect-error: it lacks WebSockets
expectType<HttpClient<"WebSockets">>(bare);

// So does one with plugins of HTTP, whose options are checked.
const logged = client
  .install(HttpRedirect)
  .install(Auth, { providers: [basicAuth({ username: "u", password: "p" })] });
expectType<HttpClient<"WebSockets">>(logged);
// @ts-expect-error: an AuthProvider is what basicAuth gives
void client.install(Auth, { providers: [{ username: "u" }] });
// @ts-expect-error: no such option
void client.install(HttpRedirect, { max: 1 });
client.install(HttpCookies, { storage: toughCookies(new CookieJar()) });
void client.webSocketSession({
  url: "ws://h/",
  auth: { token: "t" },
  cookies: { a: "b" },
  timeout: { connectTimeout: 1 },
});

// Plain HTTP needs no plugin, and gives the platform's response.
expectType<Promise<Response>>(bare.get("http://h/"));
expectType<Promise<Response>>(bare.post({ path: "/", body: new FormData() }));
void bare.request({
  url: "http://h/",
  method: HttpMethod.Patch,
  body: new Blob([]).stream(),
  json: undefined,
});
// @ts-expect-error: a number is no body
void bare.post({ url: "http://h/", body: 1 });
// @ts-expect-error: a handshake has none
void client.webSocketSession({ url: "ws://h/", body: "text" });
// @ts-expect-error: a handshake is a GET
void client.webSocketSession({ url: "ws://h/", method: HttpMethod.Post });

// Engine options are the engine's.
new HttpClient(Cio, { noDelay: true, tls: { servername: "h" } });
// @ts-expect-error: no such option
new HttpClient(Cio, { noDelays: true });
new HttpClient(Cio.create());

// Configuration has Ktor's name.
const config: WebSockets.Config = { maxFrameSize: 1 << 20, channels: { incoming: bounded({ messages: 1 }) } };
client.install(WebSockets, config);
// @ts-expect-error: no such option
client.install(WebSockets, { pingIntervalMillis: 1 });

// The block's value is the call's, whether it is promised or not.
expectType<Promise<number>>(client.webSocket("ws://h/", async () => 1));
expectType<Promise<string>>(client.ws(new URL("ws://h/"), () => "done"));
expectType<Promise<void>>(client.wss({ host: "h", path: "/" }, async () => {}));
void client.webSocket({ method: HttpMethod.Get, host: "h", port: 8080, path: "/echo" }, (session) => {
  expectType<DefaultClientWebSocketSession>(session);
  expectType<DefaultWebSocketSession>(session);
  expectType<ReceiveChannel<Frame>>(session.incoming);
  expectType<SendChannel<Frame>>(session.outgoing);
  expectType<Promise<CloseReason>>(session.closeReason);
});
// @ts-expect-error: a handshake is a GET
void client.webSocket({ method: "POST", host: "h" }, () => undefined);

// Query and headers in all their forms; what is undefined is left out.
const token: string | undefined = Math.PI > 3 ? undefined : "t";
void client.webSocketSession({ query: { a: 1, b: "2", c: true, d: [1, "2"], token }, headers: { A: token } });
void client.webSocketSession({ query: new URLSearchParams("a=1"), headers: new Headers({ a: "1" }) });
void client.webSocketSession({ query: [["a", "1"]], headers: new Map([["A", "1"]]) });
// @ts-expect-error: null is no value
void client.webSocketSession({ query: { a: null } });
// @ts-expect-error: a query is no string
void client.webSocketSession({ query: "a=1" });
expectType<RequestTarget["query"]>({} as QueryInput);

// A raw session has no keepalive.
void client.webSocketRaw("ws://h/", (session) => {
  expectType<WebSocketSession>(session);
  // @ts-expect-error: of default sessions only
  session.pingInterval = 1;
});

// Frames narrow by type and by class.
declare const frame: Frame;
if (frame.type === "text") expectType<Frame.Text>(frame);
if (frame instanceof Frame.Close) expectType<CloseReason | null>(frame.readReason());
// @ts-expect-error: only text frames have text
frame.readText();
switch (frame.type) {
  case "text":
  case "binary":
  case "close":
  case "ping":
  case "pong":
    break;
  default:
    expectType<never>(frame);
}

// Codes are literal, and narrow errors.
expectType<1011>(CloseReason.Codes.INTERNAL_ERROR);
declare const error: AnyHalyardError;
if (error.code === "ERR_HALYARD_HANDSHAKE") expectType<number | undefined>(error.status);
if (error.code === "ERR_HALYARD_TLS") expectType<string | undefined>(error.reason);
expectType<HalyardErrorCode>("ERR_HALYARD_PING_TIMEOUT");
// @ts-expect-error: no such code
expectType<HalyardErrorCode>("ERR_HALYARD_OTHER");

// Both kinds of client and session are disposable.
async function disposable(): Promise<void> {
  await using owned = new HttpClient(Cio).install(WebSockets);
  await using session = await owned.webSocketSession("ws://h/");
  await session.send("text");
  await session.send(new Uint16Array(1));
  await session.send(new ArrayBuffer(1));
  await session.send(new Frame.Ping());
  const reason: CloseReasonInit = { code: 4000, message: undefined };
  await session.close(reason, { timeout: undefined });
  // @ts-expect-error: a code is no reason
  await session.close(1000);
  // @ts-expect-error: numbers are no content
  await session.send(1);
}
void disposable;

// Typed messages: what a schema makes of a value is what is received, what it takes is what can be sent.
declare const session: DefaultClientWebSocketSession;
declare const when: StandardSchema<string, Date>;
declare const named: StandardSchema<{ name: string; age?: number }, { name: string; age: number }>;
expectType<Promise<Date>>(session.receiveDeserialized(when));
expectType<Promise<{ id: number }>>(session.receiveDeserialized<{ id: number }>());
// @ts-expect-error: without a schema and a type nothing is known
void session.receiveDeserialized().then(({ id }) => id);
const typed = session.typed({ incoming: when, outgoing: named });
expectType<Promise<Date>>(typed.receive());
void typed.send({ name: "Jane" });
// @ts-expect-error: the schema of what is sent wants a name
void typed.send({ age: 7 });
// @ts-expect-error: there is no such policy
void session.typed({ incoming: when, onInvalid: "ignore" });
