// SPDX-License-Identifier: Apache-2.0
// What the engine contract talks to, the routes of Ktor's documentation, and those of Ktor's own tests of its clients.
package halyard.interop

import io.ktor.http.HttpStatusCode
import io.ktor.serialization.kotlinx.KotlinxWebsocketSerializationConverter
import io.ktor.server.application.Application
import io.ktor.server.application.install
import io.ktor.server.cio.CIO
import io.ktor.server.engine.embeddedServer
import io.ktor.server.plugins.statuspages.StatusPages
import io.ktor.server.request.header
import io.ktor.server.response.header
import io.ktor.server.response.respondText
import io.ktor.server.routing.Route
import io.ktor.server.routing.get
import io.ktor.server.routing.routing
import io.ktor.server.websocket.DefaultWebSocketServerSession
import io.ktor.server.websocket.WebSockets
import io.ktor.server.websocket.receiveDeserialized
import io.ktor.server.websocket.sendSerialized
import io.ktor.server.websocket.webSocket
import io.ktor.server.websocket.webSocketRaw
import io.ktor.websocket.CloseReason
import io.ktor.websocket.Frame
import io.ktor.websocket.WebSocketDeflateExtension
import io.ktor.websocket.close
import io.ktor.websocket.readBytes
import io.ktor.websocket.readReason
import io.ktor.websocket.readText
import io.ktor.websocket.send
import java.util.concurrent.ConcurrentHashMap
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.channels.consumeEach
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.Serializable
import kotlinx.serialization.encodeToString
import kotlinx.serialization.json.Json

@Serializable
data class Customer(val id: Int, val firstName: String, val lastName: String)

@Serializable
data class Reason(val code: Int = 0, val message: String = "")

/** The limit of the routes below, which one case exceeds. */
const val maxFrame = 4L shl 20

fun serve(compresses: Boolean) {
    val server = embeddedServer(CIO, host = "127.0.0.1", port = 0) { routes(compresses) }
    server.start(wait = false)
    println(runBlocking { server.engine.resolvedConnectors().first().port })
    while (readlnOrNull() != null) Unit
    server.stop(0, 0)
}

fun Application.routes(compresses: Boolean) {
    install(StatusPages) {
        status(HttpStatusCode.NotFound) { call, status -> call.respondText("there is no such route", status = status) }
    }
    install(WebSockets) {
        pingPeriodMillis = 15_000
        timeoutMillis = 15_000
        maxFrameSize = maxFrame
        contentConverter = KotlinxWebsocketSerializationConverter(Json)
        if (compresses) extensions { install(WebSocketDeflateExtension) { compressIfBiggerThan(bytes = 256) } }
    }
    routing {
        contract()
        documentation()
        ownTests()
    }
}

/** The counterpart of `contractRoutes` of `halyard/testing`. */
private fun Route.contract() {
    val ends = ConcurrentHashMap<String, CompletableDeferred<CloseReason?>>()
    fun endOf(id: String) = ends.computeIfAbsent(id) { CompletableDeferred() }

    webSocket("/echo", protocol = "v2.contract") { echo() }
    webSocket("/echo") { echo() }
    webSocket("/greeting") { greet() }
    webSocket("/headers") {
        val headers = call.request.headers
        send(Json.encodeToString(headers.names().associate { it.lowercase() to headers.getAll(it)!!.joinToString(", ") }))
    }
    webSocket("/close") {
        close(CloseReason(parameter("code").toShort(), parameter("message")))
    }
    webSocket("/count") {
        repeat(parameter("messages").toInt()) { send("$it") }
    }
    webSocket("/watched") {
        for (frame in incoming) Unit
        endOf(parameter("id")).complete(closeReason.await())
    }
    webSocket("/watch") {
        val reason = endOf(parameter("id")).await()
        send(if (reason == null) "{}" else Json.encodeToString(Reason(reason.code.toInt(), reason.message)))
    }
    webSocketRaw("/raw") {
        send(Frame.Ping(byteArrayOf(1, 2, 3)))
        send(Frame.Text(false, "frag".toByteArray()))
        send(Frame.Text(true, "mented".toByteArray()))
        for (frame in incoming) {
            if (frame is Frame.Pong) send("pong ${frame.readBytes().joinToString(" ")}")
            if (frame is Frame.Close) {
                send(frame.readReason()?.let { Frame.Close(it) } ?: Frame.Close())
                break
            }
        }
    }
}

private fun DefaultWebSocketServerSession.parameter(name: String) = call.request.queryParameters[name] ?: ""

private suspend fun DefaultWebSocketServerSession.echo() {
    for (frame in incoming) {
        if (frame is Frame.Text) send(Frame.Text(true, frame.readBytes()))
        if (frame is Frame.Binary) send(Frame.Binary(true, frame.readBytes()))
    }
}

/** The echo server that Ktor's page on client WebSockets talks to. */
private suspend fun DefaultWebSocketServerSession.greet() {
    send("Please enter your name")
    incoming.consumeEach { frame ->
        if (frame !is Frame.Text) return@consumeEach
        val text = frame.readText()
        if (text.equals("bye", ignoreCase = true)) close(CloseReason(CloseReason.Codes.NORMAL, "Client said BYE"))
        else send("Hi, $text!")
    }
}

/** Serialization and the chat. */
private fun Route.documentation() {
    val customers = CompletableDeferred<Customer>()
    webSocket("/customer/1") { sendSerialized(Customer(1, "Jane", "Smith")) }
    webSocket("/customer") { customers.complete(receiveDeserialized<Customer>()) }
    get("/received-customer") { call.respondText(customers.await().toString()) }

    val members = ConcurrentHashMap.newKeySet<DefaultWebSocketServerSession>()
    webSocket("/chat") {
        members += this
        try {
            send("You are connected! There are ${members.size} users here.")
            incoming.consumeEach { frame ->
                if (frame is Frame.Text) frame.readText().let { text -> members.forEach { it.send("[${parameter("name")}]: $text") } }
            }
        } finally {
            members -= this
        }
    }
}

/** What the server of Ktor's own client tests has. */
private fun Route.ownTests() {
    webSocket("/echo-query") { send(call.request.queryParameters["param"] ?: error("no param")) }
    webSocket("/text") { send("x".repeat(parameter("size").toInt())) }
    webSocket("/sub-protocol", protocol = "test-protocol") { echo() }
    webSocket("/close-on-end") {
        for (frame in incoming) {
            if (frame is Frame.Text && frame.readText() == "End") close(CloseReason(CloseReason.Codes.NORMAL, "End"))
        }
    }
    webSocketRaw("/count-pong") {
        send(Frame.Ping("ping".toByteArray()))
        var pongs = 0
        for (frame in incoming) {
            if (frame is Frame.Pong) pongs++
            if (frame is Frame.Text) send("$pongs")
            if (frame is Frame.Close) {
                send(Frame.Close(CloseReason(CloseReason.Codes.NORMAL, "")))
                break
            }
        }
    }
    webSocket("/extensions") { send(extensions.joinToString { it::class.simpleName ?: "?" }) }
    webSocket("/receive-backpressure") { repeat(1001) { send("message $it") } }
    get("/500") { call.respondText("broken", status = HttpStatusCode.InternalServerError) }
    get("/") { call.respondText("plain HTTP") }
    get("/redirect") {
        call.response.header("Location", "/echo")
        call.respondText("elsewhere", status = HttpStatusCode.Found)
    }
    webSocket("/authorized") {
        if (call.request.header("Authorization") == "Bearer valid") send("Hello from server")
        else close(CloseReason(CloseReason.Codes.VIOLATED_POLICY, "not authorized"))
    }
}
