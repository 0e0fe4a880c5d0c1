/*
 * The executable a CNI runtime calls. Hands the call to the daemon in the node's agent and prints its answer; where no
 * daemon listens, or it dies before it has answered, runs the plain Node program instead: every command may be repeated.
 * FALLBACK_NODE and FALLBACK_PROGRAM are set when it is compiled.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <libgen.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET "/run/skiff/cni-2.sock"
/* A daemon that is there but answers nothing for so long (seconds) is hung. */
#define DEADLINE 90
#define HEADER 5
#define LARGEST (16u << 20)

extern char **environ;

struct bytes {
  char *start;
  size_t length;
};

enum outcome { ANSWERED, NO_DAEMON, HUNG };

static int fail(const char *why) {
  printf("{\"cniVersion\":\"1.0.0\",\"code\":11,\"msg\":\"skiff's CNI daemon: %s\"}", why);
  return 1;
}

static int connect_daemon(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  struct timeval deadline = {.tv_sec = DEADLINE};
  const char *path = getenv("SKIFF_CNI_SOCKET");
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  strncpy(address.sun_path, path && *path ? path : SOCKET, sizeof address.sun_path - 1);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof deadline);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

/* MSG_NOSIGNAL: a daemon that is gone is an answer, no reason to die. */
static int send_all(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return -1;
    bytes += sent;
    length -= (size_t)sent;
  }
  return 0;
}

static int write_all(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = write(fd, bytes, length);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return -1;
    bytes += written;
    length -= (size_t)written;
  }
  return 0;
}

/* Exactly so many bytes; less is -1 with errno 0. */
static int read_exactly(int fd, char *bytes, size_t length) {
  while (length > 0) {
    ssize_t count = read(fd, bytes, length);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      if (count == 0) errno = 0;
      return -1;
    }
    bytes += count;
    length -= (size_t)count;
  }
  return 0;
}

static int read_all(int fd, struct bytes *all) {
  size_t room = 65536;
  all->length = 0;
  all->start = malloc(room);
  while (all->start) {
    ssize_t count = read(fd, all->start + all->length, room - all->length);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    if (count == 0) return 0;
    all->length += (size_t)count;
    if (all->length == room) all->start = realloc(all->start, room *= 2);
  }
  return -1;
}

static int send_call(int fd, const char *name, const struct bytes *input) {
  if (send_all(fd, name, strlen(name) + 1) < 0) return -1;
  for (char **variable = environ; *variable; variable++) {
    if (strncmp(*variable, "CNI_", 4) != 0) continue;
    if (send_all(fd, *variable, strlen(*variable) + 1) < 0) return -1;
  }
  if (send_all(fd, "", 1) < 0 || send_all(fd, input->start, input->length) < 0) return -1;
  return shutdown(fd, SHUT_WR);
}

/* Code and length, then the text; printed only when it is whole. */
static int read_answer(int fd, int *code, struct bytes *output) {
  unsigned char header[HEADER];
  if (read_exactly(fd, (char *)header, HEADER) < 0) return -1;
  output->length = (uint32_t)header[1] << 24 | header[2] << 16 | header[3] << 8 | header[4];
  if (output->length > LARGEST || !(output->start = malloc(output->length + 1))) return -1;
  *code = header[0];
  return read_exactly(fd, output->start, output->length);
}

static enum outcome ask_daemon(const char *name, const struct bytes *input, int *code) {
  struct bytes output;
  int fd = connect_daemon();
  if (fd < 0) return NO_DAEMON;
  if (send_call(fd, name, input) < 0 || read_answer(fd, code, &output) < 0) {
    return errno == EAGAIN || errno == EWOULDBLOCK ? HUNG : NO_DAEMON;
  }
  if (write_all(STDOUT_FILENO, output.start, output.length) < 0) *code = 1;
  return ANSWERED;
}

static int run_fallback(const char *name, const struct bytes *input) {
  int copy = memfd_create("stdin", 0);
  if (copy < 0 || write_all(copy, input->start, input->length) < 0 || lseek(copy, 0, SEEK_SET) < 0 ||
      dup2(copy, STDIN_FILENO) < 0) {
    return fail("it does not run, and the call could not be kept");
  }
  close(copy);
  execl(FALLBACK_NODE, FALLBACK_NODE, FALLBACK_PROGRAM, name, (char *)NULL);
  return fail("it does not run, and node could not be started");
}

int main(int argc, char **argv) {
  (void)argc;
  struct bytes input;
  int code = 1;
  char *name = basename(argv[0]);
  if (read_all(STDIN_FILENO, &input) < 0) return fail("the call could not be read");
  switch (ask_daemon(name, &input, &code)) {
    case ANSWERED:
      return code;
    case HUNG:
      return fail("it gives no answer");
    default:
      return run_fallback(name, &input);
  }
}
