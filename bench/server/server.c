// SPDX-License-Identifier: Apache-2.0
// The peer that clients are measured against: one thread, epoll, and as little work as there can be.
//
//   server FOLDER SECONDS
//
// Listens on a free port of 127.0.0.1 and prints it. Ends when its standard input ends, at the latest after SECONDS.
//
//   /echo          sends every message back
//   /sink?ack=N    counts messages and drops them; after every N of them answers "MESSAGES PAYLOAD-BYTES WIRE-BYTES"
//   /flood         obeys messages like "first 1 rest 16382 last 1": sends these files of FOLDER so many times. They hold
//                  frames as they go over the wire.
//
// With `deflate=takeover` or `deflate=fresh` in its query, each agrees to permessage-deflate, and refuses who does not offer
// it. It never compresses itself: a flood sends what was compressed before, a sink counts, an echo has no such row.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "handshake.h"

enum { HEAD_CAPACITY = 8192, NOTE_CAPACITY = 512, READ_SIZE = 1 << 20, OUT_LIMIT = 4 << 20, JOBS = 8, BLOBS = 32 };
enum { OPCODE_CLOSE = 8, OPCODE_PING = 9 };

struct blob {
  char name[64];
  char *data;
  size_t length;
};

struct job {
  const struct blob *blob;
  uint64_t times;
};

struct connection {
  int fd;
  bool open;    // the handshake is done
  bool closing; // nothing more is read; closed when all is written
  struct request request;
  char *head; // the request, until it is answered
  size_t head_length;

  unsigned char header[14]; // of a frame that came in pieces
  size_t header_length;
  uint64_t payload_left;
  bool in_frame, fin;
  int opcode;
  unsigned char mask[4];
  size_t mask_at;
  unsigned char note[NOTE_CAPACITY]; // payload of what the server itself reads: control frames and a flood's orders
  size_t note_length;

  uint64_t messages, payload_bytes, wire_bytes;

  char *out;
  size_t out_length, out_sent, out_capacity;
  struct job jobs[JOBS];
  int job, job_count;
  size_t job_sent; // bytes of the current repetition
  uint32_t interest;
};

static const char *folder;
static struct blob blobs[BLOBS];
static int blob_count;
static int epoll;
static unsigned char input[READ_SIZE];

static void die(const char *what) {
  perror(what);
  exit(1);
}

static const struct blob *find_blob(const char *name) {
  for (int i = 0; i < blob_count; i++) {
    if (strcmp(blobs[i].name, name) == 0) return &blobs[i];
  }
  if (blob_count == BLOBS || strchr(name, '/') != NULL) return NULL;
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) < 0 || status.st_size == 0) die(path);
  struct blob *blob = &blobs[blob_count++];
  snprintf(blob->name, sizeof blob->name, "%s", name);
  blob->length = (size_t)status.st_size;
  blob->data = mmap(NULL, blob->length, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
  if (blob->data == MAP_FAILED) die("mmap");
  close(fd);
  return blob;
}

// Output

static char *reserve(struct connection *c, size_t length) {
  if (c->out_length + length > c->out_capacity) {
    size_t capacity = c->out_capacity == 0 ? 256 : c->out_capacity;
    while (capacity < c->out_length + length) capacity *= 2;
    c->out = realloc(c->out, capacity);
    if (c->out == NULL) die("realloc");
    c->out_capacity = capacity;
  }
  char *at = c->out + c->out_length;
  c->out_length += length;
  return at;
}

static void put_header(struct connection *c, bool fin, int opcode, uint64_t length) {
  size_t extra = length < 126 ? 0 : length < 65536 ? 2 : 8;
  unsigned char *at = (unsigned char *)reserve(c, 2 + extra);
  at[0] = (unsigned char)((fin ? 0x80 : 0) | opcode);
  at[1] = (unsigned char)(extra == 0 ? length : extra == 2 ? 126 : 127);
  for (size_t i = 0; i < extra; i++) at[2 + i] = (unsigned char)(length >> (8 * (extra - 1 - i)));
}

static void put_frame(struct connection *c, int opcode, const void *payload, size_t length) {
  put_header(c, true, opcode, length);
  memcpy(reserve(c, length), payload, length);
}

