// SPDX-License-Identifier: Apache-2.0
// The clients that servers are measured with: one thread, epoll, and as little work as there can be.
//
//   load FOLDER SECONDS
//
// Listens on a free port of 127.0.0.1 and prints it. Ends when its standard input ends, at the latest after SECONDS. Who connects to
// that port gives orders, a line each, and gets a line for each answer:
//
//   open PORT CONNECTIONS SIZE   opens so many connections to the server on PORT; its messages will have SIZE bytes. "open"
//   echo COUNT IN-FLIGHT         sends messages, so many under way on each connection, until COUNT have come back. "done COUNT"
//   count EVERY                  from now on, a line for each so many messages that have come: their number
//
// Every byte that comes is looked at. A message is a window of the alphabet over and over: number n begins with letter n modulo 26. Of
// an echo the number is that of the connection, of what is counted that of the connection, too.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LETTERS = 26, READ_SIZE = 1 << 18, HEAD_CAPACITY = 4096, BURST = 64 };

struct connection {
  int fd;
  bool open;
  char head[HEAD_CAPACITY];
  size_t head_length;

  unsigned char header[10];
  size_t header_length, payload_at;
  bool in_payload;
  uint64_t received, sent; // messages
  unsigned allowed;        // how many more may be sent now
  size_t frame_sent;       // bytes of the frame that is under way
  bool waits;              // for room
};

static int epoll, control = -1;
static struct connection **connections;
static unsigned connection_count, open_count;
static size_t size;                                       // of a message
static unsigned char *pattern;                            // the alphabet over and over
static unsigned char *frames[LETTERS];                    // masked, as they are sent
static size_t frame_length;
static uint64_t received, to_send, every, wanted;
static unsigned char input[READ_SIZE];
static char line[256];
static size_t line_length;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void wrong(const char *what) {
  fprintf(stderr, "load: %s\n", what);
  exit(1);
}

static void tell(const char *format, uint64_t number) {
  char text[64];
  int length = snprintf(text, sizeof text, format, (unsigned long)number);
  if (write(control, text, (size_t)length) != length) die("control");
}

static void watch(int fd, void *data, uint32_t events, int operation) {
  struct epoll_event event = {.events = events, .data.ptr = data};
  if (epoll_ctl(epoll, operation, fd, &event) < 0) die("epoll_ctl");
}

static size_t header_of(unsigned char *at, unsigned char first, unsigned char mask_bit) {
  at[0] = first;
  if (size < 126) {
    at[1] = (unsigned char)(mask_bit | size);
    return 2;
  }
  at[1] = mask_bit | 126;
  at[2] = (unsigned char)(size >> 8);
  at[3] = (unsigned char)size;
  return 4;
}

/// Makes what is sent, and what is expected.
static void prepare(void) {
  static const unsigned char mask[4] = {0x37, 0xfa, 0x21, 0x3d};
  if (size == 0 || size > 65535) wrong("a size that is none");
  pattern = malloc(size + LETTERS);
  for (size_t i = 0; i < size + LETTERS; i++) pattern[i] = (unsigned char)('a' + i % LETTERS);
  for (int letter = 0; letter < LETTERS; letter++) {
    unsigned char *frame = frames[letter] = malloc(size + 8);
    size_t at = header_of(frame, 0x81, 0x80);
    memcpy(frame + at, mask, 4);
    at += 4;
    for (size_t i = 0; i < size; i++) frame[at + i] = pattern[(size_t)letter + i] ^ mask[i & 3];
    frame_length = at + size;
  }
}

