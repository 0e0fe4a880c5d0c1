/*
 * The executable a CNI runtime calls. Hands the call to the daemon in the node's agent and prints its answer; where no
 * daemon listens, runs the plain Node program instead. FALLBACK_NODE and FALLBACK_PROGRAM are set when it is compiled.
 */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET "/run/skiff/cni.sock"

extern char **environ;

static int connect_daemon(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const char *path = getenv("SKIFF_CNI_SOCKET");
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  strncpy(address.sun_path, path && *path ? path : SOCKET, sizeof address.sun_path - 1);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  close(fd);
  return -1;
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

static ssize_t copy(int from, int to) {
  char buffer[65536];
  ssize_t total = 0, count;
  while ((count = read(from, buffer, sizeof buffer)) != 0) {
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 || write_all(to, buffer, (size_t)count) < 0) return -1;
    total += count;
  }
  return total;
}

static int fail(const char *why) {
  printf("{\"cniVersion\":\"1.0.0\",\"code\":11,\"msg\":\"skiff's CNI daemon: %s\"}", why);
  return 1;
}

static int ask_daemon(int fd, const char *name) {
  unsigned char code;
  if (write_all(fd, name, strlen(name) + 1) < 0) return fail("the call could not be sent");
  for (char **variable = environ; *variable; variable++) {
    if (strncmp(*variable, "CNI_", 4) != 0) continue;
    if (write_all(fd, *variable, strlen(*variable) + 1) < 0) return fail("the call could not be sent");
  }
  if (write_all(fd, "", 1) < 0 || copy(STDIN_FILENO, fd) < 0) return fail("the call could not be sent");
  shutdown(fd, SHUT_WR);
  if (read(fd, &code, 1) != 1) return fail("it ended before it answered");
  if (copy(fd, STDOUT_FILENO) < 0) return fail("its answer could not be passed on");
  return code;
}

int main(int argc, char **argv) {
  (void)argc;
  char *name = basename(argv[0]);
  int fd = connect_daemon();
  if (fd >= 0) return ask_daemon(fd, name);
  execl(FALLBACK_NODE, FALLBACK_NODE, FALLBACK_PROGRAM, name, (char *)NULL);
  return fail("it does not run, and node could not be started");
}
