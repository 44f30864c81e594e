/* process.c - a model in another program, behind a pair of pipes.
 *
 * The child runs in a process group of its own, its standard error is ours. Every wait is
 * bounded: pipes do not block, poll() carries the time-out. A child that dies, hangs, or breaks the
 * protocol is killed with all it started, and reaped; the model then refuses further work. */
#define _DEFAULT_SOURCE
#include "model/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

typedef struct process {
  aus_ctx *ctx;
  pid_t pid;      /* 0: gone */
  int to, from;   /* our ends; -1: closed */
  double timeout; /* seconds for one answer */
  double deadline;
  unsigned char *payload; /* answers, grown to the largest */
  size_t room;
} process;

/* ---- life and death of the child ------------------------------------------------------------------ */

static void close_end(int *fd)
{
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

/* A pipe whose ends are above the standard ones and do not leak into other children. */
static aus_status make_pipe(aus_ctx *ctx, int ends[2])
{
  int raw[2];
  ends[0] = ends[1] = -1;
  if (pipe(raw) != 0) return aus_fail(ctx, AUS_EIO, "cannot make a pipe: %s", strerror(errno));
  for (int i = 0; i < 2; i++) {
    ends[i] = fcntl(raw[i], F_DUPFD_CLOEXEC, 3);
    close(raw[i]);
  }
  if (ends[0] >= 0 && ends[1] >= 0) return AUS_OK;
  close_end(&ends[0]);
  close_end(&ends[1]);
  return aus_fail(ctx, AUS_EIO, "cannot make a pipe: %s", strerror(errno));
}

static int spawn_shell(const char *command, int in, int out, pid_t *pid)
{
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attr;
  sigset_t defaults, none;
  char *const argv[] = { (char *)(uintptr_t)"sh", (char *)(uintptr_t)"-c", (char *)(uintptr_t)command, NULL };
  sigemptyset(&none);
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  sigaddset(&defaults, SIGINT);
  int e = posix_spawn_file_actions_init(&actions);
  if (e) return e;
  e = posix_spawnattr_init(&attr);
  if (e) { posix_spawn_file_actions_destroy(&actions); return e; }
  if (!e) e = posix_spawn_file_actions_adddup2(&actions, in, 0);
  if (!e) e = posix_spawn_file_actions_adddup2(&actions, out, 1);
  if (!e) e = posix_spawnattr_setpgroup(&attr, 0);
  if (!e) e = posix_spawnattr_setsigdefault(&attr, &defaults);
  if (!e) e = posix_spawnattr_setsigmask(&attr, &none);
  if (!e) e = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  if (!e) e = posix_spawn(pid, "/bin/sh", &actions, &attr, argv, environ);
  posix_spawnattr_destroy(&attr);
  posix_spawn_file_actions_destroy(&actions);
  return e;
}

static aus_status start(process *p, const char *command)
{
  int in[2], out[2];
  AUS_TRY(make_pipe(p->ctx, in));
  aus_status status = make_pipe(p->ctx, out);
  if (status == AUS_OK) {
    const int e = spawn_shell(command, in[0], out[1], &p->pid);
    if (e) { p->pid = 0; status = aus_fail(p->ctx, AUS_EPEER, "cannot start the model program: %s", strerror(e)); }
    close_end(&out[1]);
    p->from = out[0];
  }
  close_end(&in[0]);
  p->to = in[1];
  if (status != AUS_OK) return status;
  if (fcntl(p->to, F_SETFL, O_NONBLOCK) < 0 || fcntl(p->from, F_SETFL, O_NONBLOCK) < 0)
    return aus_fail(p->ctx, AUS_EIO, "cannot set up a pipe: %s", strerror(errno));
  return AUS_OK;
}

/* Waits up to `seconds` for the child; true when it is gone, with its wait status. What it started
 * and left is killed while the dead child still holds the number of the group. */
static bool reap(process *p, double seconds, int *how)
{
  const double until = aus_now() + seconds;
  *how = 0;
  while (p->pid > 0) {
    siginfo_t info = {0};
    const int e = waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT);
    if (e == 0 && info.si_pid == p->pid) {
      kill(-p->pid, SIGKILL);
      while (waitpid(p->pid, how, 0) < 0 && errno == EINTR) { }
      p->pid = 0;
    } else if (e < 0 && errno != EINTR) {
      p->pid = 0; /* the host reaps children itself */
    } else {
      if (aus_now() >= until) return false;
      poll(NULL, 0, 5);
    }
  }
  return true;
}

/* Ends the child whatever it does. A polite one has read QUIT or end of file by now. */
static void stop(process *p, double patience)
{
  int how;
  close_end(&p->to);
  close_end(&p->from);
  if (reap(p, patience, &how)) return;
  kill(-p->pid, SIGTERM);
  if (reap(p, 0.5, &how)) return;
  kill(-p->pid, SIGKILL);
  reap(p, 5, &how);
}