/// Writes what waits. False when the connection is gone.
static bool flush(struct connection *c) {
  while (c->out_sent < c->out_length || c->job < c->job_count) {
    struct iovec parts[64];
    int count = 0;
    size_t total = 0;
    if (c->out_sent < c->out_length) {
      total = c->out_length - c->out_sent;
      parts[count++] = (struct iovec){c->out + c->out_sent, total};
    } else {
      struct job *job = &c->jobs[c->job];
      size_t sent = c->job_sent;
      for (uint64_t i = 0; i < job->times && count < 64 && total < READ_SIZE; i++, sent = 0) {
        parts[count++] = (struct iovec){job->blob->data + sent, job->blob->length - sent};
        total += job->blob->length - sent;
      }
    }
    ssize_t written = writev(c->fd, parts, count);
    if (written < 0) return errno == EAGAIN;
    if (c->out_sent < c->out_length) {
      c->out_sent += (size_t)written;
      if (c->out_sent == c->out_length) c->out_sent = c->out_length = 0;
    } else {
      struct job *job = &c->jobs[c->job];
      c->job_sent += (size_t)written;
      job->times -= c->job_sent / job->blob->length;
      c->job_sent %= job->blob->length;
      if (job->times == 0) c->job++;
    }
  }
  return !c->closing;
}

// Input

static void obey(struct connection *c) {
  char *rest = NULL;
  c->note[c->note_length < NOTE_CAPACITY ? c->note_length : NOTE_CAPACITY - 1] = '\0';
  if (c->job < c->job_count) {
    fprintf(stderr, "an order before the last one was carried out\n");
    exit(1);
  }
  c->job = c->job_count = 0;
  for (char *name = strtok_r((char *)c->note, " ", &rest); name != NULL; name = strtok_r(NULL, " ", &rest)) {
    char *times = strtok_r(NULL, " ", &rest);
    const struct blob *blob = find_blob(name);
    if (times == NULL || blob == NULL || c->job_count == JOBS) {
      fprintf(stderr, "an order that is none\n");
      exit(1);
    }
    uint64_t count = strtoull(times, NULL, 10);
    if (count > 0) c->jobs[c->job_count++] = (struct job){blob, count};
  }
}

static void frame_end(struct connection *c) {
  c->in_frame = false;
  if (c->opcode == OPCODE_CLOSE) {
    put_frame(c, OPCODE_CLOSE, c->note, c->note_length);
    c->closing = true;
  } else if (c->opcode == OPCODE_PING) {
    put_frame(c, 10, c->note, c->note_length);
  } else if (c->opcode < 8 && c->fin) {
    c->messages++;
    if (c->request.mode == MODE_FLOOD) obey(c);
    if (c->request.mode == MODE_SINK && c->messages % c->request.ack == 0) {
      char text[80];
      int length = snprintf(text, sizeof text, "%lu %lu %lu", (unsigned long)c->messages, (unsigned long)c->payload_bytes,
                            (unsigned long)c->wire_bytes);
      put_frame(c, 1, text, (size_t)length);
    }
  }
}

static void frame_begin(struct connection *c, const unsigned char *header, size_t length) {
  uint64_t payload = header[1] & 127;
  size_t extra = payload < 126 ? 0 : payload == 126 ? 2 : 8;
  if (extra > 0) payload = 0;
  for (size_t i = 0; i < extra; i++) payload = payload << 8 | header[2 + i];
  c->fin = header[0] >> 7;
  c->opcode = header[0] & 15;
  memcpy(c->mask, header + 2 + extra, 4);
  c->mask_at = 0;
  c->payload_left = payload;
  c->in_frame = true;
  c->wire_bytes += length + payload;
  if (c->opcode < 8) c->payload_bytes += payload;
  if (c->opcode != 0) c->note_length = 0;
  if (c->opcode < 8 && c->request.mode == MODE_ECHO) put_header(c, c->fin, c->opcode, payload);
  if (payload == 0) frame_end(c);
}

static void unmask(struct connection *c, unsigned char *to, const unsigned char *from, size_t length) {
  for (size_t i = 0; i < length; i++) to[i] = from[i] ^ c->mask[(c->mask_at + i) & 3];
  c->mask_at += length;
}

static size_t header_size(const unsigned char *header) {
  int length = header[1] & 127;
  return 6 + (length < 126 ? 0 : length == 126 ? 2 : 8);
}

static void payload(struct connection *c, const unsigned char *data, size_t length) {
  if (c->opcode < 8 && c->request.mode == MODE_ECHO) {
    unmask(c, (unsigned char *)reserve(c, length), data, length);
  } else if ((c->opcode >= 8 || c->request.mode == MODE_FLOOD) && c->note_length + length <= NOTE_CAPACITY) {
    unmask(c, c->note + c->note_length, data, length);
    c->note_length += length;
  }
  c->payload_left -= length;
  if (c->payload_left == 0) frame_end(c);
}

