// SPDX-License-Identifier: Apache-2.0
package dev.halyard.okhttp;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** What the payload of a frame consists of: numbers, and texts behind their length in bytes. */
final class Fields {
  private final DataInputStream input;

  Fields(byte[] payload) {
    input = new DataInputStream(new ByteArrayInputStream(payload));
  }

  int number() throws IOException {
    return input.readInt();
  }

  String text() throws IOException {
    byte[] bytes = new byte[number()];
    input.readFully(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /** As many as the number before them says. */
  List<String> texts() throws IOException {
    int count = number();
    List<String> texts = new ArrayList<>(count);
    for (int index = 0; index < count; index++) texts.add(text());
    return texts;
  }
}