/* The pipe has ended: says how the child went. */
static aus_status died(process *p, const char *doing)
{
  int how;
  if (!reap(p, 1, &how)) return aus_fail(p->ctx, AUS_EPEER, "the model program closed its pipe while %s", doing);
  const int code = WIFEXITED(how) ? WEXITSTATUS(how) : -1;
  const int killer = WIFSIGNALED(how) ? WTERMSIG(how) : code > 128 ? code - 128 : 0; /* a shell in between adds 128 */
  if (killer) return aus_fail(p->ctx, AUS_EPEER, "the model program was killed by signal %d while %s", killer, doing);
  return aus_fail(p->ctx, AUS_EPEER, "the model program ended with exit code %d while %s%s", code, doing,
                  code == 127 ? " (the shell did not find it)" : "");
}

/* ---- bounded reading and writing -------------------------------------------------------------------- */

static aus_status wait_for(process *p, int fd, short events, const char *doing)
{
  for (;;) {
    const double left = p->deadline - aus_now();
    if (left <= 0) return aus_fail(p->ctx, AUS_EPEER, "the model program did not answer within %g s while %s", p->timeout, doing);
    struct pollfd f = { .fd = fd, .events = events };
    const int n = poll(&f, 1, left > 1 ? 1000 : (int)(left * 1000) + 1);
    if (n > 0) return AUS_OK; /* readable, writable or ended: the call itself will say */
    if (n < 0 && errno != EINTR) return aus_fail(p->ctx, AUS_EIO, "cannot wait for the model program: %s", strerror(errno));
  }
}

/* write() without the process-wide SIGPIPE: it is blocked in this thread, and taken when it came. */
static ssize_t quiet_write(int fd, const void *data, size_t n)
{
  sigset_t pipe_only, old, pending;
  sigemptyset(&pipe_only);
  sigaddset(&pipe_only, SIGPIPE);
  sigpending(&pending);
  const bool before = sigismember(&pending, SIGPIPE) == 1;
  pthread_sigmask(SIG_BLOCK, &pipe_only, &old);
  const ssize_t got = write(fd, data, n);
  const int e = errno;
  if (got < 0 && e == EPIPE && !before) {
    int which;
    sigpending(&pending);
    if (sigismember(&pending, SIGPIPE) == 1) sigwait(&pipe_only, &which);
  }
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  errno = e;
  return got;
}

static aus_status send_bytes(process *p, const void *data, size_t n, const char *doing)
{
  const unsigned char *at = data;
  while (n) {
    AUS_TRY(wait_for(p, p->to, POLLOUT, doing));
    const ssize_t got = quiet_write(p->to, at, n);
    if (got < 0 && errno == EPIPE) return died(p, doing);
    if (got < 0 && errno != EINTR && errno != EAGAIN) return aus_fail(p->ctx, AUS_EIO, "cannot write to the model program: %s", strerror(errno));
    if (got > 0) { at += got; n -= (size_t)got; }
  }
  return AUS_OK;
}

static aus_status take_bytes(process *p, void *data, size_t n, const char *doing)
{
  unsigned char *at = data;
  while (n) {
    AUS_TRY(wait_for(p, p->from, POLLIN, doing));
    const ssize_t got = read(p->from, at, n);
    if (got == 0) return died(p, doing);
    if (got < 0 && errno != EINTR && errno != EAGAIN) return aus_fail(p->ctx, AUS_EIO, "cannot read from the model program: %s", strerror(errno));
    if (got > 0) { at += got; n -= (size_t)got; }
  }
  return AUS_OK;
}

static aus_status make_room(process *p, size_t n)
{
  if (n <= p->room) return AUS_OK;
  aus_free(p->ctx, p->payload);
  p->room = 0;
  p->payload = aus_alloc(p->ctx, n, 1);
  if (!p->payload) return AUS_ENOMEM;
  p->room = n;
  return AUS_OK;
}

/* Reads one message into payload. It must be of this type and at most `most` bytes, or FAIL with words. */
static aus_status take_message(process *p, const char *type, size_t most, size_t *size, const char *doing)
{
  unsigned char head[AUS_PIPE_HEAD];
  aus_pipe_head h;
  AUS_TRY(take_bytes(p, head, sizeof head, doing));
  AUS_TRY(aus_pipe_get_head(p->ctx, head, &h));
  const bool failed = strcmp(h.type, "FAIL") == 0;
  if (!failed && strcmp(h.type, type) != 0) return aus_fail(p->ctx, AUS_EPEER, "the model program sent %s where %s is due", h.type, type);
  if (h.length > (failed ? (uint64_t)AUS_PIPE_MAX_TEXT : (uint64_t)most))
    return aus_fail(p->ctx, AUS_EPEER, "the model program announced a message of %llu bytes, at most %zu are due", (unsigned long long)h.length, most);
  *size = (size_t)h.length;
  AUS_TRY(make_room(p, *size + 1));
  AUS_TRY(take_bytes(p, p->payload, *size, doing));
  if (!failed) return AUS_OK;
  p->payload[*size] = '\0';
  for (size_t i = 0; i < *size; i++)
    if (p->payload[i] < 32) p->payload[i] = ' ';
  return aus_fail(p->ctx, AUS_EPEER, "the model program says: %s", (const char *)p->payload);
}