/// Takes bytes that are frames, or pieces of them.
static void feed(struct connection *c, const unsigned char *data, size_t length) {
  size_t at = 0;
  while (at < length && !c->closing) {
    size_t left = length - at;
    if (c->in_frame) {
      size_t take = c->payload_left < left ? c->payload_left : left;
      payload(c, data + at, take);
      at += take;
    } else if (c->header_length == 0 && left >= sizeof c->header) {
      size_t size = header_size(data + at);
      frame_begin(c, data + at, size);
      at += size;
    } else {
      c->header[c->header_length++] = data[at++];
      if (c->header_length < 2 || c->header_length < header_size(c->header)) continue;
      size_t size = c->header_length;
      c->header_length = 0;
      frame_begin(c, c->header, size);
    }
  }
}

/// Takes bytes of the request, and what may follow it. False when the connection cannot go on.
static bool feed_head(struct connection *c, const unsigned char *data, size_t length) {
  if (c->head == NULL) c->head = malloc(HEAD_CAPACITY + 1);
  size_t take = length < HEAD_CAPACITY - c->head_length ? length : HEAD_CAPACITY - c->head_length;
  memcpy(c->head + c->head_length, data, take);
  c->head_length += take;
  c->head[c->head_length] = '\0';
  char *end = strstr(c->head, "\r\n\r\n");
  if (end == NULL) return c->head_length < HEAD_CAPACITY;

  size_t rest = c->head_length - (size_t)(end + 4 - c->head);

  bool accepted;
  char answer[1024];
  size_t answer_length = answer_handshake(c->head, &c->request, answer, sizeof answer, &accepted);
  memcpy(reserve(c, answer_length), answer, answer_length);
  c->open = accepted;
  c->closing = !accepted;
  free(c->head);
  c->head = NULL;
  if (accepted) feed(c, data + take - rest, length - take + rest);
  return true;
}

// Connections

static void close_connection(struct connection *c) {
  close(c->fd);
  free(c->head);
  free(c->out);
  free(c);
}

static void serve(struct connection *c, uint32_t events) {
  bool alive = true;
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
    ssize_t length = read(c->fd, input, sizeof input);
    if (length == 0 || (length < 0 && errno != EAGAIN)) alive = false;
    else if (length > 0 && c->open) feed(c, input, (size_t)length);
    else if (length > 0) alive = feed_head(c, input, (size_t)length);
  }
  if (!alive || !flush(c)) {
    close_connection(c);
    return;
  }
  bool waits = c->out_sent < c->out_length || c->job < c->job_count;
  // A client that does not read its echoes is not read either.
  bool reads = c->out_length - c->out_sent < OUT_LIMIT && !c->closing;
  uint32_t interest = (reads ? EPOLLIN : 0) | (waits ? EPOLLOUT : 0);
  if (interest == c->interest) return;
  c->interest = interest;
  struct epoll_event event = {.events = interest, .data.ptr = c};
  epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event);
}

static void accept_all(int listener) {
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct connection *c = calloc(1, sizeof *c);
    if (c == NULL) die("calloc");
    c->fd = fd;
    c->interest = EPOLLIN;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
  }
}

static int listen_on_loopback(void) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 4096) < 0 ||
      getsockname(listener, (struct sockaddr *)&address, &length) < 0) {
    die("listen");
  }
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: server FOLDER SECONDS\n");
    return 2;
  }
  folder = argv[1];
  alarm((unsigned)atoi(argv[2]));
  signal(SIGPIPE, SIG_IGN);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  epoll = epoll_create1(EPOLL_CLOEXEC);
  int listener = listen_on_loopback();
  // These two are told apart from connections by where their data points to.
  struct epoll_event on_listener = {.events = EPOLLIN, .data.ptr = &epoll};
  struct epoll_event on_stdin = {.events = EPOLLIN, .data.ptr = &folder};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &on_listener) < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &on_stdin) < 0) {
    die("epoll_ctl");
  }
  for (;;) {
    struct epoll_event events[256];
    int count = epoll_wait(epoll, events, 256, -1);
    for (int i = 0; i < count; i++) {
      if (events[i].data.ptr == &epoll) accept_all(listener);
      else if (events[i].data.ptr == &folder) {
        char ignored[64];
        if (read(0, ignored, sizeof ignored) <= 0) return 0;
      } else serve(events[i].data.ptr, events[i].events);
    }
  }
}
