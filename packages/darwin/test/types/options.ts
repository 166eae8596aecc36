// SPDX-License-Identifier: Apache-2.0
// The options as a NativeScript program writes them, by NativeScript's types. Compiled, never run.
import { HttpClient, WebSockets } from "halyard";
import { Darwin } from "../../src/index.ts";

export const client: HttpClient<"WebSockets"> = new HttpClient(Darwin, {
  configureSession(configuration: NSURLSessionConfiguration) {
    configuration.allowsCellularAccess = false;
  },
  configureRequest(request: NSMutableURLRequest) {
    request.allowsExpensiveNetworkAccess = false;
  },
  handleChallenge(
    session: NSURLSession,
    task: NSURLSessionTask,
    challenge: NSURLAuthenticationChallenge,
    completionHandler: (
      disposition: NSURLSessionAuthChallengeDisposition,
      credential: NSURLCredential | null,
    ) => void,
  ) {
    const { authenticationMethod, serverTrust } = challenge.protectionSpace;
    if (
      authenticationMethod !== NSURLAuthenticationMethodServerTrust ||
      session.sessionDescription === "" ||
      task.countOfBytesSent > 0
    )
      return completionHandler(NSURLSessionAuthChallengeDisposition.PerformDefaultHandling, null);
    completionHandler(
      NSURLSessionAuthChallengeDisposition.UseCredential,
      NSURLCredential.credentialForTrust(serverTrust),
    );
  },
  maximumMessageSize: 2 ** 20,
}).install(WebSockets);
