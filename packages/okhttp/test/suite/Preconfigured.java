// SPDX-License-Identifier: Apache-2.0
package test;

import java.util.function.Supplier;
import okhttp3.OkHttpClient;

/** A client of a user: it adds a header to every request. */
public final class Preconfigured implements Supplier<OkHttpClient> {
  @Override
  public OkHttpClient get() {
    System.out.println("a line that is no frame");
    return new OkHttpClient.Builder()
        .addInterceptor(chain -> chain.proceed(chain.request().newBuilder().header("X-Made-By", "a user").build()))
        .build();
  }
}
