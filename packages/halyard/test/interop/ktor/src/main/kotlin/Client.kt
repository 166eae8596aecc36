// SPDX-License-Identifier: Apache-2.0
// What a Ktor client does with a Halyard server: Ktor's documentation and its own tests, a line of JSON for each scenario.
package halyard.interop

import io.ktor.client.HttpClient
import io.ktor.client.engine.HttpClientEngineFactory
import io.ktor.client.engine.cio.CIO
import io.ktor.client.engine.okhttp.OkHttp
import io.ktor.client.plugins.websocket.DefaultClientWebSocketSession
import io.ktor.client.plugins.websocket.WebSockets
import io.ktor.client.plugins.websocket.cio.webSocketRaw
import io.ktor.client.plugins.websocket.receiveDeserialized
import io.ktor.client.plugins.websocket.sendSerialized
import io.ktor.client.plugins.websocket.webSocket
import io.ktor.client.plugins.websocket.webSocketSession
import io.ktor.client.request.header
import io.ktor.http.HttpMethod
import io.ktor.serialization.kotlinx.KotlinxWebsocketSerializationConverter
import io.ktor.websocket.CloseReason
import io.ktor.websocket.Frame
import io.ktor.websocket.FrameTooBigException
import io.ktor.websocket.WebSocketDeflateExtension
import io.ktor.websocket.WebSocketSession
import io.ktor.websocket.close
import io.ktor.websocket.readBytes
import io.ktor.websocket.readText
import io.ktor.websocket.send
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.withTimeout
import kotlinx.serialization.Serializable
import kotlinx.serialization.encodeToString
import kotlinx.serialization.json.Json

@Serializable
data class Outcome(val name: String, val failure: String? = null)

private class Scenario(val name: String, val engines: Set<String>, val run: suspend (HttpClient, String) -> Unit)

private val scenarios = mutableListOf<Scenario>()
private val all = setOf("CIO", "OkHttp")
/** Ktor's OkHttp engine has no raw sessions, extensions and frame limits. */
private val cio = setOf("CIO")

private fun scenario(name: String, engines: Set<String> = all, run: suspend (HttpClient, String) -> Unit) {
    scenarios += Scenario(name, engines, run)
}

suspend fun runScenarios(engine: String, url: String) {
    declareScenarios()
    for (scenario in scenarios.filter { engine in it.engines }) {
        val client = makeClient(engine)
        val failure = runCatching { withTimeout(20.seconds) { scenario.run(client, url) } }.exceptionOrNull()
        client.close()
        println(Json.encodeToString(Outcome(scenario.name, failure?.stackTraceToString()?.take(1500))))
    }
}

private fun makeClient(engine: String): HttpClient {
    val factory: HttpClientEngineFactory<*> = if (engine == "CIO") CIO else OkHttp
    return HttpClient(factory) {
        install(WebSockets) {
            contentConverter = KotlinxWebsocketSerializationConverter(Json)
            if (engine == "CIO") {
                maxFrameSize = maxFrame
                pingIntervalMillis = 300
                extensions { install(WebSocketDeflateExtension) { compressIfBiggerThan(bytes = 256) } }
            }
        }
    }
}

private fun equal(actual: Any?, expected: Any?, what: String) {
    check(actual == expected) { "$what is $actual and should be $expected" }
}

private suspend fun DefaultClientWebSocketSession.text(): String = (incoming.receive() as Frame.Text).readText()

/** What the server has seen of the end of the session with that id. */
private suspend fun HttpClient.seenEnd(url: String, id: String): Reason {
    var reason = Reason()
    webSocket("$url/end?id=$id") { reason = receiveDeserialized() }
    return reason
}