static void open_connections(unsigned port, unsigned count) {
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  char request[256];
  int length = snprintf(request, sizeof request,
                        "GET / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                        port);
  prepare();
  connections = calloc(count, sizeof *connections);
  connection_count = count;
  for (unsigned i = 0; i < count; i++) {
    struct connection *c = connections[i] = calloc(1, sizeof *c);
    int yes = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0) die("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (write(c->fd, request, (size_t)length) != length) die("request");
    watch(c->fd, c, EPOLLIN, EPOLL_CTL_ADD);
  }
}

/// Sends what is allowed, many frames in a call.
static void send_some(struct connection *c) {
  static unsigned char burst[BURST * 1024];
  while ((c->allowed > 0 && to_send > 0) || c->frame_sent > 0) {
    size_t length = 0;
    uint64_t number = c->sent;
    unsigned allowed = c->allowed;
    uint64_t left = to_send;
    size_t skip = c->frame_sent;
    while (skip > 0 || (allowed > 0 && left > 0)) {
      if (length + frame_length > sizeof burst) break;
      memcpy(burst + length, frames[number % LETTERS] + skip, frame_length - skip);
      length += frame_length - skip;
      if (skip == 0) {
        allowed--;
        left--;
      }
      skip = 0;
      number++;
    }
    ssize_t written = send(c->fd, burst, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (written < 0 && errno != EAGAIN) exit(0);
    size_t gone = written < 0 ? 0 : (size_t)written;
    while (gone > 0) {
      if (c->frame_sent == 0) {
        c->allowed--;
        to_send--;
      }
      size_t rest = frame_length - c->frame_sent;
      if (gone < rest) {
        c->frame_sent += gone;
        break;
      }
      gone -= rest;
      c->frame_sent = 0;
      c->sent++;
    }
    if (written < (ssize_t)length) {
      if (!c->waits) watch(c->fd, c, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
      c->waits = true;
      return;
    }
  }
  if (c->waits) watch(c->fd, c, EPOLLIN, EPOLL_CTL_MOD);
  c->waits = false;
}

static void message_end(struct connection *c) {
  c->in_payload = false;
  c->payload_at = 0;
  c->received++;
  c->allowed++;
  received++;
  if (every > 0 && received % every == 0) tell("%lu\n", received);
  if (wanted > 0 && received == wanted) {
    wanted = 0;
    tell("done %lu\n", received);
  }
}

static void feed(struct connection *c, const unsigned char *data, size_t length) {
  unsigned char expected[4];
  size_t header_size = header_of(expected, 0x81, 0);
  while (length > 0) {
    if (!c->in_payload) {
      if (*data != expected[c->header_length]) wrong("a frame that is no text of the size that was agreed");
      data++;
      length--;
      if (++c->header_length < header_size) continue;
      c->header_length = 0;
      c->in_payload = true;
      continue;
    }
    size_t take = size - c->payload_at < length ? size - c->payload_at : length;
    if (memcmp(data, pattern + c->received % LETTERS + c->payload_at, take) != 0) wrong("a message that was not sent");
    c->payload_at += take;
    data += take;
    length -= take;
    if (c->payload_at == size) message_end(c);
  }
}

/// Takes the answer to the handshake, and what may follow it.
static void feed_head(struct connection *c, const unsigned char *data, size_t length) {
  if (c->head_length + length >= HEAD_CAPACITY) wrong("a long answer");
  memcpy(c->head + c->head_length, data, length);
  c->head_length += length;
  c->head[c->head_length] = '\0';
  char *end = strstr(c->head, "\r\n\r\n");
  if (end == NULL) return;
  if (strncmp(c->head, "HTTP/1.1 101", 12) != 0) wrong(c->head);
  c->open = true;
  if (++open_count == connection_count) tell("open\n", 0);
  size_t used = (size_t)(end + 4 - c->head);
  feed(c, (unsigned char *)c->head + used, c->head_length - used);
}

static void serve(struct connection *c, uint32_t events) {
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
    ssize_t length = recv(c->fd, input, sizeof input, MSG_DONTWAIT);
    // Who gave the orders finds out by the end of its connection, if it is still there.
    if (length == 0 || (length < 0 && errno != EAGAIN)) exit(0);
    if (length > 0) (c->open ? feed : feed_head)(c, input, (size_t)length);
  }
  send_some(c);
}

static void obey(char *order) {
  unsigned long numbers[3] = {0, 0, 0};
  char name[16];
  sscanf(order, "%15s %lu %lu %lu", name, &numbers[0], &numbers[1], &numbers[2]);
  if (strcmp(name, "open") == 0 && connections == NULL) {
    size = numbers[2];
    open_connections((unsigned)numbers[0], (unsigned)numbers[1]);
  } else if (strcmp(name, "echo") == 0 && wanted == 0) {
    received = 0;
    wanted = to_send = numbers[0];
    for (unsigned i = 0; i < connection_count; i++) {
      connections[i]->allowed = (unsigned)numbers[1];
      send_some(connections[i]);
    }
  } else if (strcmp(name, "count") == 0) {
    received = 0;
    every = numbers[0];
  } else {
    wrong("an order that is none");
  }
}

static void take_orders(void) {
  char bytes[256];
  ssize_t length = read(control, bytes, sizeof bytes);
  if (length <= 0) exit(0);
  for (ssize_t i = 0; i < length; i++) {
    if (line_length == sizeof line) wrong("a long order");
    line[line_length++] = bytes[i];
    if (bytes[i] != '\n') continue;
    line[line_length - 1] = '\0';
    line_length = 0;
    obey(line);
  }
}

static int listen_on_loopback(void) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 1) < 0 ||
      getsockname(listener, (struct sockaddr *)&address, &length) < 0) {
    die("listen");
  }
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: load FOLDER SECONDS\n");
    return 2;
  }
  alarm((unsigned)atoi(argv[2]));
  signal(SIGPIPE, SIG_IGN);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  epoll = epoll_create1(EPOLL_CLOEXEC);
  int listener = listen_on_loopback();
  // These are told apart from connections by where their data points to.
  watch(listener, &epoll, EPOLLIN, EPOLL_CTL_ADD);
  watch(0, &line, EPOLLIN, EPOLL_CTL_ADD);
  for (;;) {
    struct epoll_event events[256];
    int count = epoll_wait(epoll, events, 256, -1);
    for (int i = 0; i < count; i++) {
      void *data = events[i].data.ptr;
      if (data == &epoll) {
        if (control >= 0) wrong("a second giver of orders");
        control = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        watch(control, &control, EPOLLIN, EPOLL_CTL_ADD);
      } else if (data == &control) {
        take_orders();
      } else if (data == &line) {
        char ignored[64];
        if (read(0, ignored, sizeof ignored) <= 0) return 0;
      } else {
        serve(data, events[i].events);
      }
    }
  }
}