/* ---- the model --------------------------------------------------------------------------------------- */

static aus_status ask(process *p, const aus_model_info *info, int64_t n, int64_t samples, const float *x, float *scores)
{
  unsigned char head[AUS_PIPE_HEAD + AUS_PIPE_PRED], piece[1 << 14];
  const int64_t values = n * info->channels * samples;
  const size_t answer = 8 + (size_t)n * (size_t)info->n_targets * 4;
  size_t size;
  p->deadline = aus_now() + p->timeout;
  aus_pipe_put_head(head, "PRED", AUS_PIPE_PRED + (uint64_t)values * 4);
  aus_pipe_put_predict(head + AUS_PIPE_HEAD, n, info->channels, samples);
  AUS_TRY(send_bytes(p, head, sizeof head, "taking a batch"));
  for (int64_t i = 0; i < values; i += (int64_t)sizeof piece / 4) {
    const int64_t k = values - i < (int64_t)sizeof piece / 4 ? values - i : (int64_t)sizeof piece / 4;
    aus_pipe_put_floats(piece, x + i, k);
    AUS_TRY(send_bytes(p, piece, (size_t)k * 4, "taking a batch"));
  }
  AUS_TRY(take_message(p, "SCOR", answer, &size, "scoring a batch"));
  return aus_pipe_get_scores(p->ctx, p->payload, size, n, info->n_targets, scores);
}

static aus_status process_predict(aus_model *m, int64_t n, int64_t samples, const float *x, float *scores)
{
  process *p = m->state;
  if (p->to < 0) return aus_fail(m->ctx, AUS_EPEER, "the model program failed before and is gone");
  const aus_status status = ask(p, &m->info, n, samples, x, scores);
  if (status != AUS_OK) stop(p, 0); /* the stream is out of step: no further use */
  return status;
}

static void free_process(process *p)
{
  if (!p) return;
  aus_free(p->ctx, p->payload);
  aus_free(p->ctx, p);
}

static void process_close(aus_model *m)
{
  process *p = m->state;
  unsigned char quit[AUS_PIPE_HEAD];
  aus_pipe_put_head(quit, "QUIT", 0);
  p->deadline = aus_now() + 1;
  if (p->to >= 0) (void)send_bytes(p, quit, sizeof quit, "ending");
  stop(p, 2);
  free_process(p);
}

static aus_status handshake(process *p, const char *command, aus_model **out)
{
  unsigned char hello[AUS_PIPE_HEAD + 8];
  size_t size;
  aus_pipe_desc desc;
  p->deadline = aus_now() + p->timeout;
  aus_pipe_put_head(hello, "HELO", 8);
  aus_pipe_put_hello(hello + AUS_PIPE_HEAD);
  AUS_TRY(send_bytes(p, hello, sizeof hello, "starting"));
  AUS_TRY(take_message(p, "DESC", AUS_PIPE_MAX_DESC, &size, "starting"));
  AUS_TRY(aus_pipe_get_desc(p->ctx, p->payload, size, &desc));
  aus_sha256 sha;
  char hex[65];
  aus_sha256_init(&sha);
  aus_sha256_add(&sha, command, strlen(command));
  aus_sha256_hex(&sha, hex);
  desc.info.sha256 = hex;
  desc.info.source = command;
  desc.info.front_end = "waveform, in another program";
  const aus_model_ops ops = { .kind = "program behind a pipe", .max_batch = desc.max_batch, .predict = process_predict, .close = process_close };
  const aus_status status = aus_model_create(p->ctx, &desc.info, &ops, p, out);
  aus_free(p->ctx, desc.strings);
  return status;
}

aus_status aus_model_from_command(aus_ctx *ctx, const char *command, double timeout_s, aus_model **out)
{
  *out = NULL;
  if (!command || !*command || !(timeout_s > 0)) return aus_fail(ctx, AUS_EINVAL, "a model program needs a command and a time-out above 0 s");
  process *p = AUS_NEW(ctx, process);
  if (!p) return AUS_ENOMEM;
  *p = (process){ .ctx = ctx, .to = -1, .from = -1, .timeout = timeout_s };
  aus_status status = start(p, command);
  if (status == AUS_OK) status = handshake(p, command, out);
  if (status != AUS_OK) {
    stop(p, 0);
    free_process(p);
  }
  return status;
}