private fun declareScenarios() {
    scenario("the conversation of Ktor's page, to its end") { client, url ->
        val (host, port) = url.removePrefix("ws://").split(":")
        client.webSocket(method = HttpMethod.Get, host = host, port = port.toInt(), path = "/greeting") {
            equal(text(), "Please enter your name", "the greeting")
            send("Ann")
            equal(text(), "Hi, Ann!", "the answer")
            send("bye")
            for (frame in incoming) Unit
            equal(closeReason.await(), CloseReason(CloseReason.Codes.NORMAL, "Client said BYE"), "closeReason")
        }
    }
    scenario("texts and bytes of every length class come back as they went") { client, url ->
        client.webSocket("$url/echo") {
            for (text in listOf("", "plain", "日本語", "👩‍🚀", "a\u0000b")) {
                send(text)
                equal(text(), text, "the echo")
            }
            for (size in listOf(0, 1, 125, 126, 65_535, 65_536, 1_000_000)) {
                val bytes = ByteArray(size) { (it * 7).toByte() }
                send(bytes)
                check((incoming.receive() as Frame.Binary).readBytes().contentEquals(bytes)) { "$size bytes came back changed" }
            }
        }
    }
    scenario("twenty sessions at once, a hundred echoes each, in order") { client, url ->
        coroutineScope {
            (1..20).map { session ->
                async {
                    client.webSocket("$url/echo") {
                        repeat(100) { send("$session $it") }
                        repeat(100) { equal(text(), "$session $it", "the echo") }
                    }
                }
            }.awaitAll()
        }
    }
    scenario("a thousand messages arrive in order, and then the end") { client, url ->
        client.webSocket("$url/count?messages=1000") {
            var next = 0
            for (frame in incoming) equal((frame as Frame.Text).readText(), "${next++}", "the message")
            equal(next, 1000, "how many came")
        }
    }
    scenario("the server's close is the session's reason") { client, url ->
        val session = client.webSocketSession("$url/close?code=4002&message=enough")
        for (frame in session.incoming) Unit
        equal(session.closeReason.await(), CloseReason(4002, "enough"), "closeReason")
    }
    scenario("the server sees the client's reason") { client, url ->
        client.webSocket("$url/open?id=ktor-close") { close(CloseReason(4321, "of Ktor")) }
        equal(client.seenEnd(url, "ktor-close"), Reason(4321, "of Ktor"), "what the server saw")
    }
    scenario("the end of the block closes with 1000") { client, url ->
        client.webSocket("$url/open?id=ktor-end") { }
        equal(client.seenEnd(url, "ktor-end").code, 1000, "the code that the server saw")
    }
    scenario("a session that is cancelled ends for the server, too") { client, url ->
        val session = client.webSocketSession("$url/open?id=ktor-cancel")
        equal(session.text(), "open", "the first message")
        session.cancel()
        // With OkHttp it says so in a Close frame. With CIO it is a race of what is cancelled: it just goes, or what
        // waits to send is first, and closes with 1000.
        val seen = client.seenEnd(url, "ktor-cancel").code
        check(seen == 0 || seen == 1000 || seen == 1011) { "the server saw $seen" }
    }
    scenario("the subprotocol that the server chose is in the response") { client, url ->
        val session = client.webSocketSession("$url/echo") { header("Sec-WebSocket-Protocol", "v1.contract, v2.contract") }
        equal(session.call.response.headers["Sec-WebSocket-Protocol"], "v2.contract", "the subprotocol")
        session.close()
    }
    scenario("headers and query reach the server") { client, url ->
        client.webSocket("$url/headers?x=1", { header("X-Team", "red") }) {
            equal(Json.decodeFromString<Map<String, String>>(text())["x-team"], "red", "the header")
        }
    }
    scenario("a path that is not served is an exception") { client, url ->
        val failure = runCatching { client.webSocketSession("$url/nowhere") }.exceptionOrNull()
        // Each engine has its own.
        check(failure != null && "404" in "$failure") { "it is $failure" }
    }
    scenario("values go there and back: the page on serialization") { client, url ->
        client.webSocket("$url/customer/1") { equal(receiveDeserialized<Customer>(), Customer(1, "Jane", "Smith"), "the customer") }
        client.webSocket("$url/customer/echo") {
            sendSerialized(Customer(2, "Ann", "Lee"))
            equal(receiveDeserialized<Customer>(), Customer(2, "Ann", "Lee"), "the echo")
        }
    }
    scenario("compression is agreed on, and messages are the same with it", cio) { client, url ->
        client.webSocket("$url/extensions") { equal(text(), "permessage-deflate", "what the server says was agreed") }
        client.webSocket("$url/echo") {
            repeat(50) {
                val text = "It is said again and again. ".repeat(20 + it)
                send(text)
                equal(text(), text, "the echo")
            }
        }
    }
    scenario("pings of Ktor are answered: the session outlives its time-out", cio) { client, url ->
        client.webSocket("$url/echo") {
            delay(1_500)
            send("alive")
            equal(text(), "alive", "the echo")
        }
    }
    scenario("a frame over Ktor's limit fails there, and the server is told 1009", cio) { client, url ->
        val strict = client.config { install(WebSockets) { maxFrameSize = 1000 } }
        val failure = runCatching {
            strict.webSocket("$url/large?id=ktor-large&size=1500") { incoming.receive() }
        }.exceptionOrNull()
        check(generateSequence(failure) { it.cause }.any { it is FrameTooBigException }) { "it is $failure" }
        equal(client.seenEnd(url, "ktor-large").code, 1009, "the code that the server saw")
    }
    scenario("a raw session sees pings and fragments, and answers by hand", cio) { client, url ->
        val (host, port) = url.removePrefix("ws://").split(":")
        client.webSocketRaw(HttpMethod.Get, host, port.toInt(), "/raw") { rawConversation() }
    }
}

private suspend fun WebSocketSession.rawConversation() {
    val ping = incoming.receive()
    val (first, second) = incoming.receive() to incoming.receive()
    check(ping is Frame.Ping) { "first came $ping" }
    equal(listOf(first.fin, second.fin), listOf(false, true), "fin")
    send(Frame.Pong(ping.readBytes()))
    equal((incoming.receive() as Frame.Text).readText(), "pong 1 2 3", "the server's answer")
    send(Frame.Close(CloseReason(CloseReason.Codes.NORMAL, "")))
    check(incoming.receive() is Frame.Close) { "the Close frame was not answered" }
}
