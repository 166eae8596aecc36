// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "handshake.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t rotate(uint32_t value, int bits) { return (value << bits) | (value >> (32 - bits)); }

static void sha1_block(uint32_t state[5], const unsigned char block[64]) {
  uint32_t words[80];
  for (int i = 0; i < 16; i++) {
    const unsigned char *at = block + 4 * i;
    words[i] = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
  }
  for (int i = 16; i < 80; i++) words[i] = rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);

  uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
  for (int i = 0; i < 80; i++) {
    uint32_t mixed, constant;
    if (i < 20) mixed = (b & c) | (~b & d), constant = 0x5a827999;
    else if (i < 40) mixed = b ^ c ^ d, constant = 0x6ed9eba1;
    else if (i < 60) mixed = (b & c) | (b & d) | (c & d), constant = 0x8f1bbcdc;
    else mixed = b ^ c ^ d, constant = 0xca62c1d6;
    uint32_t next = rotate(a, 5) + mixed + e + constant + words[i];
    e = d, d = c, c = rotate(b, 30), b = a, a = next;
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

/// SHA-1 of at most 119 bytes, which is all that a handshake has.
static void sha1(const unsigned char *data, size_t length, unsigned char digest[20]) {
  unsigned char padded[128] = {0};
  size_t total = length < 56 ? 64 : 128;
  memcpy(padded, data, length);
  padded[length] = 0x80;
  padded[total - 2] = (unsigned char)(length * 8 >> 8);
  padded[total - 1] = (unsigned char)(length * 8);

  uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  for (size_t at = 0; at < total; at += 64) sha1_block(state, padded + at);
  for (int i = 0; i < 20; i++) digest[i] = (unsigned char)(state[i / 4] >> (24 - 8 * (i % 4)));
}

static void base64(const unsigned char *data, size_t length, char *text) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t at = 0; at < length; at += 3) {
    size_t left = length - at;
    uint32_t triple = (uint32_t)data[at] << 16;
    if (left > 1) triple |= (uint32_t)data[at + 1] << 8;
    if (left > 2) triple |= data[at + 2];
    *text++ = digits[triple >> 18];
    *text++ = digits[triple >> 12 & 63];
    *text++ = left > 1 ? digits[triple >> 6 & 63] : '=';
    *text++ = left > 2 ? digits[triple & 63] : '=';
  }
  *text = '\0';
}

/// Copies the value of a header; false if there is none, or it is too long.
static bool header_value(const char *head, const char *name, char *value, size_t capacity) {
  size_t name_length = strlen(name);
  for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
    line += 2;
    if (strncasecmp(line, name, name_length) != 0 || line[name_length] != ':') continue;
    const char *start = line + name_length + 1;
    while (*start == ' ') start++;
    size_t length = strcspn(start, "\r");
    if (length >= capacity) return false;
    memcpy(value, start, length);
    value[length] = '\0';
    return true;
  }
  return false;
}

/// Whether the request's target has this text, in its path or query.
static bool target_has(const char *target, const char *text) { return strstr(target, text) != NULL; }

size_t answer_handshake(const char *head, struct request *request, char *answer, size_t capacity, bool *accepted) {
  char target[256], key[64], offers[512];
  *accepted = false;
  if (sscanf(head, "GET %255s HTTP/1.1", target) != 1 || !header_value(head, "Sec-WebSocket-Key", key, sizeof key)) {
    return (size_t)snprintf(answer, capacity, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  }

  request->mode = target_has(target, "/sink") ? MODE_SINK : target_has(target, "/flood") ? MODE_FLOOD : MODE_ECHO;
  const char *ack = strstr(target, "ack=");
  request->ack = ack == NULL ? 1 : strtoul(ack + 4, NULL, 10);
  if (request->ack == 0) request->ack = 1;

  const char *extension = "";
  if (target_has(target, "deflate=")) {
    // A client that does not compress must not pass for one that does.
    if (!header_value(head, "Sec-WebSocket-Extensions", offers, sizeof offers) ||
        strstr(offers, "permessage-deflate") == NULL) {
      return (size_t)snprintf(answer, capacity,
                              "HTTP/1.1 406 Not Acceptable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    extension = target_has(target, "deflate=fresh") ? "Sec-WebSocket-Extensions: permessage-deflate; "
                                                      "server_no_context_takeover; client_no_context_takeover\r\n"
                                                    : "Sec-WebSocket-Extensions: permessage-deflate\r\n";
  }

  char joined[128], accept[32];
  unsigned char digest[20];
  int joined_length = snprintf(joined, sizeof joined, "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
  sha1((const unsigned char *)joined, (size_t)joined_length, digest);
  base64(digest, sizeof digest, accept);
  *accepted = true;
  return (size_t)snprintf(answer, capacity,
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Accept: %s\r\n%s\r\n",
                          accept, extension);
}
