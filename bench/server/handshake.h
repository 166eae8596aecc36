// SPDX-License-Identifier: Apache-2.0
// The opening handshake of RFC 6455, as far as a benchmark needs it.
#ifndef HANDSHAKE_H
#define HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>

enum mode { MODE_ECHO, MODE_SINK, MODE_FLOOD };

struct request {
  enum mode mode;
  unsigned long ack; // sink: an answer after so many messages
};

/// Reads a request head that ends with a null byte, and writes the answer to it. Returns the length of the answer; `accepted`
/// tells whether it is a 101.
size_t answer_handshake(const char *head, struct request *request, char *answer, size_t capacity, bool *accepted);

#endif
