// SPDX-License-Identifier: Apache-2.0
// `server`, or `server-without-deflate`, prints its port and serves until its input ends; `client ENGINE URL` runs its scenarios and prints a line of JSON for each.
package halyard.interop

import kotlin.concurrent.thread
import kotlin.system.exitProcess
import kotlinx.coroutines.runBlocking

fun main(args: Array<String>) {
    thread(isDaemon = true) {
        Thread.sleep(15 * 60_000L)
        Runtime.getRuntime().halt(1)
    }
    when (args.first()) {
        "server" -> serve(compresses = true)
        "server-without-deflate" -> serve(compresses = false)
        "client" -> runBlocking { runScenarios(args[1], args[2]) }
        else -> error("either server or client")
    }
    exitProcess(0)
}
